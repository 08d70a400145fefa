"""Everybody's own file: one enhanced recording for each person in a video who speaks, and who spoke when."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from avse.enhance.enhancer import Enhancer
from avse.enhance.file import EnhanceResult, enhance_with, view_of
from avse.enhance.job import Job, check_job, probe_of, tracks_of, video_of
from avse.enhance.watch import Listened, Progress, View, listen, no_progress, people_in_view
from avse.errors import InputError
from avse.faces.detect import FaceDetector
from avse.faces.mouth import MouthTrack, mouth_of
from avse.faces.report import FaceReport
from avse.faces.speaker import People, Selection
from avse.faces.who_speaks import Turns, find_speech_of_each
from avse.media.output import atomic_write, check_output
from avse.media.probe import Probe

EACH = "each"
"""In place of a speaker: all of them."""
LEAST_S = 1.0
"""Seconds that a face must be found to speak to get a file of its own."""


@dataclass(frozen=True)
class Watched:
    """What was heard and seen of a recording."""

    listened: Listened
    people: People
    warnings: tuple[str, ...]
    """Of both."""


def enhance_each(
    enhancer: Enhancer,
    job: Job,
    *,
    detector: FaceDetector | None = None,
    progress: Progress = no_progress,
    watched: Watched | None = None,
) -> list[EnhanceResult]:
    """Write one file for each face that speaks, steered by it, and two tables of who spoke when.

    The outputs have the face's index before the suffix (`talk_face1.wav`); the tables are `talk_speakers.json` and
    `talk_speakers.rttm` (NIST RT-09, SPEAKER lines).

    Args:
        enhancer: with its model.
        job: what to do; its speaker does not matter.
        detector: finds faces; the usual one by default.
        progress: as of `avse.enhance.file.enhance_file`.
        watched: of the same job, where it was listened to and seen before.

    Raises:
        MediaError: a file cannot be read or written; nothing is left half-written.
        InputError: there is no video, or nobody in it is found to speak.
    """
    started = time.monotonic()
    check_job(_job_of(job, 1))
    probed = probe_of(job)
    video = video_of(replace(job, audio_only=False), probed)
    if video is None:
        raise InputError(f"each speaker needs a video but {job.audio.name} has none; name the video of the speaker")
    tables = [_table_path(job, suffix) for suffix in (".json", ".rttm")]
    for table in tables:
        check_output(table, force=job.force)
    crop_size = enhancer.model.crop_size
    if watched is None:
        watched = _watched(job, view_of(job, probed, crop_size=crop_size, detector=detector), probed, progress)
    turns = _turns(watched, video)
    jobs = {face: _job_of(job, face) for face in turns}
    for own in jobs.values():
        check_job(own)
    results, warnings = [], list(watched.warnings)
    for face, own in jobs.items():
        mouth = _mouth(watched.people, face - 1, turns[face], crop_size)
        result = enhance_with(
            enhancer, own, mouth, measures=watched.listened, warnings=warnings, progress=progress, started=started,
            probed=probed,
        )  # fmt: skip
        results.append(result)
        warnings = []  # once is enough
    _write_tables(job, turns, {face: own.output for face, own in jobs.items()}, tables)
    return results


def _watched(job: Job, view: View, probed: Probe, progress: Progress) -> Watched:
    listened = listen(job.audio, track=tracks_of(job, probed)[0])
    people, seen = people_in_view(view, listened, progress=progress)
    return Watched(listened, people, (*listened.warnings, *seen))


def _turns(watched: Watched, video: Path) -> dict[int, Turns]:
    """When each speaks who speaks long enough, by the face's index from 1.

    Raises:
        InputError: nobody does.
    """
    listened, people = watched.listened, watched.people
    times_s = people.timestamps_s - people.offset_s
    turns = find_speech_of_each(listened.scorer.evidence(people.faces, timestamps_s=times_s))
    found = {row + 1: one for row, one in enumerate(turns) if one.share(0) * listened.duration_s >= LEAST_S}
    if not found:
        raise InputError(
            f"none of the {len(turns)} faces in {video.name} is found to speak for {LEAST_S:g} s; choose one by "
            "its number, or enhance audio-only"
        )
    return found


def _write_tables(job: Job, faces: dict[int, Turns], outputs: dict[int, Path], tables: list[Path]) -> None:
    with atomic_write(tables[0], force=job.force) as temporary:
        temporary.write_text(json.dumps(as_json(faces, outputs), indent=1) + "\n", encoding="utf-8")
    with atomic_write(tables[1], force=job.force) as temporary:
        temporary.write_text("".join(rttm_lines(job.audio.stem, faces)), encoding="utf-8")


def as_json(faces: dict[int, Turns], outputs: dict[int, Path]) -> dict[str, Any]:
    """Who spoke when, for machines; faces by their index from 1."""
    return {
        "speakers": [
            {
                "face": index,
                "output": outputs[index].name,
                "speaking_share": round(turns.share(0), 4),
                "spans": [
                    {"start_s": round(start, 3), "end_s": round(end, 3), "probability": round(probability, 3)}
                    for start, end, probability in _speech(turns)
                ],
            }
            for index, turns in faces.items()
        ]
    }


def rttm_lines(name: str, faces: dict[int, Turns]) -> list[str]:
    """Who spoke when as Rich Transcription Time Marked lines, in order of time."""
    spans = sorted((start, end, index) for index, turns in faces.items() for start, end, _ in _speech(turns))
    # Fields are separated by spaces: a file's name may have none.
    recording = "_".join(name.split()) or "recording"
    return [
        f"SPEAKER {recording} 1 {start:.3f} {end - start:.3f} <NA> <NA> face{index} <NA> <NA>\n"
        for start, end, index in spans
    ]


def _speech(turns: Turns) -> Sequence[tuple[float, float, float]]:
    return [(span.start_s, span.end_s, span.probability) for span in turns.spans() if span.face == 0]


def _job_of(job: Job, index: int) -> Job:
    """The job of one face."""

    def named(path: Path | None) -> Path | None:
        return path and path.with_name(f"{path.stem}_face{index}{path.suffix}")

    output = job.output.with_name(f"{job.output.stem}_face{index}{job.output.suffix}")
    return replace(
        job,
        output=output,
        speaker=str(index),
        save_noise=named(job.save_noise),
        save_mouth=named(job.save_mouth),
        preview=named(job.preview),
    )


def _table_path(job: Job, suffix: str) -> Path:
    return job.output.with_name(f"{job.output.stem}_speakers{suffix}")


def _mouth(people: People, row: int, turns: Turns, crop_size: tuple[int, int]) -> MouthTrack:
    """One face throughout: while it is silent, its still lips tell that the voices are others'."""
    present = people.faces[row].present
    infos = people.infos()
    report = FaceReport(
        n_faces=len(infos),
        face_fraction=float(np.mean(present)),
        chosen=f"face {row + 1} of {len(infos)}, speaks for {100 * turns.share(0):.0f} % of the time",
        faces=infos,
        chosen_index=row + 1,
        spans=tuple(turns.spans()),
        n_stills=people.n_stills,
    )
    return mouth_of(people, Selection(np.where(present, row, -1), report), crop_size=crop_size)
