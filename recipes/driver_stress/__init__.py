"""Driver stress from several modalities: see README.md."""
