"""VATT: encoders of video, sound and text, trained on films without labels (Akbari et al. 2021)."""
