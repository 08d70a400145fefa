#!/usr/bin/env bash
# ESC-10's ten kinds of sound from waveform and spectrogram; see egs/recognition_stages.sh.
set -euo pipefail
cd "$(dirname "$0")/../.."
corpus=esc10
tables=sound
title="ESC-10 from waveform and spectrogram"
note="200 of ESC-10's 400 clips (Piczak 2015), those of the data pack: 150 to train, the pack's 50 to test, no Freesound \
recording in both. Settings are the recipe's defaults."
. egs/recognition_stages.sh
