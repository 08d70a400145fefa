#!/usr/bin/env bash
# Every model on TMSV: run.sh --videos FOLDER --noise FOLDER; see egs/own_data.sh and egs/stages.sh.
set -euo pipefail
here=$PWD
cd "$(dirname "$0")/../.."
corpus=tmsv
title="Results on TMSV"
. egs/own_data.sh
. egs/stages.sh
