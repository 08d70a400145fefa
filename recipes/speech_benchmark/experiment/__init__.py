"""The last stage of an experiment: from scores, runs and enhanced files to tables, figures and one page."""
