#!/usr/bin/env bash
# VATT on GRID's talking mouths, from the manifest to scores.
#   run.sh                               all stages
#   run.sh --stages train,evaluate       by name
# Every stage skips what is done; a killed run goes on where it was.
set -euo pipefail
cd "$(dirname "$0")/../.."

names=(prepare shards train evaluate)
exp=egs/grid_vatt/exp
config=egs/grid_vatt/conf/vatt.yaml
n_jobs=2

usage() {
  cat <<END
usage: egs/grid_vatt/run.sh [--stage N] [--stop-stage N] [--stages NAME,NAME] [--exp FOLDER] [--config FILE] [--n-jobs N]
stages: 0 prepare (manifest), 1 shards, 2 train, 3 evaluate (scores.json)
The data pack lies where the environment variable AVSE_DATA says (default: data).
END
}

options=(stage stop-stage stages exp config n-jobs)
. egs/choose.sh
if [ -x .venv/bin/python ]; then python=.venv/bin/python; else python=${PYTHON:-python3}; fi
run=$exp/$(basename "$config" .yaml)

prepare() { [ -f "$exp/manifest.jsonl" ] || "$python" egs/grid/prepare.py manifest "$exp/manifest.jsonl"; }

shards() {
  "$python" -m recipes.vatt.shards "$exp/manifest.jsonl" "$exp/shards" --mouth 48 72 --fps 25 --sample-rate 16000 \
    --duration-s 3 --n-jobs "$n_jobs"
}

train() {
  if [ -f "$run/model.safetensors" ]; then echo "$run/model.safetensors is there already" >&2; return; fi
  "$python" -m recipes.vatt.train --config "$config" --folder "$run" --shards "$exp/shards"
}

evaluate() {
  "$python" -m recipes.vatt.evaluate "$run/model.safetensors" "$exp/shards" "$run/scores.json" --split test_seen \
    --sounds "$exp/manifest.jsonl"
}

for name in "${chosen[@]}"; do
  echo "== $name" >&2
  "$name"
done
