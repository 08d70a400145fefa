"""One person's mouth crops on disk, so that memory does not grow with the video."""

import tempfile
from contextlib import suppress
from typing import Any

import numpy as np
import numpy.typing as npt


class CropFile:
    """Mouth crops in a temporary file, a row for each video frame of a video; rows never put are zero.

    Reads like an array. Each read maps the file again: pages of a lasting map would count as memory, and an hour of
    crops is 200 MB.
    """

    def __init__(self, crop_size: tuple[int, int]) -> None:
        """Begin an empty file; `crop_size` is height and width in pixels."""
        self._file = tempfile.TemporaryFile(prefix="avse-crops-")  # noqa: SIM115 - closed by __del__
        self.shape = (0, *crop_size, 3)

    def put(self, row: int, crop: npt.NDArray[np.uint8]) -> None:
        """Write one crop, `(height, width, 3)` RGB."""
        self._file.seek(row * crop.nbytes)
        self._file.write(crop.tobytes())

    def finish(self, n_rows: int) -> None:
        """End with as many rows as the video has video frames."""
        self.shape = (n_rows, *self.shape[1:])
        self._file.truncate(int(np.prod(self.shape)))
        self._file.flush()

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Any) -> npt.NDArray[np.uint8]:
        """Read rows, chosen as in an array."""
        return np.array(np.memmap(self._file, dtype=np.uint8, mode="r", shape=self.shape)[key])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        """All rows in memory."""
        return self[:].astype(dtype or np.uint8, copy=False)

    def __del__(self) -> None:
        """Let the file go; nobody else knows of it."""
        with suppress(OSError):  # a full disk was reported when the crops were written
            self._file.close()
