"""Enhancement as a job of many: paths and options in, what was done out, all of it JSON."""

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from avse.enhance.stream import Mixing
from avse.errors import MediaError
from avse.jobs.task import JsonDict, Report
from avse.media.made import Made, State

if TYPE_CHECKING:
    from avse.enhance.file import EnhanceResult
    from avse.enhance.job import Job

RECORD = ".avse-enhance.jsonl"
"""Which outputs were made from what, in each folder of outputs."""
PATHS = ("audio", "output", "video", "save_noise", "save_mouth", "preview")
"""Fields of a `Job` that are paths."""


def job_to_json(job: "Job") -> JsonDict:
    """A job for another process; names that are no text survive."""
    fields = {field.name: getattr(job, field.name) for field in dataclasses.fields(job)}
    paths = {name: None if fields[name] is None else str(fields[name]) for name in PATHS}
    return {**fields, **paths, "mixing": dataclasses.asdict(job.mixing)}


def job_from_json(fields: JsonDict) -> "Job":
    """What `job_to_json` made."""
    from avse.enhance.job import Job

    paths = {name: None if fields[name] is None else Path(fields[name]) for name in PATHS}
    return Job(**{**fields, **paths, "mixing": Mixing(**fields["mixing"])})


class EnhanceWorker:
    """Holds the loaded model of one process."""

    def __init__(self, *, model: str, device: str, detector: str) -> None:
        """Load the model and the face detector.

        Args:
            model: name or file.
            device: `cpu`, `cuda` and the like.
            detector: name or file.

        Raises:
            ConfigError: one cannot be loaded.
        """
        from avse.enhance.enhancer import Enhancer
        from avse.faces.detectors import load_detector

        self._enhancer = Enhancer.load(model, device=device)
        self._detector = load_detector(detector)
        self._made: dict[Path, Made] = {}

    def __call__(self, payload: JsonDict, report: Report) -> JsonDict:
        """Enhance one file.

        Args:
            payload: `job` as `job_to_json` makes it; `key` of everything that the outputs depend on, empty where no
                list of outputs is kept.
            report: is called with the progress.

        Returns:
            `results`: for each file that was written the fields of an `EnhanceResult`; `skipped`: True if another run
            wrote the same outputs meanwhile.

        Raises:
            AvseError: the file cannot be enhanced.
        """
        job, key = job_from_json(payload["job"]), payload["key"]
        outputs = [path for path in (job.output, job.save_noise, job.save_mouth, job.preview) if path is not None]
        if not key:
            return _result(self._enhance(job, report))
        if not job.force and any(path.exists() for path in outputs):
            state = _state(key, outputs)
            if state is State.DONE:
                return {"results": [], "skipped": True}
            # What a killed run of the same job left may be replaced.
            job = dataclasses.replace(job, force=state is State.BEGUN)
        made = self._list_of(job.output.parent)
        made.begin(key, outputs)
        try:
            results = self._enhance(job, report)
        except MediaError:
            # Two runs may enhance one file at the same time: the output of the first one serves the other.
            if not job.force and _state(key, outputs) is State.DONE:
                return {"results": [], "skipped": True}
            raise
        made.finish(key, outputs)
        return _result(results)

    def _enhance(self, job: "Job", report: Report) -> list["EnhanceResult"]:
        from avse.enhance.each import EACH, enhance_each
        from avse.enhance.file import enhance_file

        if job.speaker == EACH:
            return enhance_each(self._enhancer, job, detector=self._detector, progress=report)
        return [enhance_file(self._enhancer, job, detector=self._detector, progress=report)]

    def _list_of(self, folder: Path) -> Made:
        if folder not in self._made:
            self._made[folder] = Made(folder, name=RECORD)
        return self._made[folder]


def enhance_worker(**options: Any) -> EnhanceWorker:
    """Make a worker; options as of `EnhanceWorker`."""
    return EnhanceWorker(**options)


def _state(key: str, outputs: Sequence[Path]) -> State:
    """What is known of some outputs; the list is read again, for another run may have added to it."""
    return Made(outputs[0].parent, name=RECORD).state(key, outputs)


def _result(results: list["EnhanceResult"]) -> JsonDict:
    rows: list[Any] = [dataclasses.asdict(result) for result in results]
    plain: list[JsonDict] = json.loads(json.dumps(rows, default=str))
    return {"results": plain, "skipped": False}
