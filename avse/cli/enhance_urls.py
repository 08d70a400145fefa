"""From the arguments of `avse-enhance` to one job for each file, where inputs or the output are URLs."""

import argparse
from dataclasses import dataclass
from pathlib import Path

from avse.cli.enhance_jobs import common_facts, job_options, output_suffix
from avse.cli.input_list import has_urls
from avse.cli.pipes import is_piped
from avse.enhance.each import EACH
from avse.enhance.job import Job
from avse.enhance.work import job_to_json
from avse.errors import InputError
from avse.jobs import urls
from avse.jobs.places import Place, Url, fingerprint_of, path_or_url
from avse.jobs.task import JsonDict, Task
from avse.media.made import key_of
from avse.media.suffixes import AUDIO, VIDEO, media_files


@dataclass(frozen=True)
class UrlPlanned:
    """A file to be enhanced; whether that is done is found out where it runs."""

    audio: str
    output: str
    payload: JsonDict
    key: str
    is_done: bool = False

    def task(self) -> Task:
        """For an executor."""
        return Task(self.output, self.payload, self.key)


def wants_urls(options: argparse.Namespace) -> bool:
    """True if an input or the output is a URL.

    Raises:
        InputError: another one is a standard stream.
    """
    found = has_urls([*options.inputs, options.output])
    if found and is_piped(options):
        raise InputError("- must stand without URLs but does not; name a file or a folder")
    return found


def plan_urls(options: argparse.Namespace) -> list[UrlPlanned]:
    """Make a job for every input.

    Raises:
        InputError: an option cannot go with URLs, there is no output folder, or two outputs would be the same.
        MediaError: a folder cannot be listed.
    """
    _check(options)
    sources = [source for given in options.inputs for source in _sources(given)]
    several = len(sources) > 1 or str(options.output).endswith("/")
    facts = common_facts(options)
    job = Job(audio=Path("input"), output=Path("output"), **job_options(options))
    fields, seen, planned = job_to_json(job), dict[str, str](), list[UrlPlanned]()
    for source in sources:
        target = _target(source, options.output, several=several)
        if target in seen:
            raise InputError(
                f"every input must have its own output but that of {seen[target]} and {source} would be {target}; "
                "rename an input"
            )
        seen[target] = source
        key = key_of({**facts, "audio": fingerprint_of(path_or_url(source))})
        payload: JsonDict = {"thing": f"input {source}", "job": fields, "key": key, "source": source, "target": target}
        planned.append(UrlPlanned(source, target, payload, key))
    return planned


def _check(options: argparse.Namespace) -> None:
    given = {"--video": options.video, "--save-noise": options.save_noise, "--save-mouth": options.save_mouth,
             "--preview": options.preview}  # fmt: skip
    if names := [name for name, value in given.items() if value is not None]:
        raise InputError(f"{names[0]} must stand without URLs but does not; copy the files here first")
    if options.speaker == EACH:
        raise InputError("--speaker each must stand without URLs but does not; copy the files here first")
    if options.output is None:
        raise InputError("--output must be given where inputs are URLs but is not; name a folder or a URL")


def _sources(given: Place) -> list[str]:
    suffixes = (*VIDEO, *AUDIO)
    if isinstance(given, Url):
        found = urls.list_folder(given, suffixes)
    elif given.is_dir():
        found = [str(path) for path in media_files(given, suffixes)]
    else:
        return [str(given)]
    if not found:
        raise InputError(f"folder {given} must hold audio or video files but holds none; name another")
    return found


def _target(source: str, output: Place, *, several: bool) -> str:
    is_folder = several or (isinstance(output, Path) and output.is_dir())
    if not is_folder:
        return str(output)
    name = Path(urls.name_of(source))
    return urls.join(str(output), f"{name.stem}{output_suffix(name)}")
