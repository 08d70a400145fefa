"""An upload enhanced for one face, for each, or audio-only, with all that the page shows of it."""

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from avse.demo.comparison import Comparison, write_comparison
from avse.demo.found import AUDIO_ONLY, EACH, Found
from avse.enhance.each import Watched, enhance_each
from avse.enhance.enhancer import Enhancer
from avse.enhance.file import EnhanceResult, enhance_with
from avse.enhance.job import Job
from avse.enhance.stream import Mixing
from avse.enhance.watch import Progress
from avse.faces.choice import read_choice
from avse.faces.mouth import MouthTrack, mouth_of
from avse.faces.speaker import choose
from avse.media.remux import replace_audio

MOUTH = "mouth.mp4"
GAP_S = 0.2
"""Video frames farther apart than this leave a gap in which the video is not used."""


class Seen(NamedTuple):
    """When the mouth of a face is seen."""

    times_s: npt.NDArray[np.float64]
    """`(n,)` of the video frames, seconds from the first sample."""
    present: npt.NDArray[np.bool_]
    """`(n,)` True = the mouth is seen."""


@dataclass(frozen=True)
class Wish:
    """What the user asked for."""

    speaker: str
    """A choice of `avse.demo.found.Found.choices`."""
    mixing: Mixing
    target_lufs: float | None = None
    """Integrated loudness of the output, LUFS; None keeps the speech as loud as in the input."""


@dataclass(frozen=True)
class Shown:
    """One enhanced recording and what the page shows of it."""

    result: EnhanceResult
    comparison: Comparison
    audio: Path
    """To download."""
    video: Path | None
    """To download: the video with the enhanced audio; None where there is no video."""
    mouth: Path | None
    """Video of the mouth as the model saw it."""
    mouth_start_s: float
    """When it begins, seconds from the first sample."""
    spans: tuple[tuple[float, float], ...]
    """Where the video was used, seconds; by the frames on which the chosen face is seen."""


def enhance(
    enhancer: Enhancer,
    found: Found,
    wish: Wish,
    *,
    folder: Path,
    progress: Progress,
) -> list[Shown]:
    """Enhance an upload whose faces were found.

    Args:
        enhancer: with its model.
        found: the upload.
        wish: of the user.
        folder: an empty one for the files.
        progress: as of `avse.enhance.file.enhance_file`; what it raises ends the work.

    Raises:
        InputError: there is no such face, or nobody speaks.
        MediaError: a file cannot be read or written.
    """
    job = Job(
        audio=found.upload.audio,
        output=folder / f"{found.upload.audio.stem}_enhanced.wav",
        video=found.upload.separate_video,
        audio_only=wish.speaker == AUDIO_ONLY or found.people is None,
        mixing=wish.mixing,
        target_lufs=wish.target_lufs,
    )
    if wish.speaker == EACH:
        return _enhance_each(enhancer, found, job, progress=progress)
    mouth = None if job.audio_only else _mouth(enhancer, found, wish.speaker)
    seen = mouth is not None and bool(mouth.present.any())
    job = replace(job, save_mouth=folder / MOUTH if seen else None)
    result = enhance_with(
        enhancer, job, mouth, measures=found.listened, warnings=list(found.warnings), progress=progress,
        started=time.monotonic(),
    )  # fmt: skip
    return [_shown(found, result, None if mouth is None else Seen(mouth.timestamps_s, mouth.present), job.save_mouth)]


def used_spans(seen: Seen, *, duration_s: float) -> tuple[tuple[float, float], ...]:
    """Stretches in which the mouth is seen, seconds from the first sample, within the recording."""
    times_s = seen.times_s[seen.present]
    if not len(times_s):
        return ()
    breaks = np.flatnonzero(np.diff(times_s) > GAP_S)
    starts, ends = times_s[np.r_[0, breaks + 1]], times_s[np.r_[breaks, len(times_s) - 1]]
    step_s = float(np.median(np.diff(seen.times_s))) if len(seen.times_s) > 1 else 0.0
    pairs = ((max(0.0, float(a)), min(duration_s, float(b) + step_s)) for a, b in zip(starts, ends, strict=True))
    return tuple((a, b) for a, b in pairs if b > a)


def _enhance_each(enhancer: Enhancer, found: Found, job: Job, *, progress: Progress) -> list[Shown]:
    people = found.people
    watched = None if people is None else Watched(found.listened, people, found.warnings)
    job = replace(job, speaker=EACH, save_mouth=job.output.with_name(MOUTH))
    shown = []
    for result in enhance_each(enhancer, job, progress=progress, watched=watched):
        index = None if result.faces is None else result.faces.chosen_index
        if people is None or index is None:
            shown.append(_shown(found, result, None, None))
            continue
        seen = Seen(people.timestamps_s, people.faces[index - 1].present)
        shown.append(_shown(found, result, seen, result.output.with_name(f"mouth_face{index}.mp4")))
    return shown


def _mouth(enhancer: Enhancer, found: Found, speaker: str) -> MouthTrack | None:
    if found.people is None:
        return None
    selection = choose(found.people, read_choice(speaker))
    return mouth_of(found.people, selection, crop_size=enhancer.model.crop_size)


def _shown(found: Found, result: EnhanceResult, seen: Seen | None, mouth_video: Path | None) -> Shown:
    audio, source = result.output, found.upload.video
    comparison = write_comparison(
        audio.with_name(f"{audio.stem}_comparison.wav"), before=found.upload.audio, after=audio,
        signs=found.listened.signs,
    )  # fmt: skip
    video = None
    if source is not None:
        video = audio.with_suffix(source.suffix)
        replace_audio(source, {0: audio}, video)
    return Shown(
        result, comparison, audio, video, mouth_video,
        mouth_start_s=float(seen.times_s[0]) if seen is not None and len(seen.times_s) else 0.0,
        spans=used_spans(seen, duration_s=result.duration_s) if seen is not None else (),
    )  # fmt: skip
