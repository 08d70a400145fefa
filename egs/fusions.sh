#!/usr/bin/env bash
# Concatenation against ensembles on the tasks that have been evaluated: writes recipes/recognition/RESULTS.md.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ -x .venv/bin/python ]; then python=.venv/bin/python; else python=${PYTHON:-python3}; fi
tasks=()
add() { if [ -d "$2/predictions" ]; then tasks+=(--task "$1=$2"); fi; }
add "GRID colour, s4 and two" egs/grid_words/exp/development/colour
add "GRID colour, s26 and s31" egs/grid_words/exp/colour
add "GRID digit, s26 and s31" egs/grid_words/exp/digit
add "Emo-DB emotion" egs/emodb/exp/emotion
add "ESC-10" egs/esc10/exp/audio
add "synthetic emotion" egs/synthetic_emotion/exp/emotion
[ ${#tasks[@]} -gt 0 ] || { echo "fusions.sh: error: an evaluation must be there but none is; run egs/*/run.sh first" >&2; exit 2; }
"$python" -m recipes.recognition.fusions recipes/recognition/RESULTS.md --command egs/fusions.sh "${tasks[@]}"
