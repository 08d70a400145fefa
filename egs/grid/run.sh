#!/usr/bin/env bash
# Every model on GRID, the data pack that AVSE_DATA names or GRID itself (--videos), to RESULTS.md; see egs/stages.sh.
set -euo pipefail
here=$PWD
cd "$(dirname "$0")/../.."
corpus=grid
title="Results on GRID"
long=yes
. egs/own_data.sh
. egs/stages.sh
