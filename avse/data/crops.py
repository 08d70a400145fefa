"""Mouth crops on disk, one file a clip, so that training decodes no video."""

from pathlib import Path

import numpy as np

from avse.errors import ConfigError, MediaError
from avse.faces.mouth import MouthTrack
from avse.faces.report import FaceReport
from avse.jobs.places import Place, on_disk
from avse.media.arrays import read_arrays
from avse.media.output import atomic_write


def save_mouth(path: Path, mouth: MouthTrack) -> None:
    """Write a mouth as a compressed .npz, in place of one that is there."""
    with atomic_write(path, force=True) as temporary, temporary.open("wb") as file:
        np.savez_compressed(
            file,
            timestamps_s=mouth.timestamps_s,
            crops=mouth.crops,
            present=mouth.present,
            n_faces=mouth.report.n_faces,
            chosen=mouth.report.chosen,
        )


def load_mouth(place: Place) -> MouthTrack:
    """Read what `save_mouth` wrote.

    Args:
        place: of the file.

    Raises:
        ConfigError: the file is missing or of another kind.
        MediaError: there is none at a URL, or it cannot be read.
    """
    if isinstance(place, Path) and not place.is_file():
        raise ConfigError(f"mouth crops {place} must exist but do not; run the crops stage first")
    with on_disk(place) as path:
        return _loaded(path)


def _loaded(path: Path) -> MouthTrack:
    try:
        arrays = read_arrays(path)
        present = arrays["present"]
        fraction = float(present.mean()) if len(present) else 0.0
        report = FaceReport(int(arrays["n_faces"]), fraction, str(arrays["chosen"]))
        return MouthTrack(arrays["timestamps_s"], arrays["crops"], present, report)
    except (KeyError, TypeError, ValueError, MediaError) as error:
        raise ConfigError(f"{path} must hold mouth crops but does not ({error}); delete it and run again") from None
