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

# Those that can enhance: a training that failed was named, and the others go on.
ready() {
  for system in "${systems[@]}"; do
    if [[ " ${untrained[*]} " == *" $system "* ]] || [ -f "$home/$system/model.safetensors" ]; then echo "$system"; fi
  done
}

train() {
  "$python" -m recipes.stages.train_missing "${conf[@]}" --recipe "$model" --exp "$home" --manifest "$manifest" --crops "$exp/crops" \
    --n-jobs "$n_jobs" || echo "run.sh: the other systems go on" >&2
}

enhance() {
  ready | while read -r system; do
    "$python" -m recipes.stages.enhance --model "$(enhancer_of "$system")" --manifest "$manifest" --crops "$exp/crops" \
      --mixtures "$mixtures" --folder "$home/$system/enhanced" --n-jobs "$n_jobs"
    "$python" -m recipes.stages.cost "$home/$system/cost.json" --model "$(enhancer_of "$system")"
  done
}

score() {
  local common=(--manifest "$manifest" --mixtures "$mixtures" --n-jobs "$n_jobs")
  local metrics=(--metrics pesq_wb,stoi,estoi,si_sdr_db,segmental_snr_db,sdi)
  local hearing=(--metrics haspi,hasqi --every "$hearing_every")
  mkdir -p "$home/noisy"
  "$python" -m recipes.stages.score "${common[@]}" "${metrics[@]}" "$home/noisy/scores.jsonl"
  "$python" -m recipes.stages.score "${common[@]}" "${hearing[@]}" "$home/noisy/hearing.jsonl"
  ready | while read -r system; do
    "$python" -m recipes.stages.score "${common[@]}" "${metrics[@]}" --enhanced "$home/$system/enhanced" \
      "$home/$system/scores.jsonl"
    "$python" -m recipes.stages.score "${common[@]}" "${hearing[@]}" --enhanced "$home/$system/enhanced" \
      "$home/$system/hearing.jsonl"
  done
}

results() {
  "$python" -m recipes.stages.experiment --experiment "egs/$corpus/experiment/tables.yaml" --exp "$home" \
    --mixtures "$mixtures" --manifest "$manifest" --crops "$exp/crops" --output "$results" --title "$title: the experiment" \
    --pictures "$(dirname "$results")/pictures" --html "$home/report.html" \
    --command "egs/$corpus/run.sh --conf $(dirname "${conf[0]}")/*.yaml"
}
