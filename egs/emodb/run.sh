#!/usr/bin/env bash
# Seven emotions from the voices of Emo-DB, one speaker skipped at a time; see egs/recognition_stages.sh.
set -euo pipefail
cd "$(dirname "$0")/../.."
corpus=emodb
tables=emotion
title="Emotion from Emo-DB's voices, each speaker tested by systems that were trained without it"
note="Ten actors, German; of the corpus' 535 recordings those of the data pack that hold one utterance. Acted emotions of \
studio quality say little about others. Settings are the recipe's defaults."
. egs/recognition_stages.sh
