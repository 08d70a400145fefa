"""Films and sounds as they lie in a user's folders: found, and looked at one by one before anything relies on them."""

import re
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from avse.errors import ConfigError, MediaError
from avse.media.audio import AudioReader
from avse.media.suffixes import AUDIO, VIDEO, media_files
from avse.media.video import VideoReader, films_under

MIN_CLIP_S = 1.0
"""Shorter clips say nothing, and have no PESQ."""
MAX_NAMED_TYPES = 12
"""Where files' names tell more noise types than this, they are titles and not types."""
VOICES = ("talker", "same_speaker")
"""How the types of noise begin that are made of voices."""


@dataclass(frozen=True)
class Source:
    """A film of one person talking, as it was found; nothing of it has been read."""

    id: str
    """Unique; letters, digits, - and _."""
    film: Path
    speaker: str | None = None
    """None where the corpus does not tell."""
    sound: Path | None = None
    """A sound file that belongs to it, for films without sound of their own."""
    text: str | None = None


class Sound(NamedTuple):
    """What a recording sounds like."""

    path: Path
    duration_s: float
    power: float
    """Mean of the squared samples, full scale +-1."""


def films_in(folder: Path) -> list[Path]:
    """Films of a folder and of the folders in it, in order; not the hidden ones that systems leave beside others.

    Raises:
        ConfigError: there are none.
    """
    films = [path for path in films_under(folder) if not path.name.startswith(".")]
    if not films:
        raise ConfigError(f"folder {folder} must hold films ({' '.join(VIDEO)}) but has none; name another folder")
    return films


def sounds_in(folder: Path) -> list[Path]:
    """Sound files of a folder and of the folders in it, in order.

    Raises:
        ConfigError: there are none.
    """
    sounds = media_files(folder, AUDIO, recursive=True)
    if not sounds:
        raise ConfigError(f"folder {folder} must hold sound files (.wav, .flac, ...) but has none; name another folder")
    return sounds


def sound_beside(film: Path) -> Path | None:
    """The sound file of a film's name in its folder; None if there is none."""
    return next((path for suffix in AUDIO if (path := film.with_suffix(suffix)).is_file()), None)


def identities(paths: Iterable[Path], *, folder: Path) -> dict[Path, str]:
    """A name for each file that is unique and fit to be a file's name itself.

    Args:
        paths: of files.
        folder: that they lie in, perhaps deeper.
    """
    names: dict[Path, str] = {}
    taken: set[str] = set()
    for path in paths:
        relative = path.relative_to(folder)
        name = re.sub(r"[^\w-]+", "_", "__".join(relative.with_suffix("").parts)).strip("_")
        # Other stages append to it, and file systems allow 255 bytes.
        if name in taken or not name or len(name.encode()) > 120:
            name = f"{name.encode()[:100].decode(errors='ignore')}_{zlib.crc32(relative.as_posix().encode()):08x}"
        taken.add(name)
        names[path] = name
    return names


def listen(path: Path) -> Sound:
    """Read a sound from start to end.

    Raises:
        MediaError: it cannot be read, or is silent.
    """
    n_samples, energy = 0, 0.0
    with AudioReader(path) as reader:
        for block in reader.blocks():
            n_samples += block.shape[1]
            energy += float(np.sum(np.square(block.mean(axis=0, dtype=np.float64))))
        rate = reader.info.sample_rate
    if energy == 0:
        raise MediaError(f"sound {path} must not be silent but is; record or export it anew")
    return Sound(path, n_samples / rate, energy / n_samples)


def look_at(source: Source) -> Sound:
    """Make sure that a film shows pictures and sounds.

    Returns:
        Its sound, which may lie in another file.

    Raises:
        MediaError: the film cannot be read, has no sound or a silent one, or is too short.
    """
    with VideoReader(source.film) as reader:
        next(reader.frames())
        own = reader.info.has_sound
    path = source.film if own else source.sound
    if path is None:
        raise MediaError(f"video {source.film} must have audio but has none; put an audio file of its name beside it")
    sound = listen(path)
    if sound.duration_s < MIN_CLIP_S:
        raise MediaError(
            f"video {source.film} must last {MIN_CLIP_S:g} s but lasts {sound.duration_s:.2f} s; it teaches nothing"
        )
    return sound


def noise_types(paths: list[Path], *, folder: Path) -> dict[Path, str]:
    """Each noise file's type: the folder that it lies in, else its name without numbers.

    Args:
        paths: of noises.
        folder: that they lie in, perhaps deeper; its own name is no type.
    """
    types = {path: _type(path.relative_to(folder)) for path in paths}
    named = {types[path] for path in paths if path.parent == folder}
    if len(named) > MAX_NAMED_TYPES:
        types = {path: "noise" if path.parent == folder else kind for path, kind in types.items()}
    return types


def _type(path: Path) -> str:
    name = path.parts[0] if len(path.parts) > 1 else re.sub(r"[\W\d_]+", "_", path.stem)
    name = re.sub(r"\W+", "_", name).strip("_") or "noise"
    # The stages know mixtures with voices by these names.
    return f"noise_{name}" if name.startswith(VOICES) else name
