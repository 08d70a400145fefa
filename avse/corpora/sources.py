"""Videos and audio as they lie in a user's folders: found, and inspected one by one before anything relies on them."""

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
from avse.media.video import VideoReader, videos_under

MIN_CLIP_S = 1.0
"""Shorter clips say nothing, and have no PESQ."""
MAX_NAMED_TYPES = 12
"""Where files' names tell more noise types than this, they are titles and not types."""
VOICES = ("talker", "same_speaker")
"""How the types of noise begin that are made of voices."""


@dataclass(frozen=True)
class Source:
    """A video of one person talking, as it was found; nothing of it has been read."""

    id: str
    """Unique; letters, digits, - and _."""
    video: Path
    speaker: str | None = None
    """None where the corpus does not tell."""
    audio: Path | None = None
    """An audio file that belongs to it, for videos without audio of their own."""
    text: str | None = None


class Audio(NamedTuple):
    """What a recording sounds like."""

    path: Path
    duration_s: float
    power: float
    """Mean of the squared samples, full scale +-1."""


def videos_in(folder: Path) -> list[Path]:
    """Videos of a folder and of the folders in it, in order; not the hidden ones that systems leave beside others.

    Raises:
        ConfigError: there are none.
    """
    videos = [path for path in videos_under(folder) if not path.name.startswith(".")]
    if not videos:
        raise ConfigError(f"folder {folder} must hold videos ({' '.join(VIDEO)}) but has none; name another folder")
    return videos


def audio_files_in(folder: Path) -> list[Path]:
    """Audio files of a folder and of the folders in it, in order.

    Raises:
        ConfigError: there are none.
    """
    files = media_files(folder, AUDIO, recursive=True)
    if not files:
        raise ConfigError(f"folder {folder} must hold audio files (.wav, .flac, ...) but has none; name another folder")
    return files


def companion_audio(video: Path) -> Path | None:
    """The audio file of a video's name in its folder; None if there is none."""
    return next((path for suffix in AUDIO if (path := video.with_suffix(suffix)).is_file()), None)


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


def listen(path: Path) -> Audio:
    """Read an audio signal from start to end.

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
        raise MediaError(f"audio {path} must not be silent but is; record or export it again")
    return Audio(path, n_samples / rate, energy / n_samples)


def probe_source(source: Source) -> Audio:
    """Validate that a video has video frames and audio.

    Returns:
        Its audio, which may lie in another file.

    Raises:
        MediaError: the video cannot be read, has no audio or a silent one, or is too short.
    """
    with VideoReader(source.video) as reader:
        next(reader.frames())
        own = reader.info.has_audio
    path = source.video if own else source.audio
    if path is None:
        raise MediaError(f"video {source.video} must have audio but has none; put an audio file of its name beside it")
    audio = listen(path)
    if audio.duration_s < MIN_CLIP_S:
        raise MediaError(
            f"video {source.video} must last {MIN_CLIP_S:g} s but lasts {audio.duration_s:.2f} s; it teaches nothing"
        )
    return audio


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
