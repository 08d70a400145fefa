"""What a user dropped: checked, and kept in the user's own folder."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import av

from avse.errors import AvseError, InputError, reason_of
from avse.media.audio import probe_audio
from avse.media.container import check_file, open_container
from avse.media.video import has_video, probe_video


@dataclass(frozen=True)
class Upload:
    """A recording to enhance."""

    audio: Path
    """Noisy audio: an audio file, or the video itself."""
    video: Path | None
    """Shows the speaker; None is audio-only."""

    @property
    def separate_video(self) -> Path | None:
        """The video where it is another file than the audio."""
        return None if self.video == self.audio else self.video


def take_upload(folder: Path, *, video: str | None, audio: str | None, max_duration_s: float) -> Upload:
    """Check what was dropped, and keep it as long as the session.

    Args:
        folder: of the user's session.
        video: a video file, if any.
        audio: an audio file, if any; without it the video's own audio is enhanced.
        max_duration_s: longer recordings are refused.

    Raises:
        InputError: nothing was dropped, the video has no audio and there is no other, or it is too long.
        MediaError: a file is no media.
    """
    if not video and not audio:
        raise InputError("a video or an audio file must be dropped first but none was; drop one")
    paths = {kind: keep(folder, Path(given)) for kind, given in (("video", video), ("audio", audio)) if given}
    for kind, path in paths.items():
        check_file(path, kind=kind)
        _check_duration(path, kind=kind, max_duration_s=max_duration_s)
    shown = paths.get("video")
    if shown is not None and not has_video(shown):
        raise InputError(f"video {shown.name} must have a video track but has none; drop it as audio")
    if shown is not None and "audio" not in paths and not probe_video(shown).has_audio:
        raise InputError(f"video {shown.name} must have audio but has none; drop the audio file, too")
    if "audio" not in paths:
        return Upload(paths["video"], shown)
    probe_audio(paths["audio"])
    return Upload(paths["audio"], shown)


def keep(folder: Path, path: Path) -> Path:
    """A file in the folder of a session, under its own name, without a copy where the file system can."""
    uploads = folder / "upload"
    uploads.mkdir(exist_ok=True)
    kept = uploads / path.name
    if kept.exists() and kept.samefile(path):
        return kept
    kept.unlink(missing_ok=True)
    try:
        os.link(path, kept)
    except OSError:
        shutil.copyfile(path, kept)
    return kept


def words_of(error: Exception, folder: Path) -> str:
    """One line for an error, with the user's names of files and not the server's; `folder` is that of the session."""
    text = str(error) if isinstance(error, AvseError) else reason_of(error, thing="the recording")
    for inner in (folder / "upload", folder):
        text = text.replace(f"{inner}{os.sep}", "")
    return text


def _check_duration(path: Path, *, kind: str, max_duration_s: float) -> None:
    """Refuse a long file by its header; recordings of browsers say nothing, and are checked when they were read."""
    with open_container(path, kind=kind) as container:
        duration_s = (container.duration or 0) / av.time_base
    check_duration(path, duration_s, max_duration_s=max_duration_s)


def check_duration(path: Path, duration_s: float, *, max_duration_s: float) -> None:
    """Validate the length of a recording.

    Raises:
        InputError: it is longer than the page allows.
    """
    if duration_s > max_duration_s:
        raise InputError(
            f"{path.name} must be at most {max_duration_s:g} s long here but is {duration_s:.0f} s; cut it, or use "
            "avse-enhance"
        )
