"""Where faces are in one picture."""

from pathlib import Path
from typing import NamedTuple, Protocol

import cv2
import numpy as np
import numpy.typing as npt

from avse.errors import MediaError

Image = npt.NDArray[np.uint8]


class Box(NamedTuple):
    """A face: the square from the brows to the chin that the frontal cascades give. Pixels."""

    x: float
    """Left edge."""
    y: float
    """Upper edge."""
    size: float
    """Width and height."""

    @property
    def centre(self) -> tuple[float, float]:
        """Column and row."""
        return self.x + self.size / 2, self.y + self.size / 2

    def scaled(self, factor: float) -> "Box":
        """The same face in a picture that is `factor` times as large."""
        return Box(self.x * factor, self.y * factor, self.size * factor)

    def overlap(self, other: "Box") -> float:
        """Area shared over area covered by both, 0 to 1."""
        width = min(self.x + self.size, other.x + other.size) - max(self.x, other.x)
        height = min(self.y + self.size, other.y + other.size) - max(self.y, other.y)
        shared = max(0.0, width) * max(0.0, height)
        return shared / (self.size**2 + other.size**2 - shared)


class FaceDetector(Protocol):
    """Finds faces in one picture; pass your own to use a better one."""

    def detect(self, image: Image) -> list[Box]:
        """Find faces.

        Args:
            image: `(height, width, 3)` RGB.
        """
        ...


class CascadeDetector:
    """OpenCV's bundled Haar cascade for frontal faces (Viola and Jones 2001; Lienhart and Maydt 2002)."""

    def __init__(self, *, min_size: int = 24, min_neighbours: int = 4) -> None:
        """Load the cascade.

        Args:
            min_size: pixels; smaller faces are not looked for. The cascade itself ends at 20.
            min_neighbours: detections that must agree; more give fewer false faces and miss more true ones.
        """
        path = Path(cv2.__file__).parent / "data" / "haarcascade_frontalface_alt2.xml"
        self._cascade = cv2.CascadeClassifier(str(path))
        self._min_size, self._min_neighbours = min_size, min_neighbours

    def detect(self, image: Image) -> list[Box]:
        """Find upright frontal faces; see `FaceDetector`."""
        grey = cv2.equalizeHist(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY))
        found = self._cascade.detectMultiScale(
            grey, scaleFactor=1.1, minNeighbors=self._min_neighbours, minSize=(self._min_size, self._min_size)
        )
        return [Box(float(x), float(y), float(width)) for x, y, width, _ in found]


class YuNetDetector:
    """OpenCV's YuNet network, from the ONNX file that the user names (Wu et al. 2023)."""

    EYES_AT, MOUTH_AT = 0.39, 0.78
    """Height of eyes and mouth in a cascade's box, as a share of its size."""

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
            raise MediaError(f"face detector {path} must be YuNet's ONNX file but is not; download it anew") from None

    def detect(self, image: Image) -> list[Box]:
        """Find faces by their eyes and mouth, in a cascade's measure; see `FaceDetector`."""
        self._network.setInputSize((image.shape[1], image.shape[0]))
        _, rows = self._network.detect(cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
        boxes = []
        for row in rows if rows is not None else ():
            points = np.asarray(row[4:14], dtype=float).reshape(5, 2)
            eyes, mouth = points[:2].mean(axis=0), points[3:].mean(axis=0)
            size = float(np.hypot(*(mouth - eyes))) / (self.MOUTH_AT - self.EYES_AT)
            boxes.append(Box(float(eyes[0] + mouth[0]) / 2 - size / 2, float(eyes[1]) - self.EYES_AT * size, size))
        return boxes
