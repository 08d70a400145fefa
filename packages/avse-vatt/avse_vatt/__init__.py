"""Weights of a small VATT (Akbari et al. 2021) for avse; `vatt.md` beside this file is their model card."""
