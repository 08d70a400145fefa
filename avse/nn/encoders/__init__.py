"""The encoders that all models share."""
