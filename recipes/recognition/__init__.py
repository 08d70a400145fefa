"""Recognition on labelled videos: see README.md."""
