"""Audio-visual speech enhancement: a noisy recording and the speaker's video in, clean speech out.

The names below are the public ones; each loads its module when it is first used, so that `import avse` is instant. Type
checkers read the imports that never run, and so know every name's type.
"""

import importlib
import os
from typing import TYPE_CHECKING

from avse._version import __version__

if TYPE_CHECKING:
    from avse.enhance.enhancer import Enhancer, Recording
    from avse.enhance.file import EnhanceResult, enhance_file
    from avse.enhance.job import Job
    from avse.enhance.stream import Mixing
    from avse.errors import AvseError
    from avse.live.stream import StreamingEnhancer
    from avse.media.audio import read_audio
    from avse.score import score_waveforms

__all__ = [
    "AvseError",
    "EnhanceResult",
    "Enhancer",
    "Job",
    "Mixing",
    "Recording",
    "StreamingEnhancer",
    "__version__",
    "enhance_file",
    "read_audio",
    "score_waveforms",
]

# ONNX Runtime 1.32 and newer writes a device ID into the user's home and reports to its vendor unless this is set
# before it is imported, by whichever module or child process comes first.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

_HOME = {
    "Enhancer": "avse.enhance.enhancer",
    "Recording": "avse.enhance.enhancer",
    "EnhanceResult": "avse.enhance.file",
    "Job": "avse.enhance.job",
    "enhance_file": "avse.enhance.file",
    "StreamingEnhancer": "avse.live.stream",
    "Mixing": "avse.enhance.stream",
    "AvseError": "avse.errors",
    "read_audio": "avse.media.audio",
    "score_waveforms": "avse.score",
}

# Hidden from type checkers, which would otherwise take any misspelt name for one of type Any.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Load a public name from where it lives."""
        if name not in _HOME:
            raise AttributeError(f"module 'avse' has no attribute {name!r}; it offers {', '.join(_HOME)}")
        return getattr(importlib.import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
