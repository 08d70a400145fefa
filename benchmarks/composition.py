"""What composed videos are made of: the data pack's talking faces, who is where, and who speaks.

Every composition is drawn from its seed, so that a row of a table can be inspected again; `benchmarks/composer.py`
makes the video.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from avse.data.bank import read_mono
from avse.data.manifest import data_root
from avse.faces.detect import Box, CascadeDetector
from avse.media.video import VideoReader
from avse.types import Waveform

RATE, FPS = 16000, 25.0
HEAD = 2.1
"""Width of what is cut out of a clip around a face, in sizes of its box."""
SILENT_DB = -45.0
"""Level below which a clip's start is taken for silence, dB of full scale."""
KINDS = ("single", "pair", "grid", "posters", "turns", "nobody", "mouthing", "cut")
"""What `compose` draws: one person; two or three, one speaks; tiles of a call; a person among posters and stills; two
who talk in turn; faces that listen to a voice unseen; a speaker beside one whose mouth says something else; a cut."""
BACKGROUNDS = ("plain", "curtain", "letters", "ties", "books", "leaves")


@dataclass(frozen=True)
class Clip:
    """A person speaking a sentence, at 25 frames a second."""

    speaker: str
    heads: npt.NDArray[np.uint8]
    """`(n, side, side, 3)` RGB around the head."""
    face: Box
    """In `heads`, pixels."""
    waveform: Waveform
    """`(samples,)` at 16 kHz, as long as the video frames."""
    n_silent: int
    """Video frames before the sentence begins."""


@dataclass(frozen=True)
class Actor:
    """A face in a composed video and what it does."""

    clips: Sequence[Clip]
    centre: tuple[float, float]
    """Of the face, pixels of the video."""
    size: float
    """Of the face's box, pixels."""
    acts: Sequence[str]
    """For each part of the video: `speaks`, `listens`, `mouths` (speaks unheard), `away`."""
    still: bool = False
    """A photograph or poster: one frame throughout."""
    angle: float = 0.0
    """Turned in the plane of the image, degrees."""
    gain: float = 1.0
    """Brightness."""
    covered: str = ""
    """`side` or `chin` is behind something."""
    sway: tuple[float, float] = (0.0, 0.0)
    """Amplitude of its movement over the video, pixels."""
    tile: bool = False
    """A rectangle as in a call, not a head over the background."""


@dataclass(frozen=True)
class Composition:
    """A video to be made."""

    kind: str
    width: int
    height: int
    background: str
    actors: Sequence[Actor]
    part_s: float
    n_parts: int
    seed: int
    shake: float = 0.0
    """Amplitude of the camera's movement, pixels."""
    unseen: Clip | None = None
    """A voice whose face is not in the video."""
    snr_db: float = 20.0
    """Of the speech over pink noise."""
    cut_at: int | None = None
    """Part before which the camera shows the actors in each other's places."""
    tags: tuple[str, ...] = field(default=())

    @property
    def n_frames(self) -> int:
        """Video frames."""
        return round(self.part_s * FPS) * self.n_parts


@lru_cache(maxsize=4)
def clips_of(splits: Sequence[str]) -> dict[str, list[Path]]:
    """GRID's clips of some splits by speaker: frontal faces at 25 frames a second.

    Args:
        splits: such as `train`, `valid`; nothing chosen or tuned by a composition may use `test*`.
    """
    found: dict[str, list[Path]] = {}
    for name in ("av/grid/manifest.jsonl", "av/more/manifest.jsonl"):
        for line in (data_root() / name).read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            if row["corpus"] == "grid" and row["split"] in splits:
                found.setdefault(row["speaker"], []).append(data_root() / row["video"])
    return found


@lru_cache(maxsize=64)
def load_clip(path: Path, speaker: str) -> Clip:
    """Cut the head out of a clip."""
    with VideoReader(path) as reader:
        frames = np.stack([frame.image for frame in reader.frames()])
    detector = CascadeDetector(min_size=60, min_neighbours=8)
    boxes = [max(found, key=lambda box: box.size) for row in (5, 30, 60) if (found := detector.detect(frames[row]))]
    box = Box(*np.median(np.array(boxes)[:, :3], axis=0))
    side = round(min(HEAD * box.size, *frames.shape[1:3]))
    left = int(np.clip(box.centre[0] - side / 2, 0, frames.shape[2] - side))
    top = int(np.clip(box.centre[1] - 0.46 * side, 0, frames.shape[1] - side))
    heads = frames[:, top : top + side, left : left + side]
    waveform = read_mono(path, sample_rate=RATE)
    n_samples = round(len(frames) * RATE / FPS)
    waveform = np.pad(waveform, (0, max(0, n_samples - len(waveform))))[:n_samples]
    level = 10 * np.log10(np.square(waveform).reshape(len(frames), -1).mean(axis=1) + 1e-10)
    loud = np.flatnonzero(level > max(SILENT_DB, level.max() - 35))
    n_silent = max(4, int(loud[0]) - 2 if len(loud) else len(frames))
    return Clip(speaker, heads, Box(box.x - left, box.y - top, box.size), waveform, n_silent)


def compose(
    kind: str, *, seed: int, splits: Sequence[str], n_parts: int = 2, part_s: float = 3.0, hard: bool = True
) -> Composition:
    """Draw a composition of a kind.

    Args:
        kind: one of `KINDS`.
        seed: of everything.
        splits: whose faces.
        n_parts: sentences, one after the other.
        part_s: seconds of each; a sentence has 3.
        hard: faces may be turned, half covered, dark and in motion.
    """
    rng = np.random.default_rng(seed)
    width, height = [(640, 360), (854, 480), (1280, 720)][rng.choice(3, p=[0.6, 0.3, 0.1])]
    acts_of = {
        "single": [["speaks"]],
        "pair": [["speaks"]] + [["listens"]] * int(rng.integers(1, 3)),
        "grid": [["speaks"]] + [["listens"]] * int(rng.choice([3, 5])),
        "posters": [["speaks"]] + [["still"]] * int(rng.integers(1, 4)),
        "turns": [["speaks", "listens"], ["listens", "speaks"]],
        "nobody": [["listens"]] * int(rng.integers(2, 5)),
        "mouthing": [["speaks"], ["mouths"]],
        "cut": [["speaks"], ["listens"]],
    }[kind]
    places = _places(len(acts_of), width, height, rng, is_grid=kind == "grid")
    order = rng.permutation(len(places))
    people = _people(splits, rng, len(acts_of) + 1)
    actors = []
    for n, acts in enumerate(acts_of):
        x, y, largest = places[order[n]]
        size = float(np.clip(largest * rng.uniform(0.6, 1.0), 40, 400))
        still = acts == ["still"]
        trait = rng.choice(["none", "turned", "covered", "dark", "moving"]) if hard and not still else "none"
        free = 0.5 * (largest - size) + 4
        actors.append(
            Actor(
                _sentences(people[n], splits, rng, n_parts), (x, y), size,
                ["listens" if still else acts[part % len(acts)] for part in range(n_parts)],
                still=still,
                angle=float(rng.uniform(-15, 15)) if trait == "turned" else 0.0,
                gain=float(rng.uniform(0.25, 0.5)) if trait == "dark" else 1.0,
                # A covered mouth has nothing to see: those who speak are covered at the side only.
                covered=_cover(rng, may_hide_mouth="speaks" not in acts) if trait == "covered" else "",
                sway=(free, 0.3 * free) if trait == "moving" else (0.0, 0.0),
                tile=kind == "grid",
            )
        )  # fmt: skip
    return Composition(
        kind, width, height, str(rng.choice(BACKGROUNDS)), actors, part_s, n_parts, seed,
        shake=float(rng.uniform(2, 8)) if rng.random() < 0.2 else 0.0,
        unseen=_sentences(people[-1], splits, rng, 1)[0] if kind == "nobody" else None,
        snr_db=float(rng.choice([5.0, 10.0, 20.0])),
        cut_at=n_parts // 2 if kind == "cut" else None,
    )  # fmt: skip


def _people(splits: Sequence[str], rng: np.random.Generator, n: int) -> list[str]:
    """Different people, as far as there are so many."""
    everybody = sorted(clips_of(splits))
    rounds = [rng.permutation(everybody) for _ in range(n // len(everybody) + 1)]
    return [str(name) for name in np.concatenate(rounds)][:n]


def _cover(rng: np.random.Generator, *, may_hide_mouth: bool) -> str:
    return str(rng.choice(["side", "chin"])) if may_hide_mouth else "side"


def _sentences(person: str, splits: Sequence[str], rng: np.random.Generator, n: int) -> list[Clip]:
    paths = clips_of(splits)[person]
    chosen = rng.choice(len(paths), size=n, replace=len(paths) < n)
    return [load_clip(paths[row], person) for row in chosen]


def _places(
    n: int, width: int, height: int, rng: np.random.Generator, *, is_grid: bool
) -> list[tuple[float, float, float]]:
    """Centre and largest size of each of some faces that do not touch."""
    columns, n_rows = (n, 1) if not is_grid else ((2, 2) if n <= 4 else (3, 2))
    cell_width, cell_height = width / columns, height / n_rows
    largest = min(cell_width / 1.5, cell_height / 2.0)
    places = []
    for row in range(n_rows):
        for column in range(columns):
            drift = 0.0 if is_grid else float(rng.uniform(-0.1, 0.1))
            places.append(((column + 0.5) * cell_width, (row + 0.47 + drift) * cell_height, largest))
    return places
