"""What a person's face looks like, to recognise the person again."""

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from avse.errors import InputError
from avse.faces.detect import Box
from avse.types import Image

Appearance = npt.NDArray[np.float32]

PATCH = 48
"""Side of the face that is described, pixels."""


SAME_PERSON = 0.72
"""Similarity from which two faces are taken for one person's. By their edges alone, between clips of the data pack's
training and validation people (brightness halved, size halved), one person's faces have at least 0.73, median 0.87;
those of different people at most 0.78, median 0.58, with 1 % above 0.72."""
ALIKE, ALIKE_MARGIN = 0.5, 0.04
"""Least similarity of a face with a photograph, and least lead over the next one, to be taken for the person: see
`SAME_PERSON` for what is usual."""
N_COLOURS = 256
"""The last numbers of an appearance: hue and saturation."""
USUAL_COLOURS = 0.8
"""Correlation of colours that one person's faces have in one light; what lacks is taken off the similarity."""


def describe(image: Image, box: Box) -> Appearance:
    """Describe a face by its edges (histograms of oriented gradients, Dalal and Triggs 2005) and its colours.

    Args:
        image: `(height, width, 3)` RGB.
        box: the face.

    Returns:
        `(n,)`, to be compared by `similarity`.
    """
    face = face_patch(image, box, side=PATCH)
    even = cv2.createCLAHE(2.0, (4, 4)).apply(cv2.cvtColor(face, cv2.COLOR_RGB2GRAY))
    edges = np.ravel(cv2.HOGDescriptor((PATCH, PATCH), (16, 16), (8, 8), (8, 8), 9).compute(even))
    tint = cv2.cvtColor(face, cv2.COLOR_RGB2HSV)
    colours = np.sqrt(cv2.calcHist([tint], [0, 1], None, [16, 16], [0, 180, 0, 256]).ravel())
    return np.concatenate([_unit(edges), _unit(colours)])


def blend(one: Appearance, other: Appearance, *, share: float) -> Appearance:
    """An appearance with a share, 0 to 1, of another one of the same person."""
    mean = (1 - share) * one + share * other
    return np.concatenate([_unit(mean[:-N_COLOURS]), _unit(mean[-N_COLOURS:])])


def similarity(one: Appearance, other: Appearance) -> float:
    """How much two faces of one video look alike: correlation of edges, less where their colours differ; at most 1."""
    colours = float(one[-N_COLOURS:] @ other[-N_COLOURS:])
    return edge_similarity(one, other) - max(0.0, USUAL_COLOURS - colours)


def edge_similarity(one: Appearance, other: Appearance) -> float:
    """How much two faces look alike in whatever light, -1 to 1: the correlation of their edges."""
    return float(one[:-N_COLOURS] @ other[:-N_COLOURS])


def most_like(faces: Sequence[Appearance | None], photograph: Appearance) -> tuple[int, str]:
    """The face that looks most like a photograph, and by how much in words; None looks like nothing.

    Raises:
        InputError: none does, or not by enough of a lead.
    """
    alike = [edge_similarity(face, photograph) if face is not None else -1.0 for face in faces]
    order = np.argsort(alike)[::-1]
    best = alike[order[0]]
    if best < ALIKE or (len(order) > 1 and best - alike[order[1]] < ALIKE_MARGIN):
        each = ", ".join(f"face {row + 1} {alike[row]:.2f}" for row in range(len(alike)))
        raise InputError(
            f"one face must look like the photograph (similarity {ALIKE:g} or more, {ALIKE_MARGIN:g} above the next) "
            f"but none does: {each}; use another photograph, or a number from avse-faces"
        )
    return int(order[0]), f"most like the photograph (similarity {best:.2f})"


def face_patch(image: Image, box: Box, *, side: int) -> Image:
    """A face of an image `(height, width, 3)` as `(side, side, 3)`; what lies beyond the frame repeats its edge."""
    scale = side / box.size
    to_patch = np.array([[scale, 0, -scale * box.x], [0, scale, -scale * box.y]])
    if scale >= 0.5:
        patch: Image = cv2.warpAffine(image, to_patch, (side, side), borderMode=cv2.BORDER_REPLICATE)
        return patch
    fine = int(np.ceil(box.size))
    to_fine = np.array([[1, 0, -box.x], [0, 1, -box.y]])
    whole = cv2.warpAffine(image, to_fine, (fine, fine), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.resize(whole, (side, side), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _unit(values: npt.NDArray[np.floating]) -> Appearance:
    centred = values - values.mean()
    return np.asarray(centred / max(1e-9, float(np.linalg.norm(centred))), dtype=np.float32)
