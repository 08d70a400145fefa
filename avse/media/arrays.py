"""Named arrays in an `.npz` file, whose headers are compared with its size before memory is taken."""

import math
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from avse.errors import MediaError
from avse.media.limits import MAX_ARRAY_BYTES


def read_arrays(path: Path) -> dict[str, npt.NDArray[Any]]:
    """Read all arrays of a file that numpy wrote; nothing pickled is ever loaded.

    Raises:
        MediaError: the file is missing or no such file, its arrays are larger than `limits.MAX_ARRAY_BYTES` together,
            or a header asks for more than the file holds.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            total = sum(member.file_size for member in members)
            if total > MAX_ARRAY_BYTES:
                raise MediaError(
                    f"arrays {path} must be at most {MAX_ARRAY_BYTES / 2**30:g} GiB unpacked but are "
                    f"{total / 2**30:.1f} GiB; it is damaged or none of ours"
                )
            for member in members:
                _check_header(path, archive, member)
        with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:  # np.load leaves a damaged file open
            return {name: file[name] for name in file.files}
    except MediaError:
        raise
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError,
            RuntimeError) as error:  # fmt: skip
        raise MediaError(f"arrays {path} must be an .npz file but are not ({error}); write it again") from None


def _check_header(path: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> None:
    with archive.open(member) as stream:
        version = np.lib.format.read_magic(stream)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = read(stream)
    if math.prod(shape) * dtype.itemsize > member.file_size:
        raise MediaError(
            f"arrays {path} must hold what their headers say but {member.filename} says {shape} in "
            f"{member.file_size} bytes; write it again"
        )
