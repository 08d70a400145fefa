"""Two people who talk at once, each enhanced by the own face: `python -m benchmarks.overlap --n-videos 20 --write`.

Videos are composed as for `benchmarks.faces`; both people speak throughout, equally loud, in pink noise at 20 dB, and
`avse-enhance --speaker each` writes a file for each.
"""

import argparse
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from avse.data.bank import read_mono
from avse.enhance.each import enhance_each
from avse.enhance.enhancer import Enhancer
from avse.enhance.file import EnhanceResult
from avse.enhance.job import Job
from avse.errors import InputError
from avse.metrics.si_sdr import si_sdr
from avse.models.pretrained import DEFAULT_MODEL
from avse.signal.decibel import amplitude_ratio
from avse.synthetic.talker import write_video
from avse.types import Waveform
from benchmarks.composer import frames_of, pink_noise, voice_of
from benchmarks.composition import FPS, RATE, Composition, compose
from benchmarks.torture.record import table, write_section

NOISE_DB = -20.0
"""Level of the noise against one voice, dB."""


@dataclass(frozen=True)
class Outcome:
    """What came out of one video of two people."""

    gains_db: tuple[float, ...]
    """SI-SDR of each file above the mixture's, against the person nearest to its face, dB."""
    right: tuple[bool, ...]
    """Whether each file is nearer to that voice than to the other."""


def try_one(composition: Composition, enhancer: Enhancer, folder: Path) -> Outcome:
    """Mix, write, enhance each, and score; nobody found gives no files."""
    actors = sorted(composition.actors, key=lambda actor: actor.centre[0])
    actors = [replace(actor, acts=["speaks"] * composition.n_parts) for actor in actors]
    voices = [voice / np.sqrt(np.mean(voice**2)) for voice in (voice_of(actor, composition) for actor in actors)]
    noise = pink_noise(len(voices[0]), np.random.default_rng(composition.seed)) * amplitude_ratio(NOISE_DB)
    mixture = (sum(voices) + noise).astype(np.float32)
    mixture *= np.float32(0.5 / np.abs(mixture).max())
    images = list(frames_of(composition))
    talk = folder / "talk.mp4"
    write_video(talk, images, timestamps_s=np.arange(len(images)) / FPS, waveform=mixture, sample_rate=RATE, force=True)
    heard = read_mono(talk, sample_rate=RATE)
    for old in folder.glob("out*"):
        old.unlink()
    try:
        results = enhance_each(enhancer, Job(talk, folder / "out.wav", force=True))
    except InputError:
        return Outcome((), ())
    gains, right = [], []
    for result in results:
        x = _position(result)
        nearest = int(np.argmin([abs(actor.centre[0] / composition.width - x) for actor in actors]))
        enhanced = read_mono(result.output, sample_rate=RATE)
        n = min(len(enhanced), len(heard), len(voices[0]))
        own, other = (_si_sdr_db(voices[row][:n], enhanced[:n]) for row in (nearest, 1 - nearest))
        gains.append(own - _si_sdr_db(voices[nearest][:n], heard[:n]))
        right.append(own > other)
    return Outcome(tuple(gains), tuple(right))


def _position(result: EnhanceResult) -> float:
    """Centre of the face that a file was enhanced by, as a share of the width."""
    if result.faces is None or result.faces.chosen_index is None:
        raise RuntimeError(f"{result.output.name} must name the face it was enhanced by but names none")
    return float(next(face.x for face in result.faces.faces if face.index == result.faces.chosen_index))


def _si_sdr_db(reference: Waveform, estimate: Waveform) -> float:
    value = si_sdr(reference=reference, estimate=estimate, sample_rate=RATE).value
    if value is None:
        raise RuntimeError("a voice must have an SI-SDR but has none")
    return value


def table_of(outcomes: list[Outcome]) -> list[list[str]]:
    """One row."""
    gains = [gain for one in outcomes for gain in one.gains_db]
    right = [flag for one in outcomes for flag in one.right]
    both = sum(len(one.right) == 2 for one in outcomes)
    means = [f"{np.mean(gains):+.2f}", f"{min(gains):+.2f}", f"{100 * np.mean(right):.0f} %"] if gains else ["", "", ""]
    return [
        ["videos", "with a file for both", "files", "SI-SDR over the mixture, dB", "least", "nearer to the own voice"],
        [str(len(outcomes)), str(both), str(len(gains)), *means],
    ]


def main() -> None:
    """Print the table, or write it into RESULTS.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--splits", default="test_seen,test_unseen", help="whose faces; test people to report only")
    parser.add_argument("--n-videos", type=int, default=20)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--model", default=DEFAULT_MODEL, help="name or weights of a causal model")
    parser.add_argument("--write", action="store_true", help="write the section of benchmarks/RESULTS.md")
    options = parser.parse_args()
    started, outcomes = time.monotonic(), []
    cv2.setNumThreads(1)
    enhancer = Enhancer.load(options.model)
    with tempfile.TemporaryDirectory() as folder:
        for n in range(options.n_videos):
            seed = options.first_seed + n
            composition = compose("mouthing", seed=seed, splits=tuple(options.splits.split(",")), n_parts=4)
            outcomes.append(try_one(composition, enhancer, Path(folder)))
            print(f"{n + 1} of {options.n_videos}", end="\r", file=sys.stderr, flush=True)
    body = (
        f"{options.n_videos} videos of 12 s of two people of {options.splits} who talk at once, equally loud, in pink "
        f"noise 20 dB below one of them; `--speaker each`, model {options.model}. A person who is not found to speak "
        "gets no file.\n\n" + table(table_of(outcomes))
    )
    if options.write:
        command = f"python -m benchmarks.overlap {' '.join(sys.argv[1:])}"
        write_section("Two who talk at once", body, command=command, wall_s=time.monotonic() - started)
    else:
        print(body)


if __name__ == "__main__":
    main()
