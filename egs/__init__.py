"""Methods applied to data sets: stages, configuration, data preparation, results."""
