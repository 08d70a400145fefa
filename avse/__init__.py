"""Audio-visual speech enhancement: a noisy recording and the speaker's video in, clean speech out.

The names below are the public ones; each loads its module when it is first used, so that `import avse` is instant.
"""

import importlib
import os
from importlib.metadata import version
from typing import Any

# ONNX Runtime 1.32 and newer writes a device ID into the user's home and reports to its vendor unless this is set
# before it is imported, by whichever module or child process comes first.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

_HOME = {
    "Enhancer": "avse.enhance.enhancer",
    "Recording": "avse.enhance.enhancer",
    "EnhanceResult": "avse.enhance.file",
    "Job": "avse.enhance.file",
    "enhance_file": "avse.enhance.file",
    "StreamingEnhancer": "avse.enhance.live",
    "Mixing": "avse.enhance.stream",
    "AvseError": "avse.errors",
    "read_audio": "avse.media.audio",
    "score_waveforms": "avse.score",
}

__all__ = [*_HOME, "__version__"]  # noqa: PLE0604 - the names are strings, built from the table above


def __getattr__(name: str) -> Any:
    """Load a public name from where it lives."""
    if name == "__version__":
        return version("avse")
    if name not in _HOME:
        raise AttributeError(f"module 'avse' has no attribute {name!r}; it offers {', '.join(_HOME)}")
    return getattr(importlib.import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
