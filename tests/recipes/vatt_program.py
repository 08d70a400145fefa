"""Trainings that `torchrun` shares, in one start of Python: `torchrun vatt_program.py OPTION... [-- OPTION...]...`."""

import sys
from itertools import groupby

from recipes.training import program
from recipes.vatt import train
from recipes.vatt.config import TrainConfig

if __name__ == "__main__":
    runs = [list(options) for is_end, options in groupby(sys.argv[1:], lambda word: word == "--") if not is_end]
    for options in runs:
        sys.argv[1:] = options
        if code := program(train.main, TrainConfig):
            sys.exit(code)
