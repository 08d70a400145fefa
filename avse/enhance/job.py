"""What to do with one file, and whether that can be done."""

from dataclasses import dataclass, field
from pathlib import Path

from avse.enhance.loudness import check_loudness
from avse.enhance.stream import Mixing
from avse.errors import MediaError
from avse.faces.choice import read_choice
from avse.media.audio import WRITABLE, check_file
from avse.media.container import check_container
from avse.media.output import check_output
from avse.media.probe import Probe, probe
from avse.media.video import probe_video


@dataclass(frozen=True)
class Job:
    """What to do with one file."""

    audio: Path
    """Noisy audio: an audio file, or a container with audio."""
    output: Path
    """An audio file, or a video, which then gets the video of `video` or `audio`."""
    video: Path | None = None
    """Video of the speaker; None takes the video of `audio` if it has one."""
    audio_only: bool = False
    """Do not look at any video frame."""
    speaker: str = "auto"
    """Whose face: see `avse.faces.choice.FORMS`."""
    offset_s: float | None = 0.0
    """How late the video comes after the audio; None finds it out, and uses it where that is certain."""
    mixing: Mixing = field(default_factory=Mixing)
    """How much of the input stays."""
    save_noise: Path | None = None
    """Audio file for what was taken away."""
    save_mouth: Path | None = None
    """Video of the mouth crops."""
    preview: Path | None = None
    """Video file with the chosen face's box and the waveforms before and after."""
    force: bool = False
    """Replace files that exist."""
    audio_track: int | None = 0
    """Index of the audio track of `audio` to enhance; the others are copied. None enhances all of them."""
    bit_rate: int | None = None
    """Bits a second of each enhanced track, where it is stored by a lossy codec; by default as the input has it."""
    target_lufs: float | None = None
    """Integrated loudness of each enhanced track, LUFS, with true peaks below -1 dBTP; None keeps the speech as loud as
    in the input."""


def writes_video(path: Path) -> bool:
    """True if an output of this name is a video and not an audio file."""
    return path.suffix.lower() not in WRITABLE


def check_job(job: Job) -> None:
    """Refuse what cannot end well before any work is done."""
    read_choice(job.speaker)
    if job.target_lufs is not None:
        check_loudness(job.target_lufs)
    check_file(job.audio, kind="input")
    if job.video is not None:
        check_file(job.video, kind="video")
    sources = [path.resolve() for path in (job.audio, job.video) if path is not None]
    outputs = [path for path in (job.output, job.save_noise, job.save_mouth, job.preview) if path is not None]
    for index, path in enumerate(outputs):
        if path.resolve() in sources:
            raise MediaError(f"output {path} must not be the input but is; choose another name")
        if path.resolve() in [other.resolve() for other in outputs[:index]]:
            raise MediaError(f"outputs must be different files but two are {path}; choose another name")
        check_output(path, force=job.force)
    if job.save_noise is not None and writes_video(job.save_noise):
        raise MediaError(f"noise {job.save_noise} must end in one of {' '.join(WRITABLE)}; change its name")


def probe_of(job: Job) -> Probe:
    """What there is to know beforehand of the file that shows the speaker, or might.

    Raises:
        MediaError: it is missing or not media at all.
    """
    return probe(job.video or job.audio)


def video_of(job: Job, probed: Probe) -> Path | None:
    """The file whose video shows the speaker, None where the audio must do; `probed` is what shows it or might."""
    if job.video is not None:
        probe_video(job.video)
    source = job.video or (job.audio if probed.has_video else None)
    if writes_video(job.output) and source is None:
        raise MediaError(
            f"output {job.output} must end in one of {' '.join(WRITABLE)}, for there is no video to copy; rename it"
        )
    if writes_video(job.output):
        check_container(job.output)
    if job.preview is not None and source is None:
        raise MediaError(
            f"preview {job.preview} must show a video but {job.audio.name} has none; name the video of the speaker"
        )
    return None if job.audio_only else source


def tracks_of(job: Job, probed: Probe) -> list[int]:
    """Indices of the audio tracks to enhance."""
    if job.audio_track is not None:
        return [job.audio_track]
    if not writes_video(job.output) or job.video is not None:
        raise MediaError(
            f"output {job.output} must be a video file with the input's own tracks to hold all of them but is not; "
            "choose one track"
        )
    return list(range(probed.n_audio_tracks))
