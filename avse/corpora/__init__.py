"""A user's own files to a corpus: found, cut, split, and listed in a manifest."""
