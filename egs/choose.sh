# Reads the options of a run and chooses its stages; sourced by the files of stages, which set `names` (of the stages, in
# order), `options` (without dashes; their defaults are variables of the same name) and the function `usage`. The values of
# the option `conf`, which may be several, are gathered in the list of that name.
last=$((${#names[@]} - 1))
stage=0
stop_stage=$last
stages=""

fail() { echo "run.sh: error: $1" >&2; exit 2; }

while [ $# -gt 0 ]; do
  case "$1" in
    -h|--help) usage; exit 0 ;;
    *)
      option="${1#--}"
      [[ "$1" == --* && " ${options[*]} " == *" $option "* ]] || fail "option must be one that --help shows but is $1"
      [ $# -ge 2 ] || fail "$1 must have a value but has none; see --help"
      if [ "$option" = conf ]; then
        shift
        while [ $# -gt 0 ] && [[ "$1" != -* ]]; do conf+=("$1"); shift; done
        continue
      fi
      printf -v "${option//-/_}" '%s' "$2"; shift 2 ;;
  esac
done

# A name per stage to run, whichever way they were chosen.
if [ -n "$stages" ]; then
  IFS=, read -ra chosen <<< "$stages"
else
  [[ "$stage" =~ ^[0-$last]$ && "$stop_stage" =~ ^[0-$last]$ ]] ||
    fail "stages must be 0 to $last but are $stage to $stop_stage"
  chosen=("${names[@]:stage:stop_stage - stage + 1}")
fi
for name in "${chosen[@]}"; do
  [[ " ${names[*]} " == *" $name "* ]] || fail "stage must be one of ${names[*]} but is $name"
done
