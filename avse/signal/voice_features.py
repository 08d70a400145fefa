"""What the audio side of audio-video correspondence reads: log band powers, freed from level and colour; causal.

Four steps of 10 ms belong to each video frame of an even 25 Hz; the last one is centred at 10 ms after the frame.
"""

import numpy as np
import numpy.typing as npt

from avse.signal.band_power import SAMPLE_RATE, STEP, STEP_RATE_HZ, WINDOW, band_powers, window_powers
from avse.signal.clock import n_video_frames
from avse.signal.speech_cue import CUE_RATE_HZ
from avse.types import Waveform

N_BANDS = 32
STEPS_PER_FRAME = round(STEP_RATE_HZ / CUE_RATE_HZ)
N_FEATURES = STEPS_PER_FRAME * N_BANDS
FIRST_STEP = -2
"""Of video frame 0, relative to its time."""
TIME_CONSTANT_STEPS = 300
"""Steps over which the mean spectrum is taken: 3 s."""
POWER_FLOOR = 1e-9
"""Added before the logarithm; 16-bit rounding has about this power in a band."""
_SCALE = 2.5
"""Natural logarithms of power per unit of a feature: about the standard deviation of speech."""
_LIMIT = 3.0


def voice_powers(waveform: Waveform, *, sample_rate: int, n_frames: int) -> npt.NDArray[np.float32]:
    """Band powers of `n_frames` video frames from the first sample, `(STEPS_PER_FRAME * n_frames, N_BANDS)`."""
    return band_powers(
        waveform, sample_rate=sample_rate, n_bands=N_BANDS, n_steps=STEPS_PER_FRAME * n_frames, first_step=FIRST_STEP
    )


class VoiceFeatures:
    """Turns band powers into features; chunk by chunk gives what the whole gives."""

    def __init__(self) -> None:
        """Set up for a recording."""
        self._mean = np.zeros(N_BANDS, dtype=np.float32)
        self._n_seen = 0

    def push(self, powers: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Take the steps of the next video frames.

        Args:
            powers: `(STEPS_PER_FRAME * frames, N_BANDS)` as `voice_powers` gives them.

        Returns:
            `(frames, N_FEATURES)` in [-3, 3].
        """
        levels = np.log(powers + np.float32(POWER_FLOOR))
        features = np.empty_like(levels)
        for step, level in enumerate(levels):
            self._n_seen += 1
            self._mean += (level - self._mean) / min(self._n_seen, TIME_CONSTANT_STEPS)
            features[step] = level - self._mean
        limited: npt.NDArray[np.float32] = np.clip(features / _SCALE, -_LIMIT, _LIMIT)
        return limited.reshape(-1, N_FEATURES)


class StreamingVoicePowers:
    """`voice_powers` of a recording that comes block by block."""

    def __init__(self) -> None:
        """Set up for a recording."""
        # The first window begins before the first sample: silence stands there.
        self._samples = np.zeros(WINDOW // 2 - FIRST_STEP * STEP, dtype=np.float32)
        self._n_samples = self._n_frames = 0

    def push(self, samples: npt.NDArray[np.float32], *, last: bool = False) -> npt.NDArray[np.float32]:
        """Take samples, give the steps of the video frames that they complete.

        Args:
            samples: `(samples,)` at 16 kHz, full scale +-1.
            last: these end the recording; silence completes the frames that begin within it.

        Returns:
            `(STEPS_PER_FRAME * frames, N_BANDS)`, perhaps none.
        """
        self._samples = np.concatenate([self._samples, samples])
        self._n_samples += len(samples)
        hop, overlap = STEPS_PER_FRAME * STEP, WINDOW - STEP
        n_frames = (len(self._samples) - overlap) // hop
        if last:
            n_frames = n_video_frames(self._n_samples, sample_rate=SAMPLE_RATE, rate_hz=CUE_RATE_HZ) - self._n_frames
            self._samples = np.pad(self._samples, (0, max(0, n_frames * hop + overlap - len(self._samples))))
        if n_frames <= 0:
            return np.zeros((0, N_BANDS), dtype=np.float32)
        powers = window_powers(self._samples[: n_frames * hop + overlap], n_bands=N_BANDS)
        self._samples = self._samples[n_frames * hop :]
        self._n_frames += n_frames
        return powers
