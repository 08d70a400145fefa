#!/usr/bin/env bash
# Driver stress on PhysioNet's drivedb, from the data pack that AVSE_DATA names to RESULTS.md; see egs/drive_stages.sh.
set -euo pipefail
cd "$(dirname "$0")/../.."
corpus=drivedb
title="Driver stress on drivedb"
note="Heart, skin, breath and muscle of ten drivers (Healey and Picard 2005); rest is low, motorway medium, city high stress."
. egs/drive_stages.sh
