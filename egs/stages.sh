# The stages of AVDCNN on any corpus; sourced by egs/*/run.sh, which sets `corpus` (its folder under egs) and `title`.
# Every stage skips what is done; a killed run goes on where it was.
#   run.sh                            all stages
#   run.sh --stage 2 --stop-stage 4   by number
#   run.sh --stages prepare,train     by name

names=(check prepare crops train enhance score results)
stage=0
stop_stage=6
stages=""
exp=egs/$corpus/exp
config=egs/$corpus/conf/avdcnn.yaml
results=egs/$corpus/RESULTS.md
n_jobs=2

usage() {
  cat <<END
usage: egs/$corpus/run.sh [--stage N] [--stop-stage N] [--stages NAME,NAME]
         [--exp FOLDER] [--config FILE] [--results FILE] [--n-jobs N]
stages: 0 check, 1 prepare (manifest), 2 crops, 3 train, 4 enhance, 5 score, 6 results (RESULTS.md)
The data pack lies where the environment variable AVSE_DATA says (default: data).
END
}

fail() { echo "run.sh: error: $1" >&2; exit 2; }

while [ $# -gt 0 ]; do
  case "$1" in
    -h|--help) usage; exit 0 ;;
    --stage|--stop-stage|--stages|--exp|--config|--results|--n-jobs)
      [ $# -ge 2 ] || fail "$1 must have a value but has none; see --help"
      option="${1#--}"; printf -v "${option//-/_}" '%s' "$2"; shift 2 ;;
    *) fail "option must be one that --help shows but is $1" ;;
  esac
done

# A name per stage to run, whichever way they were chosen.
if [ -n "$stages" ]; then
  IFS=, read -ra chosen <<< "$stages"
else
  [[ "$stage" =~ ^[0-6]$ && "$stop_stage" =~ ^[0-6]$ ]] || fail "stages must be 0 to 6 but are $stage to $stop_stage"
  chosen=("${names[@]:stage:stop_stage - stage + 1}")
fi
for name in "${chosen[@]}"; do
  [[ " ${names[*]} " == *" $name "* ]] || fail "stage must be one of ${names[*]} but is $name"
done

if [ -x .venv/bin/python ]; then python=.venv/bin/python; else python=${PYTHON:-python3}; fi
data=${AVSE_DATA:-data}
mixtures=$data/av/test_mixtures.jsonl
manifest=$exp/manifest.jsonl
run=$exp/$(basename "$config" .yaml)

check() { "$python" "egs/$corpus/prepare.py" check; }

prepare() { [ -f "$manifest" ] || "$python" "egs/$corpus/prepare.py" manifest "$manifest"; }

crops() { "$python" -m recipes.stages.crops "$manifest" "$exp/crops" --n-jobs "$n_jobs"; }

train() {
  if [ -f "$run/model.safetensors" ]; then echo "$run/model.safetensors is there already" >&2; return; fi
  "$python" -m recipes.avdcnn.train --config "$config" --folder "$run" --manifest "$manifest" --crops "$exp/crops"
}

enhance() {
  local common=(--model "$run/model.safetensors" --mixtures "$mixtures" --manifest "$manifest" --crops "$exp/crops")
  "$python" -m recipes.stages.enhance "${common[@]}" --folder "$run/enhanced" --n-jobs "$n_jobs"
  "$python" -m recipes.stages.enhance "${common[@]}" --folder "$run/enhanced_blind" --no-video --n-jobs "$n_jobs"
}

score() {
  local common=(--mixtures "$mixtures" --manifest "$manifest" --n-jobs "$n_jobs")
  "$python" -m recipes.stages.score "${common[@]}" "$exp/scores_noisy.jsonl"
  "$python" -m recipes.stages.score "${common[@]}" --enhanced "$run/enhanced" "$run/scores.jsonl"
  "$python" -m recipes.stages.score "${common[@]}" --enhanced "$run/enhanced_blind" "$run/scores_blind.jsonl"
}

results() {
  local peers=()
  if [ -f "$data/av/test_scores_peers.jsonl" ]; then peers=(--peers "$data/av/test_scores_peers.jsonl"); fi
  "$python" -m recipes.stages.results "$results" --title "$title" --command "egs/$corpus/run.sh" \
    --mixtures "$mixtures" --run "$run" ${peers[@]+"${peers[@]}"} \
    --system "noisy=$exp/scores_noisy.jsonl" --system "AVDCNN=$run/scores.jsonl" \
    --system "AVDCNN, no picture=$run/scores_blind.jsonl"
}

for name in "${chosen[@]}"; do
  echo "== $name" >&2
  "$name"
done
