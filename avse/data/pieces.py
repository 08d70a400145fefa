"""Films that are too long for one clip, cut into pieces of a few seconds."""

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np

from avse.data.clips import ClipConfig, cut_film, encode_clip
from avse.data.sources import Sound, Source
from avse.errors import MediaError
from avse.media.output import beside

LONG_S = 15.0
"""Films up to this length are clips as they are."""
PIECE = ClipConfig(duration_s=5.0, fps=25.0, height=480, sample_rate=48_000)
"""What pieces are like: somewhat longer than the examples that are cut from them."""
QUIET_POWER = 10**-2.5
"""A piece with less than this share of the film's mean power, -25 dB, is a pause: nobody talks in it."""


class Take(NamedTuple):
    """A clip to train or to test with: a whole film, or a piece of one."""

    id: str
    film: str
    """Identity of the film that it comes from."""
    speaker: str | None
    video: Path
    audio: Path
    duration_s: float
    text: str | None


def takes_of(source: Source, sound: Sound, *, folder: Path) -> list[Take]:
    """A film's clips: itself, or, where it is long, pieces that are written unless they are there already.

    Args:
        source: the film.
        sound: of it, as `look_at` found it.
        folder: for pieces.

    Raises:
        MediaError: the film cannot be decoded, or nobody talks in it.
    """
    if sound.duration_s <= LONG_S:
        return [Take(source.id, source.id, source.speaker, source.film, sound.path, sound.duration_s, source.text)]
    lengths = _cut(source, sound, folder=folder)
    if not lengths:
        raise MediaError(f"video {source.film} must have pieces in which somebody talks but has none; name another")
    return [
        Take(name, source.id, source.speaker, folder / f"{name}.mp4", folder / f"{name}.flac", duration_s, None)
        for name, duration_s in lengths.items()
    ]


def _cut(source: Source, sound: Sound, *, folder: Path) -> dict[str, float]:
    """Write a film's pieces; their names and lengths in seconds."""
    record = folder / f"{source.id}.json"
    state = source.film.stat()
    made_of = {"film": str(source.film), "bytes": state.st_size, "changed": state.st_mtime}
    if record.is_file():
        known = json.loads(record.read_text(encoding="utf-8"))
        if known["made_of"] == made_of:
            return dict(known["pieces"])
    own = sound.path == source.film
    pieces: dict[str, float] = {}
    for number, clip in enumerate(cut_film(source.film, config=PIECE, captions=[], sound=None if own else sound.path)):
        power = 0.0 if clip.waveform is None else float(np.mean(np.square(clip.waveform, dtype=np.float64)))
        if power < QUIET_POWER * sound.power:
            continue
        name = f"{source.id}__{number:05d}"
        files = encode_clip(clip, config=PIECE)
        for suffix in ("mp4", "flac"):
            with beside(folder / f"{name}.{suffix}", force=True) as temporary:
                temporary.write_bytes(files[suffix])
        pieces[name] = len(clip.frames) / PIECE.fps
    # Only now are all pieces there: a killed run cuts this film anew.
    with beside(record, force=True) as temporary:
        temporary.write_text(json.dumps({"made_of": made_of, "pieces": pieces}), encoding="utf-8")
    return pieces
