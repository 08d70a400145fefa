# The stages of driver stress on any drives; sourced by egs/*/run.sh, which sets `corpus`, `title` and `note`.
# Every stage skips what is done; a killed run resumes where it was.
#   run.sh                            all stages
#   run.sh --stages evaluate,results  by name

names=(prepare evaluate results)
exp=egs/$corpus/exp
config=egs/$corpus/conf/driver_stress.yaml
results=egs/$corpus/RESULTS.md
workers=2
leaky=false

usage() {
  cat <<END
usage: egs/$corpus/run.sh [--stage N] [--stop-stage N] [--stages NAME,NAME] [--leaky true|false]
         [--exp FOLDER] [--config FILE] [--results FILE] [--workers N]
stages: 0 prepare (drives), 1 evaluate (trains and tests every fold), 2 results (RESULTS.md)
--leaky true adds the split by windows at random, which is wrong, to show by how much.
END
}

options=(stage stop-stage stages exp config results workers leaky)
. egs/choose.sh
if [ -x .venv/bin/python ]; then python=.venv/bin/python; else python=${PYTHON:-python3}; fi

prepare() {
  [ -n "$(ls "$exp"/drives/*.safetensors 2>/dev/null)" ] || "$python" "egs/$corpus/prepare.py" "$exp/drives"
}

evaluate() {
  "$python" -m recipes.driver_stress.evaluate --config "$config" --folder "$exp/evaluation" --drives "$exp/drives" \
    --leaky "$leaky" --workers "$workers"
}

results() {
  "$python" -m recipes.driver_stress.results "$results" --folder "$exp/evaluation" \
    --title "$title" --note "$note" --command "egs/$corpus/run.sh --leaky $leaky"
}

for name in "${chosen[@]}"; do
  echo "== $name" >&2
  "$name"
done
