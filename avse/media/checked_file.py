"""A file that remembers that the disk was full, for libraries that do not."""

import io
from typing import Any, BinaryIO


class CheckedFile:
    """Passes everything on to a file, and keeps the first error of writing to it.

    libsndfile, which calls it from C, would lose an exception, and loses short writes when it closes an Ogg file.
    """

    def __init__(self, file: BinaryIO) -> None:
        """Take an open file."""
        self._file = file
        self._error: OSError | None = None

    def write(self, data: Any) -> int:
        """Write; after an error say that all is well, until `check` is called."""
        if self._error is None:
            try:
                self._file.write(data)
            except OSError as error:
                self._error = error
        return len(data)

    def read(self, n_bytes: int = -1) -> bytes:
        """Read bytes."""
        return self._file.read(n_bytes)

    def readinto(self, buffer: Any) -> int:
        """Read into a buffer."""
        data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place; what was waiting is written first."""
        try:
            return self._file.seek(offset, whence)
        except OSError as error:
            self._error = self._error or error
            return 0

    def tell(self) -> int:
        """Where the file is."""
        return self._file.tell()

    def close(self) -> None:
        """Write what is waiting, and close."""
        try:
            self._file.close()
        except OSError as error:
            self._error = self._error or error

    def check(self) -> None:
        """Raise the first error that there was.

        Raises:
            OSError: writing failed.
        """
        if self._error is not None:
            raise self._error
