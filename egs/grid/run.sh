#!/usr/bin/env bash
# Every model on GRID, from the data pack that AVSE_DATA names to RESULTS.md; see egs/stages.sh.
set -euo pipefail
cd "$(dirname "$0")/../.."
corpus=grid
title="Results on GRID"
. egs/stages.sh
