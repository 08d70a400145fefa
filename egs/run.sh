#!/usr/bin/env bash
# The stages of a corpus: egs/run.sh CORPUS [OPTION...]; see egs/run.py.
exec bash "$(dirname "$0")/python.sh" egs.run "$@"
