#!/usr/bin/env bash
# Words of GRID's sentences from lips and audio in noise, people held out; from the data pack to RESULTS.md.
#   run.sh                               all stages
#   run.sh --stages evaluate,results     by name
#   run.sh --development true            on people of training and validation, while settings are chosen
# Every stage skips what is done; a stopped run continues where it stopped.
set -euo pipefail
cd "$(dirname "$0")/../.."

names=(prepare crops evaluate results)
exp=egs/grid_words/exp
config=egs/grid_words/conf/recognition.yaml
words="colour digit"
development=false
n_jobs=2

usage() {
  cat <<END
usage: egs/grid_words/run.sh [--stage N] [--stop-stage N] [--stages NAME,NAME] [--exp FOLDER] [--config FILE]
         [--words "colour digit"] [--development true|false] [--n-jobs N]
stages: 0 prepare (labels and noise), 1 crops (mouths), 2 evaluate (every system), 3 results (RESULTS_WORD.md)
The data pack lies where the environment variable AVSE_DATA says (default: data).
END
}

options=(stage stop-stage stages exp config words development n-jobs)
. egs/choose.sh
if [ -x .venv/bin/python ]; then python=.venv/bin/python; else python=${PYTHON:-python3}; fi
data=${AVSE_DATA:-data}
tables=$exp
output=egs/grid_words
if [ "$development" = true ]; then tables=$exp/development output=$exp/development; fi

prepare() {
  [ -f "$exp/manifest.jsonl" ] || "$python" egs/grid/prepare.py manifest "$exp/manifest.jsonl"
  for word in $words; do
    [ -f "$tables/$word.csv" ] || PYTHONPATH=. "$python" egs/grid_words/prepare.py "$word" "$tables" \
      $(if [ "$development" = true ]; then echo --development; fi)
  done
}

crops() { "$python" -m recipes.stages.crops "$exp/manifest.jsonl" "$exp/crops" --n-jobs "$n_jobs"; }

evaluate() {
  for word in $words; do
    "$python" -m recipes.recognition.evaluate --config "$config" --folder "$tables/$word" --videos "$data" \
      --labels "$tables/$word.csv" --noise "$tables/noise.csv" --crops "$exp/crops" --features "$exp/features" \
      --n_jobs "$n_jobs"
  done
}

results() {
  for word in $words; do
    "$python" -m recipes.recognition.results "$output/RESULTS_$word.md" --folder "$tables/$word" \
      --title "GRID's $word from lips and audio, people held out" --command egs/grid_words/run.sh \
      --figures "figures/$word" --report "$tables/$word/report.html" --note "Nobody who is tested is in the training: \
it has 16 people, nine tenths of it one of them, and the test 2. Which part of the clip holds the word is given. \
Noise: recordings of the pack's test split, of kinds and recordings not in training."
  done
}

for name in "${chosen[@]}"; do
  echo "== $name" >&2
  "$name"
done
