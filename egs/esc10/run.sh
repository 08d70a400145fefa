#!/usr/bin/env bash
# ESC-10's ten kinds of audio from waveform and spectrogram; see egs/recognition_stages.sh.
set -euo pipefail
cd "$(dirname "$0")/../.."
corpus=esc10
tables=audio
title="ESC-10 from waveform and spectrogram"
note="Of ESC-10's 400 clips (Piczak 2015) the 200 of the data pack: its training and validation clips to train, its test clips to test, no \
Freesound recording in both, nor one with an id near by. Settings are the recipe's defaults."
. egs/recognition_stages.sh
