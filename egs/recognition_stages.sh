# The stages of recognition on any corpus; sourced by egs/*/run.sh, which sets `corpus` (its folder under egs), `tables` (names
# of its labellings), `title` and `note`, and may set `development_note` and define `crops` (stage 1).
#   run.sh                               all stages
#   run.sh --stages evaluate,results     by name
# Every stage skips what is done; a stopped run continues where it stopped.
names=(prepare crops evaluate results)
exp=egs/$corpus/exp
config=egs/$corpus/conf/recognition.yaml
workers=2
n_seeds=1
development=false
n_tables=$(wc -w <<< "$tables")

usage() {
  cat <<END
usage: egs/$corpus/run.sh [--stage N] [--stop-stage N] [--stages NAME,NAME] [--exp FOLDER] [--config FILE]
         [--tables "$tables"] [--development true|false] [--n-seeds N] [--workers N]
stages: 0 prepare (labels), 1 crops (mouths, where there are videos), 2 evaluate (every system), 3 results
--development true: nothing marked as test is read, where the corpus has such a part.
The data pack lies where the environment variable AVSE_DATA says (default: data).
END
}

options=(stage stop-stage stages exp config tables development n-seeds workers)
. egs/choose.sh
if [ -x .venv/bin/python ]; then python=.venv/bin/python; else python=${PYTHON:-python3}; fi
data=${AVSE_DATA:-data}
lists=$exp
output=egs/$corpus
suffix=""
if [ "$development" = true ]; then lists=$exp/development suffix=_development; fi

prepare() {
  for table in $tables; do
    [ -f "$lists/$table.csv" ] || PYTHONPATH=. "$python" "egs/$corpus/prepare.py" "$table" "$lists" \
      $(if [ "$development" = true ]; then echo --development; fi)
  done
}

if ! declare -F crops > /dev/null; then crops() { :; }; fi

evaluate() {
  for table in $tables; do
    local noise=()
    if [ -f "$lists/noise.csv" ]; then noise=(--noise "$lists/noise.csv" --crops "$exp/crops"); fi
    "$python" -m recipes.recognition.evaluate --config "$config" --folder "$lists/$table" --videos "$data" \
      --labels "$lists/$table.csv" --features "$exp/features" --n_seeds "$n_seeds" --workers "$workers" \
      ${noise[@]+"${noise[@]}"}
  done
}

results() {
  local name shown=$note
  if [ "$development" = true ]; then shown=${development_note:-$note}; fi
  for table in $tables; do
    name=RESULTS_$table
    if [ "$n_tables" -eq 1 ]; then name=RESULTS; fi
    "$python" -m recipes.recognition.results "$output/$name$suffix.md" --folder "$lists/$table" \
      --title "${title//TABLE/$table}" --command "egs/$corpus/run.sh --development $development" \
      --figures "figures/$table$suffix" --report "$lists/$table/report.html" --note "$shown"
  done
}

for name in "${chosen[@]}"; do
  echo "== $name" >&2
  "$name"
done
