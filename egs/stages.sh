# The stages of a model on any corpus; sourced by egs/*/run.sh, which sets `corpus` (its folder under egs) and `title`.
# Every stage skips what is done; a killed run resumes where it was.
#   run.sh                            all stages
#   run.sh --stage 2 --stop-stage 4   by number
#   run.sh --stages prepare,train     by name
#   run.sh --model live               another model than AVDCNN
#   run.sh --conf egs/grid/conf/experiment/*.yaml     an experiment: these trainings and what they are compared with

names=(check prepare crops train enhance score results)
model=avdcnn
exp=egs/$corpus/exp
config=""
results=""
conf=()
workers=2

usage() {
  cat <<END
usage: egs/$corpus/run.sh [--model avdcnn|live|steered] [--stage N] [--stop-stage N] [--stages NAME,NAME]
         [--exp FOLDER] [--config FILE] [--conf FILE ...] [--results FILE] [--workers N]
stages: 0 check, 1 prepare (manifest), 2 crops, 3 train, 4 enhance, 5 score, 6 results (RESULTS.md)
--conf makes an experiment of several configurations of the model: each is trained, enhances and is scored beside the noisy
input and what needs no training, and egs/$corpus/experiment/RESULTS.md compares them.
${own_usage:-The data pack lies where the environment variable AVSE_DATA says (default: data).}
END
}

options=(stage stop-stage stages model exp config conf results workers ${own_options[@]+"${own_options[@]}"})
. egs/choose.sh
script=egs/$corpus/prepare.py
# Corpora of the user's own folders have more options; see egs/own_data.sh.
if declare -F own_setup > /dev/null; then own_setup; fi

[ -f "recipes/$model/train.py" ] || fail "model must be avdcnn, live or steered but is $model"
config=${config:-egs/$corpus/conf/$model.yaml}
if [ -x .venv/bin/python ]; then python=.venv/bin/python; else python=${PYTHON:-python3}; fi
data=${AVSE_DATA:-data}
# Causal models enhance calls, so they have to bear video that is bad, missing or long.
is_causal() { [ "$model" = live ] || [ "$model" = steered ]; }
# A corpus of test people with several clips each has long videos if its run.sh says so (long=yes).
has_long_videos() { is_causal && [ "${long:-}" = yes ] && [ ${#conf[@]} -eq 0 ]; }
mixtures=$data/av/test_mixtures.jsonl
manifest=$exp/manifest.jsonl
run=$exp/$(basename "$config" .yaml)
if [ -z "$results" ]; then
  if [ ${#conf[@]} -gt 0 ]; then results=egs/$corpus/experiment/RESULTS.md; else results=egs/$corpus/RESULTS.md; fi
fi

check() { "$python" "$script" check; }

prepare() {
  [ -f "$manifest" ] || "$python" "$script" manifest "$manifest"
  [ -f "$exp/quiet.jsonl" ] || "$python" -m recipes.speech_benchmark.quiet_mixtures "$mixtures" "$exp/quiet.jsonl"
  if has_long_videos; then
    [ -f "$exp/talkers/manifest.jsonl" ] || "$python" -m recipes.speech_benchmark.talkers "$exp/talkers" "$exp/crops" \
      ${talker_options[@]+"${talker_options[@]}"}
    [ -f "$exp/long.jsonl" ] || "$python" -m recipes.speech_benchmark.long_list "$manifest" "$exp/long.jsonl" \
      --talkers "$exp/talkers/manifest.jsonl" ${long_options[@]+"${long_options[@]}"}
  fi
}

crops() { "$python" -m recipes.speech_benchmark.find_mouths "$manifest" "$exp/crops" --workers "$workers"; }

train() {
  "$python" -m "recipes.$model.train" --config "$config" --folder "$run" --manifest "$manifest" --crops "$exp/crops"
}

# Conditions of the video that a model is tested in.
# Only where two sentences of one person are mixed has the noise a video of its own; not every corpus has that.
conditions() {
  echo own none
  if is_causal; then
    echo frozen late stranger covered
    if grep -q '"same_speaker"' "$mixtures"; then echo rival; fi
  fi
}

only() { if [ "$1" = rival ]; then echo --only same_speaker; fi; }

enhance() {
  local common=(--model "$run/model.safetensors" --manifest "$manifest" --crops "$exp/crops" --workers "$workers")
  for condition in $(conditions); do
    # shellcheck disable=SC2046 # two words or none
    "$python" -m recipes.speech_benchmark.enhance "${common[@]}" --mixtures "$mixtures" --condition "$condition" \
      --folder "$run/enhanced_$condition" $(only "$condition")
  done
  if is_causal; then
    "$python" -m recipes.speech_benchmark.enhance "${common[@]}" --mixtures "$exp/quiet.jsonl" --folder "$run/enhanced_quiet"
  fi
}

score() {
  local common=(--manifest "$manifest" --workers "$workers")
  "$python" -m recipes.speech_benchmark.score_mixtures "${common[@]}" --mixtures "$mixtures" "$exp/scores_noisy.jsonl"
  for condition in $(conditions); do
    # shellcheck disable=SC2046 # two words or none
    "$python" -m recipes.speech_benchmark.score_mixtures "${common[@]}" --mixtures "$mixtures" --enhanced "$run/enhanced_$condition" \
      "$run/scores_$condition.jsonl" $(only "$condition")
  done
  if [ -d "$run/enhanced_quiet" ]; then
    "$python" -m recipes.speech_benchmark.score_mixtures "${common[@]}" --mixtures "$exp/quiet.jsonl" "$exp/scores_quiet.jsonl"
    "$python" -m recipes.speech_benchmark.score_mixtures "${common[@]}" --mixtures "$exp/quiet.jsonl" --enhanced "$run/enhanced_quiet" \
      "$run/scores_quiet.jsonl"
  fi
  if has_long_videos; then
    # Enhanced and scored in one run: what is enhanced would be gigabytes.
    common=(--videos "$exp/long.jsonl" --manifest "$manifest" --manifest "$exp/talkers/manifest.jsonl" --crops "$exp/crops"
      --workers "$workers")
    "$python" -m recipes.speech_benchmark.long_scores "$exp" "${common[@]}"
    "$python" -m recipes.speech_benchmark.long_scores "$run" "${common[@]}" --model "$run/model.safetensors"
  fi
}

# RESULTS.md tells of every model that has been scored.
results() {
  local options=(--system "noisy=$exp/scores_noisy.jsonl") name folder shown=live
  if [ -f "$exp/steered/scores_own.jsonl" ]; then shown=steered; fi
  for name in AVDCNN live steered; do
    folder=$exp/$(echo "$name" | tr '[:upper:]' '[:lower:]')
    [ -f "$folder/scores_none.jsonl" ] || continue
    options+=(--run "$name=$folder")
    options+=(--system "$name=$folder/scores_own.jsonl" --system "$name, audio-only=$folder/scores_none.jsonl")
  done
  if [ -f "$exp/$shown/scores_quiet.jsonl" ]; then
    options+=(--quiet "noisy=$exp/scores_quiet.jsonl" --quiet "$shown=$exp/$shown/scores_quiet.jsonl")
  fi
  if [ -f "$exp/$shown/scores_covered.jsonl" ]; then
    for name in own none frozen late stranger covered rival; do
      [ -f "$exp/$shown/scores_$name.jsonl" ] || continue
      options+=(--condition "$name=$exp/$shown/scores_$name.jsonl")
    done
  fi
  if [ -f "$exp/$shown/long_own.jsonl" ]; then
    options+=(--long "$exp/$shown" --long-videos "$exp/long.jsonl" --long-noisy "$exp/long_noisy.jsonl")
  fi
  if [ -f "egs/$corpus/targets.yaml" ]; then options+=(--targets "egs/$corpus/targets.yaml"); fi
  if [ -f "$data/av/test_scores_peers_0db.jsonl" ]; then options+=(--zero-db "$data/av/test_scores_peers_0db.jsonl"); fi
  if [ -f "$data/av/test_scores_peers.jsonl" ]; then options+=(--peers "$data/av/test_scores_peers.jsonl"); fi
  "$python" -m recipes.speech_benchmark.results "$results" --title "$title" --command "egs/$corpus/run.sh" \
    --mixtures "$mixtures" "${options[@]}"
}

if [ ${#conf[@]} -gt 0 ]; then . egs/experiment.sh; fi

for name in "${chosen[@]}"; do
  echo "== $name" >&2
  "$name"
done
