"""One user of the page: a folder of its own, what was found in the upload, and a way to cancel."""

import secrets
import shutil
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from avse.demo.found import Found
from avse.enhance.watch import Progress
from avse.errors import AvseError


class CancelledError(AvseError):
    """The user pressed Cancel."""


@dataclass
class Session:
    """What belongs to one open page."""

    folder: Path
    """Nobody can guess its name; removed at the end."""
    found: Found | None = None
    """Of the last upload."""
    n_results: int = 0
    used_s: float = field(default_factory=time.monotonic)
    """Time of the last request, on the monotonic clock."""
    _cancelled: threading.Event = field(default_factory=threading.Event)

    def begin(self) -> None:
        """Forget an earlier Cancel."""
        self._cancelled.clear()

    def cancel(self) -> None:
        """Let the work at hand end at its next step."""
        self._cancelled.set()

    def check(self) -> None:
        """End the work if it is cancelled.

        Raises:
            CancelledError: it is.
        """
        if self._cancelled.is_set():
            raise CancelledError("cancelled; nothing was written")

    def checked(self, progress: Progress) -> Progress:
        """The same progress, which ends the work once it is cancelled."""

        def report(stage: str, done_s: float, total_s: float) -> None:
            self.check()
            progress(stage, done_s, total_s)

        return report

    def new_folder(self) -> Path:
        """An empty folder for the next result."""
        self.n_results += 1
        folder = self.folder / f"result{self.n_results}"
        folder.mkdir()
        return folder


class Sessions:
    """All open pages, each apart from the others."""

    def __init__(self, root: Path, *, max_idle_s: float) -> None:
        """Set up.

        Args:
            root: folder for theirs.
            max_idle_s: without a request for so long, a session is closed.
        """
        self._root, self._max_idle_s = root, max_idle_s
        self._sessions: dict[str, Session] = {}
        self._lock = threading.Lock()

    def get(self, key: str) -> Session:
        """The session of a page, opened when it is first asked for."""
        with self._lock:
            now_s = time.monotonic()
            for old in [k for k, s in self._sessions.items() if k != key and now_s - s.used_s > self._max_idle_s]:
                self._remove(old)
            if key not in self._sessions:
                folder = self._root / secrets.token_urlsafe(16)
                folder.mkdir(parents=True)
                self._sessions[key] = Session(folder)
            session = self._sessions[key]
            session.used_s = now_s
            return session

    def close(self, key: str) -> None:
        """End a session: its work is cancelled and its files are deleted."""
        with self._lock:
            self._remove(key)

    def _remove(self, key: str) -> None:
        session = self._sessions.pop(key, None)
        if session is not None:
            session.cancel()
            shutil.rmtree(session.folder, ignore_errors=True)
