"""The stages as data: which programs each runs, in what order."""
