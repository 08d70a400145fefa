"""The live model."""
