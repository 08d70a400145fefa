"""Labelled stretches of videos, as VATT reads them: cut and windowed, with captions."""
