#!/usr/bin/env bash
# AVDCNN on GRID, from the data pack that AVSE_DATA names to RESULTS.md; see egs/stages.sh.
set -euo pipefail
cd "$(dirname "$0")/../.."
corpus=grid
title="AVDCNN on GRID"
. egs/stages.sh
