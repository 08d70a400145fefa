"""What the enhancer asks of a model."""

from typing import Protocol

import numpy as np
import numpy.typing as npt


class SpectralModel(Protocol):
    """Enhances a short-time spectrum with the help of the speaker's mouth."""

    @property
    def name(self) -> str:
        """As the zoo knows it."""
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
    def context_frames(self) -> int:
        """An output frame depends on input frames at most this far from it."""
        ...

    @property
    def crop_size(self) -> tuple[int, int]:
        """Height and width of the mouth crops, pixels."""
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
            present: `(frames,)`, False where no face was seen and only the sound counts.

        Returns:
            `(freqs, frames)`.
        """
        ...
