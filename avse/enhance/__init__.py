"""Enhancement of whole files, chunks and streams: one path, equal results."""
