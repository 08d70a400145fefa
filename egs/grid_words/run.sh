#!/usr/bin/env bash
# Words of GRID's sentences from lips and audio in noise, people held out; from the data pack to RESULTS_WORD.md.
# See egs/recognition_stages.sh.
set -euo pipefail
cd "$(dirname "$0")/../.."
corpus=grid_words
tables="colour digit"
title="GRID's TABLE from lips and audio, people held out"
note="Nobody who is tested is in the training: it has 16 people, nine tenths of it one of them, and the test 2. Which part of \
the clip holds the word is given. Noise: recordings of the pack's test split, none of them in training. Settings are the \
recipe's defaults."
development_note="People held out of training and validation: s4, 45 recordings, and two with a few; 13 people to train on, nine \
tenths of it one of them. Where in the clip their words lie is not known exactly. Settings are the recipe's defaults."
crops() {
  [ -f "$exp/manifest.jsonl" ] || "$python" egs/grid/prepare.py manifest "$exp/manifest.jsonl"
  "$python" -m recipes.speech_benchmark.find_mouths "$exp/manifest.jsonl" "$exp/crops" --workers "$workers"
}
. egs/recognition_stages.sh
