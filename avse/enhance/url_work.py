"""Enhancement of files at URLs: fetched into a temporary folder, enhanced there, and the output put in its place."""

import dataclasses
from pathlib import Path
from typing import Any

from avse.enhance.work import EnhanceWorker, job_from_json, job_to_json
from avse.jobs import urls
from avse.jobs.places import Url, check_place, fetched
from avse.jobs.task import JsonDict, Report
from avse.jobs.url_made import UrlMade
from avse.media.made import State
from avse.media.output import scratch_folder

RECORDS = ".avse-enhance"
"""Hidden folder beside the outputs: what each was made from."""


class UrlWorker:
    """Enhances files that lie at URLs, and other ones as `EnhanceWorker` does."""

    def __init__(self, **options: Any) -> None:
        """Load the model; options as of `EnhanceWorker`."""
        self._inner = EnhanceWorker(**options)

    def __call__(self, payload: JsonDict, report: Report) -> JsonDict:
        """Enhance one file.

        Args:
            payload: as of `EnhanceWorker`, with `source` and `target`, each a URL or a path; the job's own paths do
                not matter.
            report: is called with the progress.

        Returns:
            As of `EnhanceWorker`.

        Raises:
            AvseError: the file cannot be fetched, enhanced or put.
        """
        source, target, key = str(payload["source"]), str(payload["target"]), str(payload["key"])
        job = job_from_json(payload["job"])
        made = UrlMade(target, folder=RECORDS) if urls.is_url(target) else None
        if not job.force and made is not None:
            state = made.state(key)
            if state is State.DONE:
                return {"results": [], "skipped": True}
            if state is State.NEW:
                check_place(Url(target))
        with scratch_folder() as folder:
            report("fetch", 0.0, 1.0)
            local = fetched(source, folder)
            output = folder / f"enhanced{Path(urls.name_of(target)).suffix}" if made else Path(target)
            own = job_to_json(dataclasses.replace(job, audio=local, output=output))
            row = self._inner({**payload, "key": "" if made else key, "job": own}, report)
            if made is not None:
                made.put(output, key)
        for result in row["results"]:
            result.update(audio=source, output=target)
        return row


def url_worker(**options: Any) -> UrlWorker:
    """Make a worker; options as of `EnhanceWorker`."""
    return UrlWorker(**options)
