"""The benchmark of speech enhancement: long videos, their conditions, scores and tables."""
