"""Scores of many files, summed up and shown."""
