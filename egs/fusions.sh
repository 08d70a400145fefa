#!/usr/bin/env bash
exec bash "$(dirname "$0")/python.sh" egs.fusions "$@"
