"""What the enhancer asks of a model: either to see a recording in large pieces, or to follow it frame by frame."""

from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt


class AnyModel(Protocol):
    """What all models have."""

    @property
    def name(self) -> str:
        """As the registry knows it."""
        ...

    @property
    def sample_rate(self) -> int:
        """Hz."""
        ...

    @property
    def window(self) -> int:
        """Samples in a window, periodic Hann."""
        ...

    @property
    def hop(self) -> int:
        """Samples between windows."""
        ...

    @property
    def crop_size(self) -> tuple[int, int]:
        """Height and width of the mouth crops, pixels."""
        ...


class SpectralModel(AnyModel, Protocol):
    """Enhances a short-time spectrum in large pieces, with the help of the speaker's mouth."""

    @property
    def context_frames(self) -> int:
        """An output frame depends on input frames at most this far from it."""
        ...

    def estimate_spectrum(
        self,
        noisy: npt.NDArray[np.complex64],
        crops: npt.NDArray[np.uint8],
        present: npt.NDArray[np.bool_],
    ) -> npt.NDArray[np.complex64]:
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

    def encode_video(self, motion: npt.NDArray[np.float32], state: Any) -> tuple[npt.NDArray[np.float32], Any]:
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
        noisy: npt.NDArray[np.complex64],
        mouth: npt.NDArray[np.float32],
        present: npt.NDArray[np.bool_],
        state: Any,
    ) -> tuple[npt.NDArray[np.complex64], npt.NDArray[np.float32], Any]:
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
