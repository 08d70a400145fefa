#!/usr/bin/env bash
# VATT on GRID's talking mouths, from the manifest to RESULTS.md.
#   run.sh                               all stages
#   run.sh --stages train,evaluate       by name
# Every stage skips what is done; a killed run resumes where it was.
set -euo pipefail
cd "$(dirname "$0")/../.."

names=(prepare shards train evaluate finetune variants cost transfer results)
exp=egs/grid_vatt/exp
config=egs/grid_vatt/conf/vatt.yaml
results=egs/grid_vatt/RESULTS.md
variant_epochs=20
workers=2

usage() {
  cat <<END
usage: egs/grid_vatt/run.sh [--stage N] [--stop-stage N] [--stages NAME,NAME] [--exp FOLDER] [--config FILE]
         [--results FILE] [--variant-epochs N] [--workers N]
stages: 0 prepare (manifest), 1 shards, 2 train, 3 evaluate (scores.json), 4 finetune (to colour and digit),
        5 variants (conf/variants/*.yaml, trained alike), 6 cost (of a step), 7 transfer (to the other models),
        8 results (RESULTS.md)
The data pack lies where the environment variable AVSE_DATA says (default: data).
END
}

options=(stage stop-stage stages exp config results variant-epochs workers)
. egs/choose.sh
if [ -x .venv/bin/python ]; then python=.venv/bin/python; else python=${PYTHON:-python3}; fi
run=$exp/$(basename "$config" .yaml)

prepare() { [ -f "$exp/manifest.jsonl" ] || "$python" egs/grid/prepare.py manifest "$exp/manifest.jsonl"; }

shards() {
  "$python" -m recipes.vatt.shards "$exp/manifest.jsonl" "$exp/shards" --mouth 48 72 --fps 25 --sample-rate 16000 \
    --duration-s 3 --workers "$workers"
}

# train_into FOLDER OPTION...
train_into() {
  if [ -f "$1/model.safetensors" ]; then echo "$1/model.safetensors is there already" >&2; return; fi
  "$python" -m recipes.vatt.train --config "$config" --folder "$1" --shards "$exp/shards" "${@:2}"
}

# score FOLDER SPLIT N_UNTRAINED
score() {
  if [ -f "$1/scores.json" ]; then return; fi
  "$python" -m recipes.vatt.evaluate "$1/model.safetensors" "$exp/shards" "$1/scores.json" --split "$2" \
    --recordings "$exp/manifest.jsonl" --n-untrained "$3"
}

train() { train_into "$run"; }

evaluate() { score "$run" test_seen 5; }

# with_and_without PROGRAM FOLDER [OPTION...]: begun with VATT's weights, and without
with_and_without() {
  if [ ! -f "$2_with/model.safetensors" ]; then
    "$python" -m "$1" --folder "$2_with" --pretrained "$run/model.safetensors" "${@:3}"
  fi
  if [ ! -f "$2_without/model.safetensors" ]; then "$python" -m "$1" --folder "$2_without" "${@:3}"; fi
}

finetune() {
  local label kind fresh
  for label in colour digit; do
    for kind in with without; do
      if [ -f "$exp/finetune/${label}_$kind/scores.json" ]; then continue; fi
      fresh=$([ "$kind" = with ] && echo false || echo true)
      "$python" -m recipes.vatt.finetune --config egs/grid_vatt/conf/finetune.yaml --label "$label" --fresh "$fresh" \
        --folder "$exp/finetune/${label}_$kind" --shards "$exp/shards" --pretrained "$run/model.safetensors"
    done
  done
}

variants() {
  local file name
  for file in egs/grid_vatt/conf/variants/*.yaml; do
    name=$(basename "$file" .yaml)
    train_into "$exp/variants/$name" --loop.n_epochs "$variant_epochs" --config "$file"
    score "$exp/variants/$name" valid 0
  done
}

cost() { "$python" -m recipes.vatt.cost "$exp/cost.json" --config "$config"; }

transfer() {
  local model conf=egs/grid_vatt/conf/transfer
  "$python" -m recipes.speech_benchmark.find_mouths "$exp/manifest.jsonl" "$exp/crops" --workers "$workers"
  for model in avdcnn live; do
    with_and_without "recipes.$model.train" "$exp/transfer/$model" --config "$conf/$model.yaml" \
      --manifest "$exp/manifest.jsonl" --crops "$exp/crops"
  done
  [ -n "$(ls "$exp"/drives/*.safetensors 2>/dev/null)" ] || "$python" egs/drivedb/prepare.py "$exp/drives"
  "$python" -m recipes.driver_stress.transfer --config "$conf/driver_stress.yaml" --drives "$exp/drives" \
    --folder "$exp/transfer/driver_stress" --pretrained "$run/model.safetensors"
}

results() {
  local figure
  figure=$(dirname "$results")/figures/features.png
  "$python" -m recipes.vatt.plot "$run/model.safetensors" "$exp/shards" "$figure" --split valid --split test_seen
  "$python" -m recipes.vatt.results "$results" --run "$run" --variants "$exp/variants" --cost "$exp/cost.json" \
    --transfer "$exp/transfer" --finetune "$exp/finetune" --figure "$figure" --command egs/grid_vatt/run.sh
}

for name in "${chosen[@]}"; do
  echo "== $name" >&2
  "$name"
done
