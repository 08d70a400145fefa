"""The default model: an audio core, and a steering by the lips."""
