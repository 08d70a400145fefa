"""Faces in a video: where they are, whose they are, and the mouth of the one who speaks."""
