"""A model whose result can be worked out by hand."""

import numpy as np


class Factor:
    """Multiplies the spectrum: by one number where a face is, by another where none is."""

    name, sample_rate, window, hop, context_frames, crop_size = "factor", 16000, 512, 320, 3, (2, 3)

    def __init__(self, with_video=1.0, audio_only=1.0):
        self.with_video, self.audio_only = with_video, audio_only
        self.seen = []

    def estimate_spectrum(self, noisy, crops, present):
        self.seen.append((crops[:, 0, 0, 0], present))
        return noisy * np.where(present, self.with_video, self.audio_only).astype(np.complex64)
