"""Evidence for and against the lips' saying what is heard, frame by frame, from the spectrum that is at hand anyway.

The lip network's embeddings of the mouth and of the audio give a log-likelihood ratio for each video frame
(`avse.models.lip_cue`). The audio is that of the enhanced spectrum, which
tells more than the noisy one.
"""

import copy
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from avse.models.lip_lag import LagState, LipLag
from avse.signal.band_power import SAMPLE_RATE, STEP_RATE_HZ, WINDOW, spectrum_powers
from avse.signal.clock import video_frame_indices
from avse.signal.speech_cue import CUE_RATE_HZ
from avse.signal.stft_config import StftConfig
from avse.signal.voice_features import FIRST_STEP, N_BANDS, STEPS_PER_FRAME, VoiceFeatures
from avse.types import Flags, FloatArray, Spectrum

N_PAST = 5
"""Audio frames kept: the steps of a video frame begin 60 ms before the audio frame that completes it."""


class Voice(Protocol):
    """The audio side of the lip network, as `avse.models.onnx_lips.OnnxLips` has it."""

    def listen(self, features: FloatArray, state: Any) -> tuple[FloatArray, Any]:
        """Voice features `(video frames, N_FEATURES)` to embeddings `(video frames, dim)`, and the new state."""
        ...


class EvidenceState(NamedTuple):
    """What is carried from one audio frame to the next."""

    n_frames: int
    """Audio frames so far."""
    powers: FloatArray
    """`(N_PAST, N_BANDS)` of the last audio frames."""
    lips: FloatArray
    """`(dim,)` of the last audio frame."""
    present: bool
    """Of the last audio frame."""
    features: VoiceFeatures
    voice: Any
    lag: LagState | None


class LipEvidence:
    """Weighs lips against audio; holds no state of a recording."""

    def __init__(self, voice: Voice, *, hop: int) -> None:
        """Set up.

        Args:
            voice: embeds the audio.
            hop: samples between audio frames, whose windows are `band_power.WINDOW` long at 16 kHz.
        """
        self._lag = LipLag()
        self._voice, self._stft = voice, StftConfig(window=WINDOW, hop=hop, sample_rate=SAMPLE_RATE)

    def weigh(
        self, spectrum: Spectrum, lips: FloatArray, present: Flags, state: EvidenceState | None
    ) -> tuple[FloatArray, Flags, EvidenceState]:
        """Weigh the next audio frames.

        Args:
            spectrum: `(freqs, frames)`, enhanced.
            lips: `(frames, dim)` embedding of the video frame shown at each audio frame.
            present: `(frames,)` False where there is none.
            state: from the call before, None at first.

        Returns:
            `(frames,)` nats that have come in at each audio frame, 0 where no video frame has ended or none was
            present; `(frames,)` False where the lips are late or early; and the new state.
        """
        if state is None:
            state = EvidenceState(
                0, np.zeros((N_PAST, N_BANDS), np.float32), np.zeros(lips.shape[1], np.float32), False,
                VoiceFeatures(), None, None,
            )  # fmt: skip
        first, n_frames = state.n_frames, len(lips)
        powers = np.concatenate([state.powers, spectrum_powers(spectrum.T, n_bands=N_BANDS)])
        # Row 0 belongs to the audio frame before these.
        lips, present = np.concatenate([state.lips[None], lips]), np.append(state.present, present)
        shown = video_frame_indices(n_frames + 1, stft=self._stft, rate_hz=CUE_RATE_HZ, first_frame=first - 1)
        ended = np.flatnonzero((np.diff(shown) > 0) & (np.arange(first, first + n_frames) > 0))
        weights = np.zeros(n_frames, dtype=np.float32)
        features, voice, lag = state.features, state.voice, state.lag
        lagging = np.full(n_frames, lag is not None and lag.lags)
        if len(ended):
            features = copy.deepcopy(features)  # the state of the call before stays as it is
            steps = self._steps(powers, shown[ended], first_frame=first - N_PAST)
            audio, voice = self._voice.listen(features.push(steps), voice)
            seen = lips[ended] * present[ended, None]
            weights[ended] = (seen * audio).sum(axis=1)
            found, lag = self._lag.follow(seen, audio, lag)
            latest = np.searchsorted(ended, np.arange(n_frames), side="right") - 1
            lagging[latest >= 0] = found[latest[latest >= 0]]
        after = EvidenceState(first + n_frames, powers[-N_PAST:], lips[-1], bool(present[-1]), features, voice, lag)
        return weights, ~lagging, after

    def _steps(self, powers: FloatArray, numbers: npt.NDArray[np.int64], *, first_frame: int) -> FloatArray:
        """Powers at the steps of some video frames, between those of the audio frames around them."""
        steps = (numbers[:, None] * STEPS_PER_FRAME + FIRST_STEP + np.arange(STEPS_PER_FRAME)).reshape(-1)
        at = steps / STEP_RATE_HZ * SAMPLE_RATE / self._stft.hop - first_frame
        before = np.floor(at).astype(int)
        share = (at - before).astype(np.float32)[:, None]
        return np.asarray((1 - share) * powers[before] + share * powers[np.minimum(before + 1, len(powers) - 1)])
