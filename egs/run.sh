#!/usr/bin/env bash
# The stages of a corpus, by the Python of .venv, else $PYTHON: egs/run.sh CORPUS [OPTION...]; see egs/run.py.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
if [ -x "$root/.venv/bin/python" ]; then python=$root/.venv/bin/python; else python=${PYTHON:-python3}; fi
export PYTHONPATH=$root${PYTHONPATH:+:$PYTHONPATH}
exec "$python" -P -m egs.run "$@"
