"""The suffixes of media files, in one place."""

from collections.abc import Iterable
from pathlib import Path

from avse.media.output import is_hidden

LIBSNDFILE = {
    ".wav": "WAV",
    ".flac": "FLAC",
    ".ogg": "OGG",
    ".aiff": "AIFF",
    ".aif": "AIFF",
    ".w64": "W64",
}
"""Formats that libsndfile writes, by suffix."""
FFMPEG_AUDIO = (".m4a", ".mp3", ".opus")
"""Audio files that FFmpeg writes."""
WRITABLE = (*LIBSNDFILE, *FFMPEG_AUDIO)
"""Suffixes of audio files that can be written."""
AUDIO = (*WRITABLE, ".aac", ".wma", ".oga", ".mka")
"""Suffixes of audio files that are looked for in folders."""
VIDEO = (
    ".mp4", ".mkv", ".mov", ".webm", ".avi", ".m4v", ".mpg", ".mpeg", ".ts", ".mts", ".m2ts", ".wmv", ".3gp", ".flv",
    ".ogv",
)  # fmt: skip
"""Suffixes of video files that are looked for in folders."""
WRITTEN_INSTEAD = {".aac": ".m4a", ".wma": ".m4a", ".oga": ".ogg", ".mka": ".flac"}
"""What a file becomes whose own format cannot be written with its exact length."""
STILLS = (".png", ".jpg", ".jpeg", ".bmp", ".webp")
"""Suffixes of images."""
NO_MEDIA = (
    ".csv", ".html", ".json", ".jsonl", ".md", ".txt", ".yaml", ".yml", ".pdf", ".lab", ".npz", ".parquet", *STILLS,
)  # fmt: skip
"""Suffixes of lists, reports and images that lie beside audio files."""


def media_files(folder: Path, suffixes: Iterable[str], *, recursive: bool = False) -> list[Path]:
    """Files of a folder whose names end in one of the suffixes, in order.

    Hidden files are none of them: they are the system's, `._` files of another system, or what a killed process left.

    Args:
        folder: to search.
        suffixes: in lower case, with the dot.
        recursive: search the folders in it, too.
    """
    wanted = tuple(suffixes)
    found = folder.rglob("*") if recursive else folder.iterdir()
    return sorted(p for p in found if p.suffix.lower() in wanted and not is_hidden(p) and p.is_file())
