"""The model's gain for every time and frequency of a recording, chunk by chunk."""

import numpy as np
import numpy.typing as npt

from avse.faces.mouth import MouthTrack
from avse.models.enhancing import SpectralModel
from avse.signal.clock import audio_frame_times_s
from avse.types import Spectrum

CHUNK_FRAMES = 500
"""Frames enhanced at once (10 s at a hop of 20 ms): enough that the context around them weighs little."""
FADE_S = 0.2
"""Time over which the result changes from audio with video to audio alone."""


class GainEstimator:
    """Takes noisy frames as they come, gives gains; equal for every way to cut the recording into blocks."""

    def __init__(
        self, model: SpectralModel, *, mouth: MouthTrack | None, offset_s: float = 0.0, chunk_frames: int = CHUNK_FRAMES
    ) -> None:
        """Set up.

        Args:
            model: estimates the clean spectrum.
            mouth: of the speaker; None enhances audio-only.
            offset_s: how late the video comes after the audio.
            chunk_frames: frames to work on at once.
        """
        self._model, self._mouth, self._offset_s, self._chunk = model, mouth, offset_s, chunk_frames
        self._fade = max(1, round(FADE_S * model.stft.frame_rate_hz))
        # A frame's share of the video depends on presence up to a fade away, its spectrum on the model's context.
        self._context = max(model.context_frames, self._fade)
        self._waiting = np.zeros((model.stft.n_freqs, 0), dtype=np.complex64)
        self._first_waiting = 0
        self.n_frames = 0
        """Frames whose gain is known so far."""
        self.n_with_video = 0
        """Frames so far in which the video had a share."""

    def push(self, noisy: Spectrum, *, last: bool = False) -> Spectrum:
        """Take frames, give the gains that they complete.

        Args:
            noisy: `(freqs, frames)`.
            last: these end the recording.

        Returns:
            `(freqs, frames)` complex; multiplied with the noisy frames, in order, it gives the enhanced ones.
        """
        self._waiting = np.concatenate([self._waiting, noisy], axis=1)
        gains = [np.zeros((len(noisy), 0), dtype=np.complex64)]
        while True:
            known = self._first_waiting + self._waiting.shape[1]
            end = min(self.n_frames + self._chunk, known)
            complete = known >= self.n_frames + self._chunk + self._context
            if not (complete or last) or end == self.n_frames:
                return np.concatenate(gains, axis=1)
            gains.append(self._chunk_gain(self.n_frames, end))
            self.n_frames = end
            surplus = max(0, end - self._context - self._first_waiting)
            self._waiting = self._waiting[:, surplus:]
            self._first_waiting += surplus

    def _chunk_gain(self, start: int, end: int) -> Spectrum:
        first = max(self._first_waiting, start - self._context)
        noisy = self._waiting[:, first - self._first_waiting : end + self._context - self._first_waiting]
        inside = slice(start - first, end - first)
        estimate = self._estimate(noisy, first_frame=first, inside=inside)
        return gain_of(estimate, noisy[:, inside])

    def _estimate(self, noisy: Spectrum, *, first_frame: int, inside: slice) -> Spectrum:
        n_frames = noisy.shape[1]
        crops, present = self._video_frame(first_frame, n_frames)
        share = _video_share(present, fade=self._fade)[inside]
        self.n_with_video += int(np.count_nonzero(share))
        nothing = np.zeros(n_frames, dtype=bool)
        if not share.any():
            return self._model.estimate_spectrum(noisy, crops, nothing)[:, inside]
        with_video = self._model.estimate_spectrum(noisy, crops, present)[:, inside]
        if share.all() and share.min() == 1:
            return with_video
        audio_only = self._model.estimate_spectrum(noisy, crops, nothing)[:, inside]
        return share * with_video + (1 - share) * audio_only

    def _video_frame(self, first_frame: int, n_frames: int) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_]]:
        if self._mouth is None:
            return np.zeros((n_frames, *self._model.crop_size, 3), np.uint8), np.zeros(n_frames, dtype=bool)
        stft = self._model.stft
        times_s = audio_frame_times_s(n_frames, hop=stft.hop, sample_rate=stft.sample_rate, first_frame=first_frame)
        return self._mouth.at(times_s + self._offset_s)


def gain_of(estimate: Spectrum, noisy: Spectrum) -> Spectrum:
    """What turns noisy bins into their estimates, `(freqs, frames)`; 1 in a silent bin, never 0 / 0.

    Examples:
        >>> noisy = np.array([2 + 0j, 1j, 0], np.complex64)
        >>> gain_of(noisy / 2, noisy).round(3).real.tolist()
        [0.5, 0.5, 1.0]
    """
    tiny = np.float32(1e-12)
    gain: Spectrum = (estimate * noisy.conj() + tiny) / (np.abs(noisy) ** 2 + tiny)
    return gain.astype(np.complex64, copy=False)


def _video_share(present: npt.NDArray[np.bool_], *, fade: int) -> npt.NDArray[np.float32]:
    """0 where no face is, 1 farther than `fade` frames from such places, rising evenly between, `(frames,)`."""
    frames = np.arange(len(present))
    absent = np.flatnonzero(~present)
    if len(absent) == 0:
        return np.ones(len(present), dtype=np.float32)
    after = np.searchsorted(absent, frames)
    to_next = absent[np.minimum(after, len(absent) - 1)] - frames
    to_last = frames - absent[np.maximum(after - 1, 0)]
    distance = np.minimum(np.where(to_next < 0, fade, to_next), np.where(to_last < 0, fade, to_last))
    return np.minimum(1, distance / fade).astype(np.float32)
