# Options for corpora that lie in the user's own folders; sourced by egs/*/run.sh before egs/stages.sh, with `here`, the
# folder that the user's paths start from. All files stay where they are; what is made of them lies under --exp.
#   run.sh --videos FOLDER --noise FOLDER                   all stages
#   run.sh --videos FOLDER --noise FOLDER --speech FOLDER   with voices of their own to compete
own_options=(videos noise speech per-speaker)
videos=${AVSE_VIDEOS:-}
noise=${AVSE_NOISE:-}
speech=${AVSE_SPEECH:-}
per_speaker=${AVSE_PER_SPEAKER:-}
own_usage="--videos FOLDER --noise FOLDER: where the videos and the noises lie; egs/$corpus/README.md says how.
--speech FOLDER: voices that compete; without it the other videos' do. --per-speaker N: videos of each speaker, at most."
if [ "$corpus" = grid ]; then
  own_usage="$own_usage
Without --videos: the data pack, which lies where the environment variable AVSE_DATA says (default: data)."
fi

absolute() { case "$1" in ""|/*|[A-Za-z]:*) echo "$1" ;; *) echo "$here/$1" ;; esac; }

# Called when the options are known.
own_setup() {
  if [ "$corpus" = grid ]; then
    # What is recorded of the pack stays as it is.
    [ -n "$videos" ] || return 0
    script=egs/grid/distributed.py
    if [ "$exp" = egs/grid/exp ]; then exp=egs/grid/exp/distributed; fi
  fi
  # A later run need not name the folders again.
  if [ -n "$videos" ]; then
    mkdir -p "$exp"
    printf '%s\n' "$(absolute "$videos")" "$(absolute "$noise")" "$(absolute "$speech")" > "$exp/folders"
  elif [ -f "$exp/folders" ]; then
    { IFS= read -r videos; IFS= read -r noise; IFS= read -r speech; } < "$exp/folders"
  fi
  AVSE_VIDEOS=$(absolute "$videos")
  AVSE_NOISE=$(absolute "$noise")
  AVSE_SPEECH=$(absolute "$speech")
  AVSE_PER_SPEAKER=$per_speaker
  AVSE_DATA=$exp/data
  export AVSE_VIDEOS AVSE_NOISE AVSE_SPEECH AVSE_PER_SPEAKER AVSE_DATA
  if [ -z "$results" ]; then
    if [ ${#conf[@]} -gt 0 ]; then results=$exp/experiment/RESULTS.md; else results=$exp/RESULTS.md; fi
  fi
}
