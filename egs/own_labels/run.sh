#!/usr/bin/env bash
# Recognition on labelled videos of one's own; egs/own_labels/README.md says how they must lie.
#   run.sh --videos DIR                      all stages: features, training and tests, RESULTS.md and report.html
#   run.sh --videos DIR --modalities '{"lips": "lip_cue", "spectrum": "bands", "text": "words"}'
# Every stage skips what is done; a stopped run continues where it stopped.
set -euo pipefail
here=$PWD
cd "$(dirname "$0")/../.."

names=(evaluate results)
exp=egs/own_labels/exp
videos=""
labels=""
config=egs/own_labels/conf/recognition.yaml
modalities=""
leaky=false
workers=2
results=""

usage() {
  cat <<END
usage: egs/own_labels/run.sh --videos DIR [--labels FILE.csv] [--modalities JSON] [--leaky true|false] [--stages NAME,NAME]
         [--exp FOLDER] [--config FILE] [--results FILE] [--workers N]
stages: 0 evaluate (features, every system on every fold, the model), 1 results (RESULTS.md, report.html)
--videos: LABEL/PERSON/FILE, or any files with a labels.csv (columns file, label, group).
--leaky true: recordings of one person in training and test, which is wrong, to show by how much.
END
}

options=(stage stop-stage stages exp videos labels config modalities leaky workers results)
. egs/choose.sh
if [ -x .venv/bin/python ]; then python=.venv/bin/python; else python=${PYTHON:-python3}; fi
absolute() { case "$1" in ""|/*|[A-Za-z]:*) echo "$1" ;; *) echo "$here/$1" ;; esac; }
[ -n "$videos" ] || [ -d "$exp/run" ] || fail "--videos must name the folder of labelled videos but is missing"
results=${results:-$exp/RESULTS.md}

evaluate() {
  local more=(--videos "$(absolute "$videos")")
  if [ -n "$labels" ]; then more+=(--labels "$(absolute "$labels")"); fi
  if [ -n "$modalities" ]; then more+=(--modalities "$modalities"); fi
  "$python" -m recipes.recognition.evaluate --config "$config" --folder "$exp/run" --leaky "$leaky" --workers "$workers" \
    "${more[@]}"
}

results() {
  "$python" -m recipes.recognition.results "$results" --folder "$exp/run" --title "Recognition on own videos" \
    --command "egs/own_labels/run.sh" --report "$(dirname "$results")/report.html"
}

for name in "${chosen[@]}"; do
  echo "== $name" >&2
  "$name"
done
