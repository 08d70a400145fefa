#!/usr/bin/env bash
# Every model on your own videos: run.sh --videos FOLDER --noise FOLDER; see egs/own_data.sh and egs/stages.sh.
set -euo pipefail
here=$PWD
cd "$(dirname "$0")/../.."
corpus=folder
title="Results on a folder of videos"
. egs/own_data.sh
. egs/stages.sh
