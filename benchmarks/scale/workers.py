"""Workers of the measurements, which other processes import by name."""

import os
import time
from pathlib import Path
from typing import Any

from avse.media.output import atomic_write


class Copier:
    """Copies a small file, after a wait that stands for its enhancement and takes no core."""

    def __call__(self, payload: dict[str, Any], report: Any) -> dict[str, Any]:
        """Copy `source` to `target`, after `wait_s`."""
        if payload.get("wait_s"):
            report("wait", 0.0, 1.0)
            time.sleep(payload["wait_s"])
        target = Path(payload["target"])
        if target.exists():  # of the same input: a run that was killed
            return {"pid": os.getpid(), "there": True}
        content = Path(payload["source"]).read_bytes()
        with atomic_write(target, force=True) as temporary:
            temporary.write_bytes(content)
        return {"pid": os.getpid()}


def copier() -> Copier:
    """Make a worker."""
    return Copier()


class Enhancer:
    """Enhances a short video, after a wait that stands for a longer one and takes no core."""

    def __init__(self) -> None:
        """Load the default model."""
        from avse.enhance.work import EnhanceWorker
        from avse.models.pretrained import DEFAULT_MODEL

        self._inner = EnhanceWorker(model=DEFAULT_MODEL, device="cpu", detector="auto")

    def __call__(self, payload: dict[str, Any], report: Any) -> dict[str, Any]:
        """Enhance `job`, after `wait_s`."""
        report("wait", 0.0, 1.0)
        time.sleep(payload["wait_s"])
        return self._inner(payload, report)


def enhancer() -> Enhancer:
    """Make a worker."""
    return Enhancer()


def nothing() -> Any:
    """A worker that does nothing at all."""
    return lambda payload, report: {}
