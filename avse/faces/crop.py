"""The mouth, or the whole face, cut out of a video frame."""

from math import ceil
from typing import NamedTuple

import cv2
import numpy as np

from avse.faces.detect import Box
from avse.types import Image

MOUTH_CENTRE_Y = 0.79
"""Height of the mouth in a face's box, as a share of its size."""
CROP_WIDTH = 0.54
"""Width of the crop as a share of the box: the mouth wide open, and a little of the cheeks."""


class Region(NamedTuple):
    """The part of a face that a crop shows, as shares of the size of its box."""

    centre_y: float
    """Height of its middle."""
    width: float


MOUTH = Region(MOUTH_CENTRE_Y, CROP_WIDTH)
FACE = Region(0.48, 1.15)
"""From above the brows to below the chin, in a square crop: boxes end at the brows."""


def crop_region(image: Image, box: Box, *, crop_size: tuple[int, int], region: Region) -> Image:
    """Cut a region of a face out of a video frame, between pixels and without aliasing.

    Args:
        image: `(height, width, 3)` RGB.
        box: the face; parts beyond the frame repeat its edge.
        crop_size: height and width, pixels.
        region: of the face.

    Returns:
        `(height, width, 3)` RGB.
    """
    height, width = crop_size
    scale = width / (region.width * box.size)
    finer = max(1, ceil(1 / scale))
    centre_x, centre_y = box.x + box.size / 2, box.y + region.centre_y * box.size
    zoom = scale * finer
    to_crop = np.array(
        [
            [zoom, 0, (width * finer - 1) / 2 - zoom * (centre_x - 0.5)],
            [0, zoom, (height * finer - 1) / 2 - zoom * (centre_y - 0.5)],
        ]
    )
    crop = cv2.warpAffine(image, to_crop, (width * finer, height * finer), borderMode=cv2.BORDER_REPLICATE)
    shrunk: Image = cv2.resize(crop, (width, height), interpolation=cv2.INTER_AREA) if finer > 1 else crop
    return shrunk


def crop_mouth(image: Image, box: Box, *, crop_size: tuple[int, int]) -> Image:
    """Cut the mouth out of a video frame; arguments as of `crop_region`."""
    return crop_region(image, box, crop_size=crop_size, region=MOUTH)
