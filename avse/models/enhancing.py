"""What the enhancer asks of a model: either to see a recording in large pieces, or to follow it frame by frame."""

from typing import Any, Protocol, runtime_checkable

from avse.signal.stft_config import StftConfig
from avse.types import Flags, FloatArray, Image, Spectrum


class AnyModel(Protocol):
    """What all models have."""

    @property
    def name(self) -> str:
        """As the registry knows it."""
        ...

    @property
    def stft(self) -> StftConfig:
        """Rate and frames of the audio that it takes."""
        ...

    @property
    def crop_size(self) -> tuple[int, int]:
        """Height and width of the mouth crops, pixels."""
        ...


@runtime_checkable
class SpectralModel(AnyModel, Protocol):
    """Enhances a short-time spectrum in large pieces, with the help of the speaker's mouth."""

    @property
    def context_frames(self) -> int:
        """An output frame depends on input frames at most this far from it."""
        ...

    def estimate_spectrum(
        self,
        noisy: Spectrum,
        crops: Image,
        present: Flags,
    ) -> Spectrum:
        """Enhance a stretch of spectrum; its ends count as the ends of the recording.

        Args:
            noisy: `(freqs, frames)`.
            crops: `(frames, height, width, 3)` mouth crops, RGB.
            present: `(frames,)`, False where no face was seen and only the audio counts.

        Returns:
            `(freqs, frames)`.
        """
        ...


@runtime_checkable
class CausalModel(AnyModel, Protocol):
    """Enhances a short-time spectrum frame by frame, with the video frames of the speaker's mouth seen so far.

    The length of its window is its latency.
    """

    @property
    def video_rate_hz(self) -> float:
        """Video frames of the mouth taken in a second."""
        ...

    def encode_video(self, motion: FloatArray, state: Any) -> tuple[FloatArray, Any]:
        """Take the next video frames.

        Args:
            motion: `(video frames, 2, height, width)` as `avse.signal.motion` makes it, 0 where there is none.
            state: from the call before, None at first.

        Returns:
            Features `(video frames, dim)`, and the new state.
        """
        ...

    def enhance_step(
        self,
        noisy: Spectrum,
        mouth: FloatArray,
        present: Flags,
        state: Any,
    ) -> tuple[Spectrum, FloatArray, Any]:
        """Take the next frames of audio.

        Args:
            noisy: `(freqs, frames)`.
            mouth: `(frames, dim)` features of the video frame shown at each frame.
            present: `(frames,)` False where there is no video.
            state: from the call before, None at first.

        Returns:
            Enhanced `(freqs, frames)`; how far the mouth is believed to be the speaker's, `(frames,)` 0 to 1; and
            the new state.
        """
        ...


Enhancing = SpectralModel | CausalModel
"""Any model that the enhancer can use."""
