"""The manifest: one JSON object a line, the only description of data that training and tests read.

Paths in it are relative to the corpus root, so that a manifest can be shared; those of files that lie elsewhere are
absolute. The root of the data is the environment variable `AVSE_DATA`, or the folder `data` when that is unset.
"""

import dataclasses
import json
import os
import typing
from collections.abc import Iterable
from pathlib import Path, PurePath, PureWindowsPath
from typing import Any, TypeVar

from avse.errors import ConfigError
from avse.jobs.places import Place, Url, on_disk, path_or_url
from avse.media.output import atomic_write

ROOTS = ("AVSE_DATA", "AVSE_VIDEOS", "AVSE_NOISE", "AVSE_SPEECH")
"""Variables that name the folders that data may lie in."""
SPLITS = ("train", "valid", "test", "test_seen", "test_unseen")


def data_root() -> Path:
    """The folder that the data's paths start from: `AVSE_DATA`, else `data`.

    Raises:
        ConfigError: the folder does not exist.
    """
    root = Path(os.environ.get("AVSE_DATA", "data"))
    if not root.is_dir():
        raise ConfigError(f"the data folder must exist but {root} does not; set AVSE_DATA to where the data lies")
    return root


def data_place() -> Place:
    """As `data_root`, where a URL will do: `AVSE_DATA` may be one.

    Raises:
        ConfigError: the folder does not exist.
    """
    place = path_or_url(os.environ.get("AVSE_DATA", "data"))
    return place if isinstance(place, Url) else data_root()


@dataclasses.dataclass(frozen=True)
class Item:
    """One recording: a talking face, a sentence without video, or a noise."""

    id: str
    split: str
    """One of `SPLITS`; nothing marked `test*` may train a model or tune a threshold."""
    audio: str
    """Path of the audio, or of the container that holds it, relative to the root; absolute if it lies elsewhere."""
    licence: str
    video: str | None = None
    """Path of the video, relative to the root; absolute if it lies elsewhere."""
    speaker: str | None = None
    noise_type: str | None = None
    """Set for noises only."""
    text: str | None = None
    duration_s: float | None = None
    attribution: str | None = None
    """Whom the licence asks to name; cards of weights do."""
    recording: str | None = None
    """Session or file that a noise was cut from, where it is known; recordings never cross a split."""

    def __post_init__(self) -> None:
        """Check what a type cannot say."""
        check_id(self.id)
        for path in (self.audio, self.video):
            if path is not None:
                check_path(path, of=self.id)
        if self.split not in SPLITS:
            raise ConfigError(f"split of {self.id} must be one of {', '.join(SPLITS)} but is {self.split!r}")
        if (self.speaker is None) == (self.noise_type is None):
            raise ConfigError(f"{self.id} must have a speaker (speech) or a noise_type (noise), and not both")

    @property
    def is_speech(self) -> bool:
        """True for speech, False for noise."""
        return self.noise_type is None


@dataclasses.dataclass(frozen=True)
class NoiseCut:
    """A piece of a noise recording."""

    path: str
    offset_s: float
    clip: str | None = None
    """Item that the piece belongs to, where it is another sentence of the corpus."""


@dataclasses.dataclass(frozen=True)
class Mixture:
    """One fixed test mixture: which clip, which noise from where, how loud."""

    id: str
    clip: str
    split: str
    noise_type: str
    noise: tuple[NoiseCut, ...]
    snr_db: float

    def __post_init__(self) -> None:
        """Check what a type cannot say."""
        check_id(self.id)
        check_id(self.clip)
        for cut in self.noise:
            check_path(cut.path, of=self.id)


def check_id(identity: str) -> None:
    """Validate that an id can name a file in a folder, and none outside of it.

    Raises:
        ConfigError: it cannot.
    """
    parts = identity.split("/")
    if not identity.isprintable() or "\\" in identity or ":" in identity or any(p in ("", ".", "..") for p in parts):
        raise ConfigError(f"id must name a file within a folder but is {identity!r}; use letters, numbers, - and _")


def check_path(path: str, *, of: str) -> None:
    """Validate that a path does not climb out of its folder.

    Args:
        path: of a manifest, relative to the root of the data, or absolute.
        of: id of its item.

    Raises:
        ConfigError: it leads elsewhere.
    """
    if "\0" in path or ".." in PurePath(path).parts or ".." in PureWindowsPath(path).parts:
        raise ConfigError(f"path of {of} must stay in the data folder but is {path!r}; write the manifest again")


def _check_place(path: str, *, of: str, manifest: Path) -> None:
    """Validate that an absolute path lies in a folder that the user has named, or beside the manifest.

    Raises:
        ConfigError: it leads elsewhere.
    """
    if not Path(path).is_absolute():
        return
    roots = [Path(given).resolve() for name in ROOTS if (given := os.environ.get(name))]
    roots.append(manifest.parent.resolve())
    if not any(Path(path).is_relative_to(root) for root in roots):
        raise ConfigError(
            f"path of {of} must lie in a folder that {', '.join(ROOTS)} name but is {path}; set the one that holds it"
        )


Identified = TypeVar("Identified", Item, Mixture)
Row = TypeVar("Row", Item, Mixture, NoiseCut)


def read_manifest(place: Place) -> list[Item]:
    """Read and check a manifest of recordings.

    Raises:
        ConfigError: the file is missing, a line is not valid, or an id stands twice.
        MediaError: there is none at a URL, or it cannot be read.
    """
    with on_disk(place) as path:
        items = [_row(Item, path, number, fields) for number, fields in _lines(path)]
        for item in items:
            for given in (item.audio, item.video):
                if given is not None:
                    _check_place(given, of=item.id, manifest=path)
        return _checked_ids(path, items)


def read_mixtures(place: Place) -> list[Mixture]:
    """Read and check a list of fixed mixtures; errors as of `read_manifest`."""
    with on_disk(place) as path:
        return _mixtures_in(path)


def _mixtures_in(path: Path) -> list[Mixture]:
    rows = []
    for number, fields in _lines(path):
        cuts = fields.get("noise", [])
        if not isinstance(cuts, list):
            raise ConfigError(f"{path}:{number} must hold a list as noise but holds {cuts!r}; write the list again")
        noise = tuple(_row(NoiseCut, path, number, cut) for cut in cuts)
        rows.append(_row(Mixture, path, number, {**fields, "noise": noise}))
    for row in rows:
        for cut in row.noise:
            _check_place(cut.path, of=row.id, manifest=path)
    return _checked_ids(path, rows)


def write_manifest(path: Path, rows: Iterable[Item | Mixture]) -> None:
    """Write rows as JSON lines, without the fields that are None."""
    with atomic_write(path, force=True) as temporary:
        text = "".join(
            json.dumps({k: v for k, v in dataclasses.asdict(row).items() if v is not None}) + "\n" for row in rows
        )
        temporary.write_text(text, encoding="utf-8")


def _lines(path: Path) -> list[tuple[int, dict[str, Any]]]:
    if not path.is_file():
        raise ConfigError(f"manifest {path} must be a file but is missing; run the manifest stage first")
    rows = []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        raise ConfigError(
            f"manifest {path} must be JSON lines in UTF-8 but is no such text; name another file"
        ) from None
    for number, line in enumerate(lines, start=1):
        try:
            fields = json.loads(line)
        except json.JSONDecodeError as error:
            raise ConfigError(f"{path}:{number} must be one JSON object but is not: {error}") from None
        if not isinstance(fields, dict):
            raise ConfigError(f"{path}:{number} must be one JSON object but is {fields!r}; write the manifest again")
        rows.append((number, fields))
    return rows


def _row(kind: type[Row], path: Path, number: int, fields: object) -> Row:
    if not isinstance(fields, dict):
        raise ConfigError(f"{path}:{number} must be a JSON object but is {fields!r}; write the manifest again")
    hints = typing.get_type_hints(kind)
    for name in hints.keys() & fields.keys():
        allowed = typing.get_args(hints[name]) or (hints[name],)
        value = float(fields[name]) if type(fields[name]) is int and float in allowed else fields[name]
        if typing.get_origin(hints[name]) is not tuple and not isinstance(value, allowed):
            raise ConfigError(
                f"{path}:{number} must hold another kind of {name} than {value!r}; write the manifest again"
            )
    required = {f.name for f in dataclasses.fields(kind) if f.default is dataclasses.MISSING}
    if missing := sorted(required - fields.keys()):
        raise ConfigError(f"{path}:{number} must name {', '.join(missing)} but does not; write the manifest again")
    return kind(**{name: value for name, value in fields.items() if name in hints})


def _checked_ids(path: Path, rows: list[Identified]) -> list[Identified]:
    seen: set[str] = set()
    for row in rows:
        if row.id in seen:
            raise ConfigError(f"ids in {path} must be unique but {row.id} stands twice; rename one")
        seen.add(row.id)
    return rows
