"""VATT: encoders of video, audio and text, trained on videos without labels (Akbari et al. 2021)."""
