#!/usr/bin/env bash
# Driver stress on simulated drives, from nothing to RESULTS.md; see egs/drive_stages.sh.
set -euo pipefail
cd "$(dirname "$0")/../.."
corpus=simulated_drive
title="Driver stress on simulated drives"
note="These drivers do not exist: a result says nothing about people, only that the program finds what is there."
. egs/drive_stages.sh
