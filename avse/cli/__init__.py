"""The commands: thin, and quick to answer."""
