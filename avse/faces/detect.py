"""Where faces are in one video frame."""

from pathlib import Path
from typing import NamedTuple, Protocol

import cv2
import numpy as np
import numpy.typing as npt

from avse.errors import MediaError
from avse.types import Image

EYES_AT, MOUTH_AT = 0.39, 0.78
"""Height of eyes and mouth in a cascade's box, as a share of its size."""
ONE_FACE = 0.4
"""Overlap from which two boxes of one detector are of one face."""


class Box(NamedTuple):
    """A face: the square from the brows to the chin that the frontal cascades give. Pixels."""

    x: float
    """Left edge."""
    y: float
    """Upper edge."""
    size: float
    """Width and height."""
    confidence: float = 1.0
    """That it is a face, 0 to 1, as the detector that found it says."""

    @property
    def centre(self) -> tuple[float, float]:
        """Column and row."""
        return self.x + self.size / 2, self.y + self.size / 2

    def scaled(self, factor: float) -> "Box":
        """The same face in an image that is `factor` times as large."""
        return Box(self.x * factor, self.y * factor, self.size * factor, self.confidence)

    def overlap(self, other: "Box") -> float:
        """Area shared over area covered by both, 0 to 1."""
        width = min(self.x + self.size, other.x + other.size) - max(self.x, other.x)
        height = min(self.y + self.size, other.y + other.size) - max(self.y, other.y)
        shared = max(0.0, width) * max(0.0, height)
        return shared / (self.size**2 + other.size**2 - shared)


class FaceDetector(Protocol):
    """Finds faces in one video frame; pass your own to use a better one."""

    def detect(self, image: Image) -> list[Box]:
        """Find faces.

        Args:
            image: `(height, width, 3)` RGB.
        """
        ...


class CascadeDetector:
    """OpenCV's bundled Haar cascade for frontal faces (Viola and Jones 2001; Lienhart and Maydt 2002).

    Its confidence comes from two independent witnesses: how many neighbouring windows agree, and how many eyes the eye
    cascade finds in the upper half. On faces of the data pack over patterned backgrounds (`benchmarks/composer.py`,
    training and validation people) a false face has 3 to 12 neighbours and hardly ever an eye, a true one a median
    of 46.
    """

    FROM_NEIGHBOURS, FROM_EYES, OFFSET = 2.48, 2.65, -7.0
    """Weights of the logarithm of the count of neighbours, and of the eyes (0 to 2), in the log odds that it is a face:
    logistic regression on 185 detections, of which 129 true; 2 are on the wrong side."""
    EYES_MATTER_BELOW = 30
    """Neighbours from which a face is certain, and eyes are not looked for."""

    def __init__(self, *, min_size: int = 24, min_neighbours: int = 3, min_confidence: float = 0.2) -> None:
        """Load the cascades.

        Args:
            min_size: pixels; smaller faces are not looked for. The cascade itself ends at 20.
            min_neighbours: detections that must agree; more give fewer false faces and miss more true ones.
            min_confidence: least confidence, 0 to 1; a track weighs many weak detections (`avse.faces.evidence`).
        """
        folder = Path(cv2.__file__).parent / "data"
        self._cascade = cv2.CascadeClassifier(str(folder / "haarcascade_frontalface_alt2.xml"))
        self._eyes = cv2.CascadeClassifier(str(folder / "haarcascade_eye.xml"))
        self._min_size, self._min_neighbours, self._min_confidence = min_size, min_neighbours, min_confidence

    def detect(self, image: Image) -> list[Box]:
        """Find upright frontal faces; see `FaceDetector`."""
        grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
        found, counts = self._cascade.detectMultiScale2(
            cv2.equalizeHist(grey),
            scaleFactor=1.1,
            minNeighbors=self._min_neighbours,
            minSize=(self._min_size, self._min_size),
        )
        boxes = []
        for (x, y, width, _), count in zip(found, np.ravel(counts), strict=True):
            box = Box(float(x), float(y), float(width))
            eyes = 2 if count >= self.EYES_MATTER_BELOW else self._count_eyes(grey, box)
            log_odds = self.FROM_NEIGHBOURS * np.log(count) + self.FROM_EYES * eyes + self.OFFSET
            boxes.append(box._replace(confidence=float(1 / (1 + np.exp(-log_odds)))))
        return [box for box in boxes if box.confidence >= self._min_confidence]

    def _count_eyes(self, grey: npt.NDArray[np.uint8], box: Box) -> int:
        """Eyes in the upper half of a face, at most 2."""
        width = 96
        half = cv2.getRectSubPix(
            grey, (int(1.2 * box.size), int(0.6 * box.size)), (box.centre[0], box.y + EYES_AT * box.size)
        )
        how = cv2.INTER_AREA if half.shape[1] > width else cv2.INTER_CUBIC
        half = cv2.equalizeHist(cv2.resize(half, (width, width // 2), interpolation=how))
        least, most = (width // 7, width // 7), (width // 3, width // 3)
        found = self._eyes.detectMultiScale(half, scaleFactor=1.1, minNeighbors=2, minSize=least, maxSize=most)
        return min(2, len(found))


class YuNetDetector:
    """OpenCV's YuNet network, from the ONNX file that the user names (Wu et al. 2023)."""

    def __init__(self, path: Path, *, min_score: float = 0.7) -> None:
        """Load the network.

        Args:
            path: ONNX file, such as face_detection_yunet_2023mar.onnx of the OpenCV Zoo.
            min_score: least confidence, 0 to 1.

        Raises:
            MediaError: the file is missing or holds no such network.
        """
        if not path.is_file():
            raise MediaError(f"face detector {path} must be YuNet's ONNX file but is missing; check the name")
        try:
            self._network = cv2.FaceDetectorYN.create(str(path), "", (320, 320), min_score)
        except cv2.error:
            raise MediaError(f"face detector {path} must be YuNet's ONNX file but is not; download it again") from None

    def detect(self, image: Image) -> list[Box]:
        """Find faces by their eyes and mouth, in a cascade's measure; see `FaceDetector`."""
        self._network.setInputSize((image.shape[1], image.shape[0]))
        _, rows = self._network.detect(cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
        boxes = []
        for row in rows if rows is not None else ():
            right_eye, left_eye, _, right_corner, left_corner = np.asarray(row[4:14], dtype=float).reshape(5, 2)
            mouth = (right_corner + left_corner) / 2
            boxes.append(box_of_points(right_eye, left_eye, mouth, confidence=float(row[14])))
        return boxes


def box_of_points(
    right_eye: npt.NDArray[np.float64],
    left_eye: npt.NDArray[np.float64],
    mouth: npt.NDArray[np.float64],
    *,
    confidence: float,
) -> Box:
    """The box that a frontal cascade would give a face whose eyes and mouth are known, `(2,)` column and row each."""
    eyes = (right_eye + left_eye) / 2
    size = float(np.hypot(*(mouth - eyes))) / (MOUTH_AT - EYES_AT)
    return Box(float(eyes[0] + mouth[0]) / 2 - size / 2, float(eyes[1]) - EYES_AT * size, size, confidence)


def without_doubles(boxes: list[Box]) -> list[Box]:
    """The most confident box of each face."""
    kept: list[Box] = []
    for box in sorted(boxes, key=lambda box: -box.confidence):
        if all(box.overlap(other) < ONE_FACE for other in kept):
            kept.append(box)
    return kept
