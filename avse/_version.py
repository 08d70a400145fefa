"""The version, stated here alone; the package's metadata and every `--version` read it."""

__version__ = "0.2.0"
