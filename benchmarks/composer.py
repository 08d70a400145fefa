"""Videos composed of the data pack's talking faces, with the truth of who is where and who speaks.

Faces stand side by side, in the tiles of a call, or over patterned backgrounds; turned, half covered, dark, in motion;
among posters and stills.
"""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from avse.faces.detect import Box
from avse.signal.decibel import power_ratio
from avse.types import Image, Waveform
from benchmarks.composition import FPS, RATE, Actor, Clip, Composition


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
        speech += voice_of(actor, composition)
    if composition.unseen is not None:
        for part in range(composition.n_parts):
            wave = composition.unseen.waveform[:n_part]
            speech[part * n_part :][: len(wave)] += wave
    power = np.mean(speech**2) if speech.any() else 1e-3
    noise = pink_noise(len(speech), rng) * np.sqrt(power * power_ratio(-composition.snr_db))
    return (speech + noise).astype(np.float32)


def voice_of(actor: Actor, composition: Composition) -> Waveform:
    """What one of them says, `(samples,)` at 16 kHz."""
    n_part = round(composition.part_s * RATE)
    voice = np.zeros(n_part * composition.n_parts, dtype=np.float32)
    for part, act in enumerate(actor.acts):
        if act == "speaks":
            wave = actor.clips[part % len(actor.clips)].waveform[:n_part]
            voice[part * n_part :][: len(wave)] = wave
    return voice


def pink_noise(n_samples: int, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """Noise of unit power, white below some tens of hertz, `(n_samples,)`."""
    spectrum = np.fft.rfft(rng.standard_normal(n_samples))
    noise = np.fft.irfft(spectrum / np.sqrt(np.arange(len(spectrum)) + 20.0), n_samples)
    return np.asarray(noise / np.sqrt(np.mean(noise**2)))


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

    times_s = np.arange(composition.n_frames) / FPS
    write_video(path, frames_of(composition), timestamps_s=times_s, waveform=audio_of(composition), sample_rate=RATE)
