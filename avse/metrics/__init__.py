"""One file per metric, all of one shape."""
