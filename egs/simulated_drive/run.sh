#!/usr/bin/env bash
exec bash "$(dirname "$0")/../run.sh" simulated_drive "$@"
