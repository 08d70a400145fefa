#!/usr/bin/env bash
# Every model on a corpus that is generated on the spot: all stages within a minute and a half on two cores; see egs/stages.sh.
set -euo pipefail
cd "$(dirname "$0")/../.."
corpus=toy
title="Results on synthetic talkers"
export AVSE_DATA=${TOY_DATA:-egs/toy/exp/data}
# A few long videos, so that every stage runs.
long=yes
long_options=(--scenarios cut)
talker_options=(--lengths-s 8 --seeds 0)
. egs/stages.sh
