"""Mouth crops on disk, one file a clip, so that training decodes no video."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from avse.errors import ConfigError
from avse.media.output import beside
from avse.signal.clock import audio_frame_times_s, video_frame_at


@dataclass(frozen=True)
class Crops:
    """The mouth of one clip."""

    timestamps_s: npt.NDArray[np.float64]
    """`(n,)` seconds from the first sample of the sound."""
    images: npt.NDArray[np.uint8]
    """`(n, height, width, 3)` RGB."""
    present: npt.NDArray[np.bool_]
    """`(n,)` False where no face was seen."""

    def at_audio_frames(
        self, n_frames: int, *, hop: int, sample_rate: int
    ) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_]]:
        """The crop that belongs to each audio frame.

        Args:
            n_frames: audio frames of the clip.
            hop: samples between them.
            sample_rate: Hz.

        Returns:
            `(n_frames, height, width, 3)` crops, zero where there is none, and `(n_frames,)` presence.
        """
        times_s = audio_frame_times_s(n_frames, hop=hop, sample_rate=sample_rate)
        index = video_frame_at(times_s, self.timestamps_s)
        present = (index >= 0) & self.present[index]
        return self.images[index] * present[:, None, None, None], present


def save_crops(path: Path, crops: Crops) -> None:
    """Write crops as a compressed .npz."""
    with beside(path, force=True) as temporary, temporary.open("wb") as file:
        np.savez_compressed(
            file, timestamps_s=crops.timestamps_s, images=crops.images, present=crops.present
        )


def load_crops(path: Path) -> Crops:
    """Read crops.

    Raises:
        ConfigError: the file is missing or not one of `save_crops`.
    """
    if not path.is_file():
        raise ConfigError(f"mouth crops {path} must exist but do not; run the crops stage first")
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return Crops(arrays["timestamps_s"], arrays["images"], arrays["present"])
    except (KeyError, ValueError, OSError) as error:
        raise ConfigError(f"{path} must hold mouth crops but does not ({error}); delete it and run again") from None
