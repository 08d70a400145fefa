"""What the encoders read from one recording: mouth crops, a waveform, words, a sensor series."""

from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from avse.clips.captions import SUFFIXES, read_captions
from avse.data.bank import read_mono
from avse.data.crops import load_mouth, save_mouth
from avse.drives.series import read_series
from avse.errors import MediaError
from avse.faces.crop import FACE, MOUTH, Region
from avse.faces.mouth import track_mouth
from avse.media.made import Made, State
from avse.media.suffixes import VIDEO
from avse.media.video import VideoReader
from avse.types import FloatArray
from recipes.recognition.examples import LabelledRecording
from recipes.speech_benchmark.crop_store import RECORD, crops_key
from recipes.speech_benchmark.provenance import keep_if_same

SAMPLE_RATE = 16000
"""Hz of the waveform."""
CROP_RATE_HZ = 25.0
"""Crops per second."""
MOUTH_SIZE, FACE_SIZE = (32, 48), (48, 48)
"""Height and width of crops of the mouth and of the whole face, pixels."""
FACES = ".faces"
"""Folder of the crops of faces, in that of the crops of mouths; hidden, so that no recording is called so."""
SERIES_RATE_HZ = 10.0
"""Samples per second of a sensor series."""


class Crops(NamedTuple):
    """Crops of a mouth or of a whole face at an even rate."""

    crops: npt.NDArray[np.uint8]
    """`(n, height, width, 3)` RGB at `CROP_RATE_HZ`, zero where there is no face."""
    present: npt.NDArray[np.bool_]
    """`(n,)`."""


class Sources(NamedTuple):
    """One recording; what it lacks is None."""

    mouth: Crops | None
    waveform: FloatArray | None
    """`(samples,)` at `SAMPLE_RATE`."""
    text: str | None
    series: FloatArray | None
    """`(channels, samples)` at `SERIES_RATE_HZ`."""
    notes: tuple[str, ...]
    """What is missing, one line each."""
    face: Crops | None = None


def read_sources(example: LabelledRecording, *, wanted: frozenset[str], crops: Path) -> Sources:
    """Read what some modalities need; what a recording does not have is noted and missing.

    Args:
        example: whose file is read.
        wanted: of `mouth`, `face`, `waveform`, `text`, `series`.
        crops: folder of mouth crops by id; those that are not there are made.

    Raises:
        MediaError: the file cannot be read at all.
    """
    notes: list[str] = []
    mouth = _seen(example, crops, MOUTH, notes) if "mouth" in wanted else None
    face = _seen(example, crops, FACE, notes) if "face" in wanted else None
    waveform = _waveform(example, notes) if "waveform" in wanted else None
    text = _text(example) if "text" in wanted else None
    series = _series(example, notes) if "series" in wanted else None
    for name, found in (("text", text), ("series", series)):
        if name in wanted and found is None:
            notes.append(f"{example.id}: {name} is missing")
    return Sources(mouth, waveform, text, series, tuple(dict.fromkeys(notes)), face)


def _seen(example: LabelledRecording, folder: Path, region: Region, notes: list[str]) -> Crops | None:
    if example.path.suffix.lower() not in VIDEO:
        notes.append(f"{example.id}: video is missing, {example.path.name} is an audio file")
        return None
    track = load_mouth(_crops_of(example, folder, region))
    if not len(track.timestamps_s) or not track.present.any():
        notes.append(f"{example.id}: video shows no face; it counts as missing")
        return None
    end_s = float(track.timestamps_s[-1]) + 1 / CROP_RATE_HZ
    times_s = np.arange(max(1, round(end_s * CROP_RATE_HZ))) / CROP_RATE_HZ
    return Crops(*track.latest(times_s))


def _crops_of(example: LabelledRecording, folder: Path, region: Region) -> Path:
    """The crops of an example's video, made here or, of mouths, by the stage that finds them."""
    path = (folder if region == MOUTH else folder / FACES) / f"{example.file_id}.npz"
    key = crops_key(example.path)
    if _made(folder).state(key, [path]) is not State.DONE:
        path.parent.mkdir(parents=True, exist_ok=True)
        keep_if_same(path.parent, facts={"video": key}, outputs=[path], record=f".{path.name}.made_from.json")
    if not path.is_file():
        with VideoReader(example.path) as reader:
            size = MOUTH_SIZE if region == MOUTH else FACE_SIZE
            track = track_mouth(reader.frames(), speaker="largest", region=region, crop_size=size)
        save_mouth(path, track)
    return path


@lru_cache(maxsize=1)
def _made(folder: Path) -> Made:
    """What the stage that finds mouths has noted; it ran before."""
    return Made(folder, name=RECORD)


def _waveform(example: LabelledRecording, notes: list[str]) -> FloatArray | None:
    try:
        waveform = read_mono(example.path, sample_rate=SAMPLE_RATE)
    except MediaError:
        if example.path.suffix.lower() not in VIDEO:
            raise
        notes.append(f"{example.id}: audio cannot be read or there is none; it counts as missing")
        return None
    if not waveform.any():
        notes.append(f"{example.id}: audio is silent; it counts as missing")
        return None
    return waveform


def _text(example: LabelledRecording) -> str | None:
    if example.text:
        return example.text
    for suffix in SUFFIXES:
        path = example.path.with_suffix(suffix)
        if path.is_file():
            return " ".join(caption.text for caption in read_captions(path)[0]) or None
    return None


def _series(example: LabelledRecording, notes: list[str]) -> FloatArray | None:
    path = example.path.with_suffix(".csv")
    if not path.is_file():
        return None
    channels = list(read_series(path).values())
    end_s = max(float(channel.times_s[-1]) for channel in channels)
    times_s = np.arange(max(1, round(end_s * SERIES_RATE_HZ))) / SERIES_RATE_HZ
    rows = []
    for channel in channels:
        known = np.isfinite(channel.values)
        if not known.any():
            notes.append(f"{example.id}: channel {channel.name} holds no number and counts as 0")
            rows.append(np.zeros(len(times_s)))
            continue
        rows.append(np.interp(times_s, channel.times_s[known], channel.values[known]))
    return np.stack(rows).astype(np.float32)
