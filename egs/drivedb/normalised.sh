#!/usr/bin/env bash
# All systems with the same causal normalisation by driver, from the data pack to RESULTS_NORMALISED.md.
#   normalised.sh                          leave one driver out, all drivers
#   normalised.sh --development true       drivers 05, 10 and 15, while settings are chosen
# Every stage skips what is done; a stopped run continues where it stopped.
set -euo pipefail
cd "$(dirname "$0")/../.."

names=(prepare evaluate results)
exp=egs/drivedb/exp
config=egs/drivedb/conf/running.yaml
development=false

usage() {
  cat <<END
usage: egs/drivedb/normalised.sh [--stage N] [--stop-stage N] [--stages NAME,NAME] [--exp FOLDER] [--config FILE]
         [--development true|false]
stages: 0 prepare (drives), 1 evaluate (trains and tests every fold), 2 results (RESULTS_NORMALISED.md)
END
}

options=(stage stop-stage stages exp config development)
. egs/choose.sh
if [ -x .venv/bin/python ]; then python=.venv/bin/python; else python=${PYTHON:-python3}; fi
folder=$exp/normalised
output=egs/drivedb/RESULTS_NORMALISED.md
more=()
if [ "$development" = true ]; then
  folder=$exp/normalised_development
  output=egs/drivedb/RESULTS_NORMALISED_development.md
  more=(--tested '["05","10","15"]')
fi

prepare() {
  [ -n "$(ls "$exp"/drives/*.safetensors 2>/dev/null)" ] || "$python" egs/drivedb/prepare.py "$exp/drives"
}

evaluate() {
  "$python" -m recipes.driver_stress.running --config "$config" --folder "$folder" --drives "$exp/drives" \
    ${more[@]+"${more[@]}"}
}

results() {
  "$python" -m recipes.driver_stress.running_results "$output" --folder "$folder" --command "egs/drivedb/normalised.sh --development $development" \
    --title "Driver stress on drivedb, normalised by driver" --note "Drivers 05, 10 and 15 were used to choose settings. Every \
drive begins with a rest of fifteen minutes, so that the normalisation is relative to rest at first."
}

for name in "${chosen[@]}"; do
  echo "== $name" >&2
  "$name"
done
