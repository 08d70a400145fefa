"""One still image from a file."""

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from avse.errors import MediaError
from avse.media.container import check_file, open_container
from avse.media.limits import check_frame_size


def read_image(path: Path) -> npt.NDArray[np.uint8]:
    """Read an image.

    Args:
        path: PNG, JPEG, BMP or WebP.

    Returns:
        `(height, width, 3)` RGB.

    Raises:
        MediaError: it is missing, damaged, or of more than `limits.MAX_PIXELS`.
    """
    check_file(path, kind="image")
    with open_container(path, kind="image") as container:
        # The header first: a small file may unpack to gigabytes.
        for stream in container.streams.video[:1]:
            if stream.codec_context is not None:
                check_frame_size(path, width=stream.codec_context.width, height=stream.codec_context.height)
    try:
        decoded = cv2.imdecode(np.fromfile(path, dtype=np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:
        decoded = None
    if decoded is None:
        raise MediaError(f"image {path} must be readable but is not; check the file")
    image: npt.NDArray[np.uint8] = cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB)
    return image
