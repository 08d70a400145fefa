"""The gain of a causal model for every time and frequency of a recording, frame by frame."""

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from avse.enhance.gain import CHUNK_FRAMES, gain_of
from avse.models.enhancing import CausalModel
from avse.signal.clock import video_frame_indices
from avse.signal.motion import MouthMotion, motion_of
from avse.signal.mouth_jumps import MouthJumps
from avse.types import Spectrum


class MouthSource(Protocol):
    """Knows the mouth, as far as video frames have been taken."""

    def latest(self, times_s: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_]]:
        """The last crop taken by each of `(n,)` rising times, `(n, height, width, 3)`, and whether there is one."""
        ...


class CausalGain:
    """Takes noisy frames as they come, gives their gains at once; equal for every way to cut the recording."""

    def __init__(self, model: CausalModel, *, video_frames: MouthSource | None, offset_s: float = 0.0) -> None:
        """Set up.

        Args:
            model: estimates the clean spectrum.
            video_frames: of the speaker's mouth; None enhances audio-only.
            offset_s: how late the video comes after the audio.
        """
        self._model, self._video_frames, self._offset_s = model, video_frames, offset_s
        self._motion, self._jumps = MouthMotion(model.crop_size), MouthJumps(rate_hz=model.video_rate_hz)
        self._video_state: Any = None
        self._audio_state: Any = None
        self._n_video_frames = 0
        self._newest: tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]] | None = None
        self.n_frames = 0
        """Frames so far."""
        self.n_with_video = 0
        """Frames so far for which there was a video frame."""
        self.face_seen = False
        """Whether there was a mouth at the last frame."""
        self.trust = 0.0
        """How much the last frame's mouth changed the output, 0 to 1; 0 without a video."""

    def push(self, noisy: Spectrum, *, last: bool = False) -> Spectrum:
        """Take frames, give their gains.

        Args:
            noisy: `(freqs, frames)`.
            last: these end the recording; it makes no difference here.

        Returns:
            `(freqs, frames)` complex; multiplied with the noisy frames it gives the enhanced ones.
        """
        starts = range(0, noisy.shape[1], CHUNK_FRAMES)
        gains = [self._gain(noisy[:, start : start + CHUNK_FRAMES]) for start in starts]
        return np.concatenate([np.zeros((len(noisy), 0), dtype=np.complex64), *gains], axis=1)

    def _gain(self, noisy: Spectrum) -> Spectrum:
        model = self._model
        numbers = video_frame_indices(
            noisy.shape[1],
            stft=model.stft,
            rate_hz=model.video_rate_hz,
            first_frame=self.n_frames,
        )
        mouth, present = self._encode(self._n_video_frames, int(numbers[-1]) + 1)
        first = self._n_video_frames - len(mouth)
        shown = numbers - first
        estimate, trust, self._audio_state = model.enhance_step(noisy, mouth[shown], present[shown], self._audio_state)
        self.n_frames += noisy.shape[1]
        self.n_with_video += int(np.count_nonzero(present[shown]))
        self.face_seen = bool(present[-1])
        self.trust = float(trust[-1]) * self.face_seen
        return gain_of(estimate, noisy)

    def _encode(self, start: int, end: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
        """Features and presence of the video frames up to `end`, and of the one before `start`, if there was one."""
        times_s = np.arange(start, end) / self._model.video_rate_hz + self._offset_s
        if len(times_s) == 0 and self._newest is not None:
            return self._newest
        if self._video_frames is None:
            crops = np.zeros((len(times_s), *self._model.crop_size, 3), dtype=np.uint8)
            present = np.zeros(len(times_s), dtype=bool)
        else:
            crops, present = self._video_frames.latest(times_s)
            present = self._jumps.push(crops, present)
        mouth, self._video_state = self._model.encode_video(motion_of(crops, present, self._motion), self._video_state)
        if self._newest is not None:
            mouth, present = np.concatenate([self._newest[0], mouth]), np.concatenate([self._newest[1], present])
        self._n_video_frames, self._newest = end, (mouth[-1:], present[-1:])
        return mouth, present
