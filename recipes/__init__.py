"""Methods: one training program each. Data sets and their numbers live in `egs/`."""
