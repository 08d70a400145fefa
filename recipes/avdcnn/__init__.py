"""AVDCNN: see README.md."""
