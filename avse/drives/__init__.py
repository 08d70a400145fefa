"""Drives with sensors: read, brought to uniform rates, or simulated."""
