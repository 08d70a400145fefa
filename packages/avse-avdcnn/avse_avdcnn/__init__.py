"""Weights of AVDCNN (Hou et al. 2018) for avse; `avdcnn.md` beside this file is their model card."""
