"""Whether the right face is found and chosen: `python -m benchmarks.faces --n-videos 200 --write`.

Videos are composed of the data pack's faces (`benchmarks/composer.py`) and go through detection, tracking and the
choice of the speaker as `avse-enhance --speaker auto` does, without being encoded in between. A run that was stopped
continues (`--json`).
"""

import argparse
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from avse.faces.choice import Choice
from avse.faces.detectors import load_detector
from avse.faces.lip_scorer import LipScorer
from avse.faces.people import find_people
from avse.faces.scorer import CorrespondenceScorer, MotionScorer
from avse.faces.speaker import People, choose
from avse.media.video import VideoFrame
from avse.models.onnx_lips import OnnxLips
from benchmarks.composer import audio_of, face_at, frames_of
from benchmarks.composition import FPS, KINDS, RATE, Composition, compose
from benchmarks.torture.record import table, write_section

SAME = 0.3
"""Overlap from which a track is on an actor's face."""
LOUD_DB = -35.0
"""Level over the loudest of a sentence from which somebody counts as speaking, dB."""


@dataclass(frozen=True)
class Outcome:
    """What came out of one video."""

    kind: str
    seed: int
    duration_s: float
    n_people: int
    """Living faces in the video."""
    n_found: int
    """Of them, found."""
    n_listed: int
    """Faces listed."""
    n_false: int
    """Faces listed that are no living face."""
    n_speaking: int
    """Video frames in which somebody on screen speaks."""
    n_right: int
    """Of them, with the right face chosen."""
    n_wrong: int
    """Of them, with another face chosen; in the rest nobody is."""
    nobody: bool
    """True if no face was chosen in any video frame."""


def scorer_named(name: str, lips: OnnxLips) -> CorrespondenceScorer:
    """A scorer for one recording."""
    if name == "motion":
        return MotionScorer(sample_rate=RATE)
    return LipScorer(lips, sample_rate=RATE, with_motion=name == "joint")


def timed(composition: Composition) -> Iterator[VideoFrame]:
    """The frames of a composition with their times."""
    for n, image in enumerate(frames_of(composition)):
        yield VideoFrame(n / FPS, image)


def actors_of(composition: Composition, people: People) -> list[int]:
    """For each face listed the actor it is on for most of the time, -1 for none."""
    found = []
    for face in people.faces:
        votes = np.zeros(len(composition.actors) + 1)
        for n in np.flatnonzero(face.present)[::5]:
            places = [face_at(actor, composition, int(n)) for actor in composition.actors]
            box = places[0].__class__(*face.boxes[n]) if places and places[0] and face.boxes is not None else None
            overlaps = [box.overlap(place) if box and place else 0.0 for place in places]
            votes[int(np.argmax(overlaps)) if max(overlaps, default=0.0) >= SAME else -1] += 1
        best = int(np.argmax(votes))
        found.append(best if best < len(composition.actors) else -1)
    return found


def speakers_of(composition: Composition) -> npt.NDArray[np.int64]:
    """The actor who speaks in each video frame, -1 where nobody on screen does."""
    speakers = np.full(composition.n_frames, -1)
    n_part = round(composition.part_s * FPS)
    for row, actor in enumerate(composition.actors):
        for part, act in enumerate(actor.acts):
            if act != "speaks":
                continue
            wave = actor.clips[part % len(actor.clips)].waveform[: round(composition.part_s * RATE)]
            power = np.square(wave[: len(wave) // 640 * 640]).reshape(-1, 640).mean(axis=1)
            loud = np.flatnonzero(10 * np.log10(power + 1e-12) > 10 * np.log10(power.max()) + LOUD_DB)
            speakers[part * n_part + loud[loud < n_part]] = row
    return speakers


def outcome_of(composition: Composition, people: People) -> Outcome:
    """Compare what is chosen with what is true."""
    actors = actors_of(composition, people)
    living = [row for row, actor in enumerate(composition.actors) if not actor.still]
    shown = choose(people, Choice("auto")).face
    chosen = np.array([*actors, -1])[shown]
    speakers = speakers_of(composition)
    speaking = speakers >= 0
    right = speaking & (chosen == speakers) & (shown >= 0)
    return Outcome(
        composition.kind, composition.seed, composition.n_frames / FPS, len(living),
        len({row for row in actors if row in living}), len(actors),
        sum(row not in living for row in actors),
        int(speaking.sum()), int(right.sum()), int((speaking & (shown >= 0) & ~right).sum()), not (shown >= 0).any(),
    )  # fmt: skip


def look(composition: Composition, *, detector: str, scorers: list[str], lips: OnnxLips) -> dict[str, Outcome]:
    """Look at a video once, and choose by each scorer."""
    waveform, chosen = audio_of(composition), {}
    people = find_people(timed(composition), detector=load_detector(detector))
    for name in scorers:
        scorer = scorer_named(name, lips)
        scorer.push(waveform[None])
        chosen[name] = outcome_of(composition, people.with_turns(scorer))
    return chosen


def table_of(outcomes: list[Outcome]) -> list[list[str]]:
    """One row for each kind of video, and one for all."""
    rows = [["videos", "n", "faces found", "false tracks in 10 min", "exactly one", "right face", "wrong face",
             "nobody chosen"]]  # fmt: skip
    for kind in (*KINDS, "all"):
        some = [one for one in outcomes if kind in (one.kind, "all")]
        if not some:
            continue
        minutes = sum(one.duration_s for one in some) / 60
        people, speaking = sum(one.n_people for one in some), sum(one.n_speaking for one in some)
        rows.append([
            kind, str(len(some)), percent(sum(one.n_found for one in some), people),
            f"{10 * sum(one.n_false for one in some) / minutes:.1f}",
            percent(sum(one.n_listed == 1 for one in some), len(some)) if kind == "single" else "",
            percent(sum(one.n_right for one in some), speaking), percent(sum(one.n_wrong for one in some), speaking),
            percent(sum(one.nobody for one in some), len(some)) if kind == "nobody" else "",
        ])  # fmt: skip
    return rows


def percent(part: int, whole: int) -> str:
    """A share, or nothing where there is no whole."""
    return f"{100 * part / whole:.1f} %" if whole else ""


def main() -> None:
    """Print the tables, or write them into RESULTS.md."""
    options = _options()
    started, splits = time.monotonic(), options.splits.split(",")
    cv2.setNumThreads(1)
    body, wall_s = "\n\n".join(_found_and_chosen(options, splits)), time.monotonic() - started
    if options.write:
        write_section(
            title_of(options.detector),
            body,
            command=f"python -m benchmarks.faces {' '.join(sys.argv[1:])}",
            wall_s=wall_s,
        )
    else:
        print(body)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--splits", default="test_seen,test_unseen", help="whose faces; test people to report only")
    parser.add_argument("--n-videos", type=int, default=200)
    parser.add_argument("--part-s", type=float, default=3.0, help="seconds of each of a video's two parts")
    parser.add_argument("--detector", default="cascade", help="as of avse-faces")
    parser.add_argument("--scorers", default="joint,lips,motion")
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--json", type=Path, help="write each video's outcome; those that are there are not looked at")
    parser.add_argument("--write", action="store_true", help="write the section of benchmarks/RESULTS.md")
    return parser.parse_args()


def title_of(detector: str) -> str:
    """Of the section: each detector has its own, and the bundled cascade the one without a name."""
    title = "Faces: found and chosen"
    return title if detector == "cascade" else f"{title} by {Path(detector).stem.replace('_', ' ')}"


def _found_and_chosen(options: argparse.Namespace, splits: list[str]) -> list[str]:
    lips, names = OnnxLips(), options.scorers.split(",")
    rows = []
    if options.json and options.json.is_file():
        rows = [json.loads(line) for line in options.json.read_text(encoding="utf-8").splitlines()]
    done = {row["seed"] for row in rows}
    for n in range(options.n_videos):
        kind, seed = KINDS[n % len(KINDS)], options.first_seed + n
        if seed in done:
            continue
        composition = compose(kind, seed=seed, splits=tuple(splits), part_s=options.part_s)
        found = look(composition, detector=options.detector, scorers=names, lips=lips)
        rows += [{"scorer": name, **asdict(one)} for name, one in found.items()]
        if options.json:
            options.json.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        print(f"{n + 1} of {options.n_videos}", end="\r", file=sys.stderr, flush=True)
    parts = [
        f"{options.n_videos} videos of {2 * options.part_s:g} s composed of the faces of {options.splits}, which have "
        "chosen no setting; 1 to 6 faces, stills, posters, patterned backgrounds, covered, dark, turned and moving "
        "faces, one or nobody speaking, or people in turn (`benchmarks/composer.py`). Right and wrong face: share of "
        "the video frames in which somebody on screen speaks; in the rest nobody is chosen. Scorer joint is what "
        "`--speaker auto` uses."
    ]
    for name in names:
        some = [Outcome(**{k: v for k, v in row.items() if k != "scorer"}) for row in rows if row["scorer"] == name]
        parts += [f"Detector {Path(options.detector).name}, scorer {name}:", table(table_of(some))]
    return parts


if __name__ == "__main__":
    main()
