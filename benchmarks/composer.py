"""Videos composed of the data pack's talking faces, with the truth of who is where and who speaks.

Faces stand side by side, in the tiles of a call, or over patterned backgrounds; turned, half covered, dark, in motion;
among posters and stills. Every video is drawn from its seed, so that a row of a table can be inspected again.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from avse.data.bank import read_mono
from avse.data.manifest import data_root
from avse.faces.detect import Box, CascadeDetector
from avse.media.video import VideoReader
from avse.signal.decibel import power_ratio
from avse.types import Waveform

Image = npt.NDArray[np.uint8]

RATE, FPS = 16000, 25.0
HEAD = 2.1
"""Width of what is cut out of a clip around a face, in sizes of its box."""
SILENT_DB = -45.0
"""Level below which a clip's start is taken for silence, dB of full scale."""


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


def frame_rows(actor: Actor, composition: Composition) -> list[tuple[Clip, int] | None]:
    """For each video frame the actor's clip and the frame of it that is shown, None where the actor is away."""
    n_part = round(composition.part_s * FPS)
    rows: list[tuple[Clip, int] | None] = []
    for part, act in enumerate(actor.acts):
        clip = actor.clips[part % len(actor.clips)]
        forth_and_back = [*range(clip.n_silent), *range(clip.n_silent - 2, 0, -1)]
        for n in range(n_part):
            if act == "away":
                rows.append(None)
            elif actor.still:
                rows.append((actor.clips[0], len(actor.clips[0].heads) // 2))
            elif act == "listens":
                rows.append((clip, forth_and_back[n % len(forth_and_back)]))
            else:
                rows.append((clip, min(n, len(clip.heads) - 1)))
    return rows


def face_at(actor: Actor, composition: Composition, n: int) -> Box | None:
    """Where the actor's face is in a video frame; None when away."""
    part = n // round(composition.part_s * FPS)
    if actor.acts[part] == "away":
        return None
    centre = actor.centre
    if composition.cut_at is not None and part >= composition.cut_at:
        centre = composition.width - centre[0], centre[1]
    turn = 2 * np.pi * n / composition.n_frames
    shake = composition.shake * np.array([np.sin(9 * turn), np.cos(7 * turn)])
    x, y = centre + np.array(actor.sway) * (0 if actor.still else np.sin(turn)) + shake
    return Box(x - actor.size / 2, y - actor.size / 2, actor.size)


def frames_of(composition: Composition) -> Iterator[Image]:
    """Draw the video, `(height, width, 3)` RGB each."""
    rng = np.random.default_rng(composition.seed)
    room = draw_background(composition.background, composition.width, composition.height, rng)
    other = draw_background(composition.background, composition.width, composition.height, rng)[:, ::-1]
    rows = [frame_rows(actor, composition) for actor in composition.actors]
    noise = rng.integers(0, 7, (room.shape[0] + 40, room.shape[1] + 40, 3), dtype=np.uint8)
    n_part = round(composition.part_s * FPS)
    for n in range(composition.n_frames):
        is_cut = composition.cut_at is not None and n // n_part >= composition.cut_at
        turn = 2 * np.pi * n / composition.n_frames
        shift = composition.shake * np.array([np.sin(9 * turn), np.cos(7 * turn)])
        canvas = (other if is_cut else room).copy()
        if shift.any():
            moved = np.array([[1, 0, shift[0]], [0, 1, shift[1]]], dtype=np.float32)
            canvas = cv2.warpAffine(canvas, moved, canvas.shape[1::-1], borderMode=cv2.BORDER_REFLECT)
        for actor, shown in zip(composition.actors, rows, strict=True):
            place, row = face_at(actor, composition, n), shown[n]
            if place is not None and row is not None:
                _paste(canvas, actor, row[0].heads[row[1]], row[0].face, place)
        top, left = rng.integers(0, 40, 2)
        yield cv2.add(canvas, noise[top : top + room.shape[0], left : left + room.shape[1]])


def audio_of(composition: Composition) -> Waveform:
    """The recording, `(samples,)` at 16 kHz: those who speak, and noise."""
    rng = np.random.default_rng(composition.seed + 1)
    n_part = round(composition.part_s * RATE)
    speech = np.zeros(n_part * composition.n_parts, dtype=np.float32)
    for actor in composition.actors:
        for part, act in enumerate(actor.acts):
            if act == "speaks":
                wave = actor.clips[part % len(actor.clips)].waveform[:n_part]
                speech[part * n_part :][: len(wave)] += wave
    if composition.unseen is not None:
        for part in range(composition.n_parts):
            wave = composition.unseen.waveform[:n_part]
            speech[part * n_part :][: len(wave)] += wave
    spectrum = np.fft.rfft(rng.standard_normal(len(speech)))
    noise = np.fft.irfft(spectrum / np.sqrt(np.arange(len(spectrum)) + 20.0), len(speech))
    power = np.mean(speech**2) if speech.any() else 1e-3
    noise *= np.sqrt(power / np.mean(noise**2) * power_ratio(-composition.snr_db))
    return (speech + noise).astype(np.float32)


def draw_background(kind: str, width: int, height: int, rng: np.random.Generator) -> Image:
    """A patterned wall: `plain`, `curtain`, `letters`, `ties`, `books`, `leaves`."""
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    base = rng.uniform(40, 200, 3)
    canvas = np.ones((height, width, 3), np.float32) * base
    canvas += (20 * rows / height)[..., None]
    if kind == "curtain":
        period = rng.uniform(14, 60)
        canvas += 45 * np.sin(2 * np.pi * columns / period + 2 * np.sin(rows / 90))[..., None] * rng.uniform(0.5, 1, 3)
    elif kind == "letters":
        for line in range(height // 40 + 1):
            words = "".join(rng.choice(list("ABDEGHOPQRSaeo80 %&"), 40))
            shade = tuple(float(v) for v in rng.uniform(0, 255, 3))
            size = float(rng.uniform(0.8, 2.4))
            cv2.putText(canvas, words, (-10, 40 * line + 30), int(rng.integers(0, 5)), size, shade, int(2 * size))
    elif kind == "ties":
        _draw_ties(canvas, rng)
    elif kind == "books":
        for x in range(0, width, 12):
            for y in range(0, height, 80):
                shade = tuple(float(v) for v in rng.uniform(0, 255, 3))
                cv2.rectangle(canvas, (x, y + int(rng.integers(0, 20))), (x + 11, y + 78), shade, -1)
                cv2.rectangle(canvas, (x + 2, y + 30), (x + 9, y + 36), tuple(255 - v for v in shade), -1)
    elif kind == "leaves":
        for scale, weight in ((4, 30), (12, 40), (40, 40)):
            blotches = rng.standard_normal((height // scale + 1, width // scale + 1, 3)).astype(np.float32)
            canvas += weight * cv2.resize(blotches, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(canvas, 0, 255).astype(np.uint8)


def _draw_ties(canvas: npt.NDArray[np.float32], rng: np.random.Generator) -> None:
    """Suits with a shirt and a patterned tie, the false face that a cascade likes best."""
    height, width = canvas.shape[:2]
    for _ in range(5):
        x, y, size = rng.uniform(0, width), rng.uniform(0.2 * height, height), rng.uniform(60, 200)
        shades = [tuple(float(v) for v in rng.uniform(low, high, 3)) for low, high in ((10, 90), (190, 255), (0, 255))]
        cv2.ellipse(canvas, (int(x), int(y + size / 2)), (int(size), int(0.9 * size)), 0, 0, 360, shades[0], -1)
        shirt = np.array([(x - 0.3 * size, y - size / 2), (x + 0.3 * size, y - size / 2), (x, y + size)], np.int32)
        cv2.fillPoly(canvas, [shirt], shades[1])
        edge = [(-0.1, -0.45), (0.1, -0.45), (0.06, -0.3), (0.13, 0.5), (0, 0.7), (-0.13, 0.5), (-0.06, -0.3)]
        tie = np.array([(x + dx * size, y + dy * size) for dx, dy in edge], np.int32)
        mask = np.zeros((height, width), np.uint8)
        cv2.fillPoly(mask, [tie], 255)
        rows, columns = np.nonzero(mask)
        stripe = np.sin((rows + columns * rng.choice([-1, 0, 1])) * 2 * np.pi / (size / rng.uniform(3, 12))) > 0
        canvas[rows, columns] = np.where(stripe[:, None], shades[2], 255.0 - np.array(shades[2]))


def _paste(canvas: Image, actor: Actor, head: Image, face: Box, place: Box) -> None:
    """Put a head where its face covers `place`."""
    side, scale = len(head), place.size / face.size
    turn = cv2.getRotationMatrix2D(face.centre, actor.angle, scale)
    turn[:, 2] += np.array(place.centre) - np.array(face.centre)
    corners = np.array([(0, 0, 1), (side, 0, 1), (0, side, 1), (side, side, 1)]) @ turn.T
    left, top = np.maximum(0, np.floor(corners.min(axis=0))).astype(int)
    right, bottom = np.minimum(canvas.shape[1::-1], np.ceil(corners.max(axis=0))).astype(int)
    if right <= left or bottom <= top:
        return
    turn[:, 2] -= left, top
    source = cv2.GaussianBlur(head, (0, 0), 0.4 / scale) if scale < 0.7 else head.copy()
    if actor.covered == "chin":
        where = int(face.centre[0]), int(face.y + 1.05 * face.size)
        cv2.ellipse(source, where, (int(0.5 * face.size), int(0.28 * face.size)), 0, 0, 360, (196, 150, 122), -1)
    elif actor.covered == "side":
        source[:, : int(face.x + 0.42 * face.size)] = (70, 80, 70)
    mask = _mask(side, face, is_tile=actor.tile)
    pasted = cv2.warpAffine(source, turn, (right - left, bottom - top), flags=cv2.INTER_LINEAR)
    cover = cv2.warpAffine(mask, turn, (right - left, bottom - top), flags=cv2.INTER_LINEAR)[..., None]
    under = canvas[top:bottom, left:right]
    under[:] = (1 - cover) * under + (cover * np.float32(actor.gain)) * pasted


def _mask(side: int, face: Box, *, is_tile: bool) -> npt.NDArray[np.float32]:
    """Where a head covers what is behind it, `(side, side)`, 0 to 1."""
    if is_tile:
        return np.ones((side, side), np.float32)
    mask = np.zeros((side, side), np.float32)
    centre = int(face.centre[0]), int(face.centre[1])
    cv2.ellipse(mask, centre, (int(0.62 * face.size), int(0.88 * face.size)), 0, 0, 360, 1.0, -1)
    shoulders = int(face.x - 0.3 * face.size), int(face.y + 1.25 * face.size)
    cv2.rectangle(mask, shoulders, (int(face.x + 1.3 * face.size), side), 1.0, -1)
    return cv2.GaussianBlur(mask, (0, 0), 0.03 * face.size)


def write_video(composition: Composition, path: Path) -> None:
    """Write a composition with its audio to a file."""
    from avse.synthetic.talker import write_video

    images = list(frames_of(composition))
    times_s = np.arange(len(images)) / FPS
    write_video(path, images, timestamps_s=times_s, waveform=audio_of(composition), sample_rate=RATE)


KINDS = ("single", "pair", "grid", "posters", "turns", "nobody", "mouthing", "cut")
"""What `compose` draws: one person; two or three, one speaks; tiles of a call; a person among posters and stills; two
who talk in turn; faces that listen to a voice unseen; a speaker beside one whose mouth says something else; a cut."""
BACKGROUNDS = ("plain", "curtain", "letters", "ties", "books", "leaves")


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
