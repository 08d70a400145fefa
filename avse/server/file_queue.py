"""The files of a server: they wait, are enhanced in child processes, and are deleted."""

import secrets
import shutil
import threading
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from avse.enhance.job import Job
from avse.enhance.stream import Mixing
from avse.enhance.work import job_to_json
from avse.errors import AvseError, InputError
from avse.jobs.local_pool import ChildProcess, LostProcessError, StuckError
from avse.jobs.task import JsonDict, Task, Work
from avse.server.config import ServerConfig

State = Literal["queued", "running", "done", "failed"]
SWEEP_S = 1.0
"""Between two looks for what is to be deleted."""


class FullError(AvseError):
    """The queue takes no more files now."""


class ServerFileError(InputError):
    """A client named a file of the server."""


@dataclass
class FileJob:
    """One upload and what becomes of it."""

    id: str
    folder: Path
    source: Path
    target: Path
    job: JsonDict
    """As `job_to_json` makes it."""
    state: State = "queued"
    error: str | None = None
    result: JsonDict | None = None
    """Fields of the `EnhanceResult`."""
    progress: float = 0.0
    """0 to 1 of the stage at hand."""
    stage: str = ""
    created_s: float = field(default_factory=time.time)
    ended_s: float | None = None
    """When it was done or failed, s since 1970."""
    is_deleted: bool = False
    """Nobody wants it any more."""

    def as_json(self) -> JsonDict:
        """For clients; paths of the server are skipped."""
        result = None
        if self.result is not None:
            hidden = ("audio", "output")
            result = {name: value for name, value in self.result.items() if name not in hidden}
        return {
            "id": self.id, "name": self.source.name, "state": self.state, "error": self.error, "stage": self.stage,
            "progress": round(self.progress, 4), "created_s": round(self.created_s, 3), "ended_s": self.ended_s,
            "result": result,
        }  # fmt: skip


class FileQueue:
    """Enhances files one after another in each of some child processes. A context manager."""

    def __init__(self, config: ServerConfig, *, factory: str = "avse.enhance.work:enhance_worker") -> None:
        """Set up; processes start with the first files.

        Args:
            config: of the server.
            factory: of the workers, `module:function`.
        """
        self._config = config
        self._work = Work(factory, {"model": config.model, "device": "cpu", "detector": "auto"})
        self._jobs: dict[str, FileJob] = {}
        self._waiting: deque[str] = deque()
        self._children: dict[str, ChildProcess] = {}
        self._changed = threading.Condition()
        self._closed = False
        self._threads = [threading.Thread(target=self._serve, daemon=True) for _ in range(config.n_workers)]
        self._threads.append(threading.Thread(target=self._sweep, daemon=True))

    def __enter__(self) -> "FileQueue":
        self._config.folder.mkdir(parents=True, exist_ok=True)
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End running files, and delete everything."""
        with self._changed:
            self._closed = True
            children = list(self._children.values())
            self._changed.notify_all()
        for child in children:
            child.stop(grace_s=1.0)
        for thread in self._threads:
            thread.join(timeout=5)
        for job in list(self._jobs.values()):
            shutil.rmtree(job.folder, ignore_errors=True)

    def check_room(self) -> None:
        """Refuse an upload before it is read.

        Raises:
            FullError: too many files wait.
        """
        if len(self._waiting) >= self._config.max_queued:
            raise FullError(f"queue must have room but {len(self._waiting)} files wait; try again later")

    def new_folder(self) -> tuple[str, Path]:
        """An id that cannot be predicted, and a folder for an upload."""
        name = secrets.token_hex(16)
        folder = self._config.folder / name
        folder.mkdir(parents=True)
        return name, folder

    def add(self, name: str, source: Path, *, suffix: str, speaker: str, mixing: Mixing, audio_only: bool) -> FileJob:
        """Queue an upload.

        Args:
            name: of `new_folder`.
            source: the file, in that folder.
            suffix: of the output.
            speaker: as of `Job`.
            mixing: how much of the input stays.
            audio_only: do not look at the video.

        Raises:
            FullError: too many files wait.
        """
        target = source.parent / f"enhanced{suffix}"
        job = Job(audio=source, output=target, speaker=speaker, mixing=mixing, audio_only=audio_only, force=True)
        new = FileJob(name, source.parent, source, target, job_to_json(job))
        with self._changed:
            self.check_room()
            self._jobs[name] = new
            self._waiting.append(name)
            self._changed.notify()
        return new

    def get(self, name: str) -> FileJob | None:
        """A file by its id; None if there is none, or it was deleted."""
        return self._jobs.get(name)

    def delete(self, name: str) -> bool:
        """Cancel a file, and delete all of it; False if there is none."""
        with self._changed:
            job = self._jobs.pop(name, None)
            if job is None:
                return False
            with suppress(ValueError):
                self._waiting.remove(name)
            job.is_deleted = True
            child = self._children.get(name)
        if child is not None:
            child.stop(grace_s=1.0)
        shutil.rmtree(job.folder, ignore_errors=True)
        return True

    def counts(self) -> dict[str, int]:
        """Files by state."""
        found = dict.fromkeys(("queued", "running", "done", "failed"), 0)
        for job in list(self._jobs.values()):
            if job.state in found:
                found[job.state] += 1
        return found

    def _serve(self) -> None:
        child: ChildProcess | None = None
        while (job := self._next()) is not None:
            try:
                child = child or ChildProcess(self._work, no_progress_s=self._config.no_progress_s)
                child = self._run(job, child)
            except AvseError as error:  # no worker can be made
                self._end(job, error=str(error))
        if child is not None:
            child.stop(grace_s=1.0)

    def _next(self) -> FileJob | None:
        with self._changed:
            while not self._waiting and not self._closed:
                self._changed.wait()
            if self._closed:
                return None
            job = self._jobs[self._waiting.popleft()]
            job.state = "running"
            return job

    def _run(self, job: FileJob, child: ChildProcess) -> ChildProcess | None:
        """Enhance a file; the child, None if it is gone."""

        def follow(message: JsonDict) -> None:
            total = float(message.get("total") or 0)
            job.stage = str(message.get("stage", ""))
            job.progress = min(1.0, float(message.get("done", 0)) / total) if total else 0.0

        with self._changed:
            if job.is_deleted:
                return child
            self._children[job.id] = child
        payload = {"thing": f"file {job.source.name}", "job": job.job, "key": ""}
        try:
            result, error, _ = child.do(Task(job.id, payload), follow=follow)
        except (LostProcessError, StuckError) as lost:
            child.stop(grace_s=0)
            self._end(job, error=str(lost))
            return None
        finally:
            with self._changed:
                self._children.pop(job.id, None)
        self._end(job, result=result, error=error)
        if child.is_stopped:  # its file was deleted
            child.stop(grace_s=1.0)
            return None
        return child

    def _end(self, job: FileJob, *, result: JsonDict | None = None, error: str | None = None) -> None:
        with self._changed:
            if job.is_deleted:
                shutil.rmtree(job.folder, ignore_errors=True)
                return
            job.ended_s = time.time()
            # Where the file lay is the server's own business.
            job.error = None if error is None else error.replace(f"{job.folder}/", "")
            if result is not None and result["results"]:
                job.result, job.progress = result["results"][0], 1.0
            job.state = "done" if job.result is not None else "failed"
            with suppress(OSError):
                job.source.unlink()

    def _sweep(self) -> None:
        while not self._closed:
            time.sleep(SWEEP_S)
            now_s = time.time()
            old = [
                job.id for job in list(self._jobs.values()) if job.ended_s and now_s - job.ended_s > self._config.keep_s
            ]
            for name in old:
                self.delete(name)


def options_of(query: dict[str, Any]) -> tuple[Mixing, str, bool]:
    """How to enhance, from a request's parameters: mixing, speaker, audio-only.

    Raises:
        ServerFileError: the speaker is a photograph, which would be read from the server's own disk.
        InputError: one is out of range.
    """
    from avse.faces.choice import names_photograph, read_choice

    speaker = str(query.get("speaker", "auto"))
    if names_photograph(speaker):
        raise ServerFileError(
            f"speaker must be a choice among the faces of the upload but is the photograph {speaker[:60]!r}, which a "
            "server does not read; give a side, a number or x,y"
        )
    read_choice(speaker)
    limit = query.get("atten_lim_db")
    mixing = Mixing(mix=float(query.get("mix", 1.0)), attenuation_limit_db=None if limit is None else float(limit))
    return mixing, speaker, bool(query.get("audio_only", False))
