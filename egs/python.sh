#!/usr/bin/env bash
# A program of the repository, by the Python of .venv, else $PYTHON: egs/python.sh MODULE [OPTION...]
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
if [ -x "$root/.venv/bin/python" ]; then python=$root/.venv/bin/python; else python=${PYTHON:-python3}; fi
export PYTHONPATH=$root${PYTHONPATH:+:$PYTHONPATH}
exec "$python" -P -m "$@"
