"""Containers opened safely through FFmpeg, and decoded past damage as players do."""

import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import av

from avse.errors import MediaError

PROTOCOLS = "file,crypto,data"
"""What FFmpeg may open; a file's name or content never makes a network request."""
PLAYLISTS = ("hls", "applehttp", "concat", "dash", "imf", "sdp", "rtsp", "vapoursynth", "lavfi")
"""Formats that name other files or streams; a medium is one file."""


def check_file(path: Path, *, kind: str) -> None:
    """Validate that a file is there and holds something.

    Args:
        path: the file.
        kind: what it should be, for the message.

    Raises:
        MediaError: missing, a folder, a device or pipe, unreadable, or empty.
    """
    if path.is_dir():
        raise MediaError(f"{kind} {path} must be a file but is a folder; name a file in it")
    try:
        # A pipe would block when it is opened, a device may never end.
        regular = stat.S_ISREG(path.stat().st_mode)
        empty = regular and not _first_byte(path)
    except FileNotFoundError:
        raise MediaError(f"{kind} {path} must exist but does not; check the name") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise MediaError(f"{kind} {path} must be readable but is not ({reason}); check its name and rights") from None
    if not regular:
        raise MediaError(f"{kind} {path} must be a regular file but is a device or pipe; save it to a file first")
    if empty:
        raise MediaError(f"{kind} {path} must hold data but has no bytes; record or download it again")


def check_container(path: Path) -> None:
    """Validate that there is a container for an output's name, before any work is done for it.

    Raises:
        MediaError: FFmpeg writes no container whose files are named so.
    """
    suffix = path.suffix.lower().removeprefix(".")
    for name in av.formats_available:
        try:
            container = av.ContainerFormat(name, "w")
        except ValueError:  # FFmpeg only reads it
            continue
        if suffix in container.extensions:
            return
    raise MediaError(
        f"output {path} must be named as a video file but ends in {path.suffix or 'no suffix'}; use .mp4 or .mkv"
    )


def open_container(path: Path, *, kind: str) -> "av.container.InputContainer":
    """Open a file through FFmpeg; its name is taken as a name and never as an address.

    Raises:
        MediaError: FFmpeg knows no such format, the file is damaged, or it is a playlist.
    """
    try:
        container = av.open(url(path), options={"protocol_whitelist": PROTOCOLS})
    except (av.FFmpegError, ValueError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise MediaError(
            f"{kind} {path} must be media that FFmpeg reads but is not ({reason}); it may be cut off or of another kind"
        ) from None
    if set(container.format.name.split(",")) & set(PLAYLISTS):
        container.close()
        raise MediaError(f"{kind} {path} must be a media file but is a playlist; name the file it plays")
    return container


def open_output(path: Path, *, options: dict[str, str] | None = None) -> "av.container.OutputContainer":
    """Open a file for writing through FFmpeg, with nothing random or of the day in it.

    Raises:
        av.FFmpegError: the place cannot be written.
        ValueError: FFmpeg knows no format of this suffix.
    """
    # FFmpeg's own format for these, `ipod`, holds no PNG as a cover.
    brand = {".m4a": "M4A ", ".m4v": "M4V "}.get(path.suffix.lower())
    if brand is None:
        container = av.open(url(path), "w", options=options or {})
    else:
        container = av.open(url(path), "w", format="mp4", options={"brand": brand, **(options or {})})
    container.flags |= av.container.Flags.bitexact.value
    return container


def url(path: Path) -> str:
    """How FFmpeg is given a file: a name such as `http:host` or `talk:1.mp4` stays a name."""
    return f"file:{path}"


def decode(
    container: "av.container.InputContainer",
    stream: "av.stream.Stream",
    *,
    on_damage: Callable[[], None] = lambda: None,
) -> Iterator[tuple["av.frame.Frame", "av.packet.Packet"]]:
    """Decode one stream and step over damaged packets, as a player does.

    Args:
        container: the file.
        stream: of it.
        on_damage: called for each packet that cannot be read or decoded.

    Yields:
        Frames, each with the packet whose decoding gave it.
    """
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets)
            frames = packet.decode()
        except (StopIteration, av.EOFError):
            return
        except (av.FFmpegError, ValueError):
            on_damage()
            continue
        for frame in frames:
            yield frame, packet


def _first_byte(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(1)
