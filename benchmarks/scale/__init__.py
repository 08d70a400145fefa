"""What many files, many machines and large corpora cost."""
