# The stages of an experiment, in place of those of one model; sourced by egs/stages.sh where there are configurations
# (`conf`). Each system has a folder in $exp/experiment: weights and records, enhanced/, scores.jsonl, hearing.jsonl and
# cost.json.
home=$exp/experiment
untrained=(logmmse klt)
# HASPI and HASQI take seconds for each mixture: every so many of the list. The list goes through 33 noises and ratios for
# each clip, with which this number shares no factor, so that all of them come up.
hearing_every=${HEARING_EVERY:-43}

for file in "${conf[@]}"; do [ -f "$file" ] || fail "configuration must be a file but $file is none"; done
systems=("${untrained[@]}")
for file in "${conf[@]}"; do systems+=("$(basename "$file" .yaml)"); done

# What enhances: a method by its name, or a run's weights.
enhancer_of() {
  if [[ " ${untrained[*]} " == *" $1 "* ]]; then echo "$1"; else echo "$home/$1/model.safetensors"; fi
}

# Those that can enhance: a training that failed was named, and the others continue.
ready() {
  for system in "${systems[@]}"; do
    if [[ " ${untrained[*]} " == *" $system "* ]] || [ -f "$home/$system/model.safetensors" ]; then echo "$system"; fi
  done
}

train() {
  "$python" -m recipes.train_missing "${conf[@]}" --recipe "$model" --exp "$home" --manifest "$manifest" --crops "$exp/crops" \
    --workers "$workers" || echo "run.sh: the other systems continue" >&2
}

# One process for all systems: starting it costs more than what it does for a small corpus.
enhance() {
  local system models=() folders=() costs=()
  while read -r system; do
    models+=(--model "$(enhancer_of "$system")")
    folders+=(--folder "$home/$system/enhanced")
    costs+=("$home/$system/cost.json")
  done < <(ready)
  "$python" -m recipes.speech_benchmark.enhance "${models[@]}" "${folders[@]}" --manifest "$manifest" --crops "$exp/crops" \
    --mixtures "$mixtures" --workers "$workers"
  "$python" -m recipes.speech_benchmark.cost "${costs[@]}" "${models[@]}"
}

# Each system's scores, and the noisy input's, in files of that name.
score_as() {
  local file=$1 system outputs=() folders=()
  shift
  while read -r system; do
    outputs+=("$home/$system/$file")
    folders+=(--enhanced "$home/$system/enhanced")
  done < <(ready)
  mkdir -p "$home/noisy"
  "$python" -m recipes.speech_benchmark.score_mixtures "${outputs[@]}" "$home/noisy/$file" "${folders[@]}" --manifest "$manifest" \
    --mixtures "$mixtures" --workers "$workers" "$@"
}

score() {
  score_as scores.jsonl --metrics pesq_wb,stoi,estoi,si_sdr_db,segmental_snr_db,sdi
  score_as hearing.jsonl --metrics haspi,hasqi --every "$hearing_every"
}

results() {
  "$python" -m recipes.speech_benchmark.experiment --experiment "egs/$corpus/experiment/tables.yaml" --exp "$home" \
    --mixtures "$mixtures" --manifest "$manifest" --crops "$exp/crops" --output "$results" --title "$title: the experiment" \
    --figures "$(dirname "$results")/figures" --html "$home/report.html" \
    --command "egs/$corpus/run.sh --conf $(dirname "${conf[0]}")/*.yaml"
}
