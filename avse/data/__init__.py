"""Manifests, mixing, and the examples that training reads."""
