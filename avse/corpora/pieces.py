"""Videos that are too long for one clip, cut into pieces of a few seconds."""

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np

from avse.clips.cut import ClipConfig, cut_video, encode_clip
from avse.corpora.sources import Audio, Source
from avse.errors import MediaError
from avse.media.output import atomic_write

LONG_S = 15.0
"""Videos up to this length are clips as they are."""
PIECE = ClipConfig(duration_s=5.0, fps=25.0, height=480, sample_rate=48_000)
"""What pieces are like: somewhat longer than the examples that are cut from them."""
QUIET_POWER = 10**-2.5
"""A piece with less than this share of the video's mean power, -25 dB, is a pause: nobody talks in it."""


class Take(NamedTuple):
    """A clip to train or to test with: a whole video, or a piece of one."""

    id: str
    video_id: str
    """Identity of the video that it comes from."""
    speaker: str | None
    video: Path
    audio: Path
    duration_s: float
    text: str | None


def takes_of(source: Source, audio: Audio, *, folder: Path) -> list[Take]:
    """A video's clips: itself, or, where it is long, pieces that are written unless they are there already.

    Args:
        source: the video.
        audio: of it, as `probe_source` found it.
        folder: for pieces.

    Raises:
        MediaError: the video cannot be decoded, or nobody talks in it.
    """
    if audio.duration_s <= LONG_S:
        return [Take(source.id, source.id, source.speaker, source.video, audio.path, audio.duration_s, source.text)]
    lengths = _cut(source, audio, folder=folder)
    if not lengths:
        raise MediaError(f"video {source.video} must have pieces in which somebody talks but has none; name another")
    return [
        Take(name, source.id, source.speaker, folder / f"{name}.mp4", folder / f"{name}.flac", duration_s, None)
        for name, duration_s in lengths.items()
    ]


def _cut(source: Source, audio: Audio, *, folder: Path) -> dict[str, float]:
    """Write a video's pieces; their names and lengths in seconds."""
    record = folder / f"{source.id}.json"
    state = source.video.stat()
    made_of = {"video": str(source.video), "bytes": state.st_size, "changed": state.st_mtime}
    if record.is_file():
        known = json.loads(record.read_text(encoding="utf-8"))
        source_of = {
            "video" if name == "film" else name: value for name, value in known["made_of"].items()
        }  # as it was
        if source_of == made_of:
            return dict(known["pieces"])
    own = audio.path == source.video
    pieces: dict[str, float] = {}
    for number, clip in enumerate(
        cut_video(source.video, config=PIECE, captions=[], audio=None if own else audio.path)
    ):
        power = 0.0 if clip.waveform is None else float(np.mean(np.square(clip.waveform, dtype=np.float64)))
        if power < QUIET_POWER * audio.power:
            continue
        name = f"{source.id}__{number:05d}"
        files = encode_clip(clip, config=PIECE)
        for suffix in ("mp4", "flac"):
            with atomic_write(folder / f"{name}.{suffix}", force=True) as temporary:
                temporary.write_bytes(files[suffix])
        pieces[name] = len(clip.frames) / PIECE.fps
    # Only now are all pieces there: a killed run cuts this video again.
    with atomic_write(record, force=True) as temporary:
        temporary.write_text(json.dumps({"made_of": made_of, "pieces": pieces}), encoding="utf-8")
    return pieces
