"""The suffixes of media files, in one place."""

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
