"""What the player in the browser gets: addresses of files, images and spans."""

from pathlib import Path
from typing import Any
from urllib.parse import quote

from avse.demo.enhancement import Shown
from avse.demo.found import Found
from avse.demo.spectrograms import spectrogram_addresses
from avse.media.container import open_container
from avse.media.video import audio_start_s, first_frame_s, probe_video

FILES = "/gradio_api/file="
"""Where Gradio serves files of allowed folders."""


def address_of(path: Path) -> str:
    """A file's address on the page's own server."""
    return FILES + quote(str(path))


def player_value(found: Found, shown: list[Shown]) -> dict[str, Any]:
    """All that the player needs, for JSON.

    Args:
        found: the upload.
        shown: enhanced recordings of it, at least one.
    """
    video = found.upload.video
    return {
        "video": address_of(video) if video is not None else None,
        "video_start_s": _zero_s(video) if video is not None else 0.0,
        "results": [_result(one) for one in shown],
    }


def _result(one: Shown) -> dict[str, Any]:
    before, after = spectrogram_addresses(one.comparison.path, duration_s=one.comparison.duration_s)
    downloads = [path for path in (one.video, one.audio) if path is not None]
    return {
        "name": _name(one),
        "audio": address_of(one.comparison.path),
        "top_khz": one.comparison.sample_rate / 2000,
        "duration_s": one.comparison.duration_s,
        "before_lufs": _finite(one.comparison.before_lufs),
        "after_lufs": _finite(one.comparison.after_lufs),
        "mouth": address_of(one.mouth) if one.mouth is not None else None,
        "mouth_start_s": one.mouth_start_s,
        "spans": [list(span) for span in one.spans],
        "spectrograms": {"before": before, "after": after},
        "downloads": [{"name": path.name, "address": address_of(path)} for path in downloads],
    }


def _name(one: Shown) -> str:
    """What the result is called: whose voice, and how much of the video was used."""
    faces = one.result.faces
    if faces is None:
        return "audio-only"
    return f"{faces.chosen}; video used for {100 * one.result.video_fraction:.0f} % of the time"


def _zero_s(video: Path) -> float:
    """Where time zero of the recording lies in the video as a browser counts: from its earliest track."""
    start_s = audio_start_s(video) if probe_video(video).has_audio else first_frame_s(video)
    with open_container(video, kind="video") as container:
        earliest_s = (container.start_time or 0) / 1_000_000
    return max(0.0, start_s - earliest_s)


def _finite(value: float) -> float | None:
    return round(value, 2) if value > float("-inf") else None
