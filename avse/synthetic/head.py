"""A drawn talking head, true enough to life for a real face detector."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from avse.synthetic.expression import REST, Expression
from avse.types import Image

Colour = tuple[float, float, float]

FINER = 2
"""Drawn so many times larger and shrunk, which smooths the edges."""


@dataclass(frozen=True)
class Person:
    """How somebody looks."""

    skin: Colour = (224, 176, 148)
    hair: Colour = (58, 40, 30)
    shirt: Colour = (60, 84, 120)
    lips: Colour = (176, 84, 84)


def draw_person(rng: np.random.Generator) -> Person:
    """Somebody with colours of their own; hair and brows are darker than the skin, or no detector finds the face."""
    dark, light = np.array([120.0, 82.0, 62.0]), np.array([244.0, 206.0, 184.0])
    skin = dark + rng.uniform() * (light - dark) + rng.uniform(-8, 8, 3)
    hair = rng.uniform(0.15, 0.65) * skin.mean() * np.array([1.3, 1.0, 0.7])
    lips = 0.82 * skin * np.array([1.0, rng.uniform(0.5, 0.65), rng.uniform(0.5, 0.65)])
    return Person(*(_colour(part) for part in (skin, hair, rng.uniform(40, 160, 3), lips)))


def _colour(part: npt.NDArray[np.float64]) -> Colour:
    red, green, blue = (float(value) for value in np.clip(part, 0, 255))
    return red, green, blue


PEOPLE = (
    Person(),
    Person(skin=(150, 104, 78), hair=(24, 20, 20), shirt=(130, 60, 60), lips=(120, 60, 58)),
    Person(skin=(240, 200, 176), hair=(150, 104, 52), shirt=(66, 110, 84), lips=(196, 100, 100)),
)


@dataclass(frozen=True)
class Pose:
    """What a head does in one video frame."""

    centre: tuple[float, float]
    """Column and row of the middle of the face, pixels."""
    size: float
    """Height of the face from chin to hair line, pixels."""
    opening: float = 0.0
    """Of the mouth, 0 to 1."""
    eyes_open: float = 1.0
    """0 to 1."""
    expression: Expression = REST


def background(width: int, height: int) -> Image:
    """An empty room, `(height, width, 3)` RGB."""
    light = np.linspace(1.0, 0.72, height)[:, None, None] * np.linspace(0.92, 1.0, width)[None, :, None]
    room: Image = np.clip(light * np.array([168, 178, 186]), 0, 255).astype(np.uint8)
    return room


def draw_head(image: Image, person: Person, pose: Pose) -> Image:
    """Draw a person into a video frame.

    Args:
        image: `(height, width, 3)` RGB.
        person: who.
        pose: where, and with which face.

    Returns:
        A new video frame of the same size.
    """
    height, width = image.shape[:2]
    canvas = cv2.resize(image, (width * FINER, height * FINER)).astype(np.float32)
    brush = _Brush(canvas, pose)
    _draw_body(brush, person)
    _draw_eyes(brush, person, pose.eyes_open, pose.expression)
    _draw_nose(brush, person)
    _draw_mouth(brush, person, pose.opening, pose.expression.smile)
    small = cv2.resize(brush.canvas, (width, height), interpolation=cv2.INTER_AREA)
    drawn: Image = np.clip(cv2.GaussianBlur(small, (3, 3), 0.6), 0, 255).astype(np.uint8)
    return drawn


class _Brush:
    """Draws ellipses in the measure of the face: its middle is (0, 0), its height 1."""

    def __init__(self, canvas: npt.NDArray[np.float32], pose: Pose) -> None:
        self.canvas, self._pose = canvas, pose

    def ellipse(  # noqa: PLR0913 - what an ellipse is drawn by
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        colour: Colour,
        *,
        soft: float = 0.0,
        alpha: float = 1.0,
        angle: float = 0.0,
    ) -> None:
        """Fill an ellipse; `soft` is the width of its edge, in faces, `angle` turns it, degrees clockwise."""
        scale = self._pose.size * FINER
        centre = (self._pose.centre[0] * FINER + x * scale, self._pose.centre[1] * FINER + y * scale)
        axes = (max(1.0, width / 2 * scale), max(1.0, height / 2 * scale))
        # Only the part of the video that the ellipse and its edge reach is touched: most of them are small.
        reach = 3 * soft * scale + 2
        across, down = axes if angle == 0 else (max(axes), max(axes))
        left, top = max(0, int(centre[0] - across - reach)), max(0, int(centre[1] - down - reach))
        patch = self.canvas[top : int(centre[1] + down + reach) + 1, left : int(centre[0] + across + reach) + 1]
        if patch.size == 0:
            return
        mask = np.zeros(patch.shape[:2], dtype=np.float32)
        centre_px = [round((c - corner) * 16) for c, corner in zip(centre, (left, top), strict=True)]
        cv2.ellipse(mask, centre_px, [round(a * 16) for a in axes], angle, 0, 360, 1.0, -1, cv2.LINE_8, 4)
        if soft > 0:
            mask = cv2.GaussianBlur(mask, (0, 0), soft * scale)
        share = (alpha * mask)[:, :, None]
        patch += share * (np.array(colour, dtype=np.float32) - patch)


def _draw_body(brush: _Brush, person: Person) -> None:
    dark = _shade(person.skin, 0.72)
    brush.ellipse(0, 1.25, 1.9, 1.3, person.shirt, soft=0.01)
    brush.ellipse(0, 0.62, 0.42, 0.6, dark, soft=0.01)
    brush.ellipse(0, -0.12, 0.92, 1.12, person.hair, soft=0.01)
    for side in (-1, 1):
        brush.ellipse(side * 0.39, 0.02, 0.12, 0.24, dark, soft=0.01)
    brush.ellipse(0, 0.03, 0.76, 1.0, person.skin, soft=0.015)
    for side in (-1, 1):
        brush.ellipse(side * 0.36, 0.1, 0.16, 0.7, dark, soft=0.05, alpha=0.55)
        brush.ellipse(side * 0.2, 0.14, 0.2, 0.16, _shade(person.skin, 1.08), soft=0.05, alpha=0.7)
    brush.ellipse(0, -0.26, 0.46, 0.2, _shade(person.skin, 1.1), soft=0.06, alpha=0.8)
    brush.ellipse(0, -0.47, 0.7, 0.26, person.hair, soft=0.02)
    brush.ellipse(0, 0.47, 0.3, 0.1, _shade(person.skin, 1.05), soft=0.04, alpha=0.6)


def _draw_eyes(brush: _Brush, person: Person, eyes_open: float, expression: Expression) -> None:
    brow_y = -0.155 - 0.04 * expression.brows + 0.012 * max(0.0, expression.frown)
    eyes_open = eyes_open * (1 + 0.6 * expression.lids)
    for side in (-1, 1):
        x = side * 0.18
        brush.ellipse(x, -0.075, 0.26, 0.17, _shade(person.skin, 0.55), soft=0.035, alpha=0.85)
        brush.ellipse(x, brow_y, 0.23, 0.035, person.hair, soft=0.012, angle=-side * 24 * expression.frown)
        lid = 0.075 * max(0.15, eyes_open)
        brush.ellipse(x, -0.06, 0.15, lid + 0.02, _shade(person.skin, 0.4), soft=0.01)
        if eyes_open > 0.3:
            brush.ellipse(x, -0.058, 0.13, lid, (222, 220, 216), soft=0.006)
            brush.ellipse(x, -0.058, 0.062, min(0.062, lid), (52, 40, 34), soft=0.004)


def _draw_nose(brush: _Brush, person: Person) -> None:
    brush.ellipse(0, 0.05, 0.07, 0.3, _shade(person.skin, 1.15), soft=0.02, alpha=0.8)
    brush.ellipse(0, 0.2, 0.2, 0.06, _shade(person.skin, 0.7), soft=0.02, alpha=0.8)
    for side in (-1, 1):
        brush.ellipse(side * 0.045, 0.205, 0.05, 0.022, _shade(person.skin, 0.4), soft=0.006)


def _draw_mouth(brush: _Brush, person: Person, opening: float, smile: float) -> None:
    gape = 0.015 + 0.13 * opening
    width = 0.3 - 0.05 * opening + 0.05 * max(0.0, smile)
    brush.ellipse(0, 0.34 + 0.03 * opening, width + 0.05, gape + 0.11, _shade(person.skin, 0.8), soft=0.02, alpha=0.5)
    brush.ellipse(0, 0.33 + 0.03 * opening, width, gape + 0.065, person.lips, soft=0.008)
    brush.ellipse(0, 0.33 + 0.03 * opening, width * 0.86, gape, (44, 16, 18), soft=0.005)
    if opening > 0.25:
        brush.ellipse(0, 0.33 + 0.03 * opening - 0.36 * gape, width * 0.6, 0.25 * gape, (232, 228, 220), soft=0.004)
    if smile:
        _draw_corners(brush, person, y=0.33 + 0.03 * opening, half=width / 2, smile=smile)


def _draw_corners(brush: _Brush, person: Person, *, y: float, half: float, smile: float) -> None:
    """The corners of the mouth, up or down, and the fold of the cheek beside them."""
    for side in (-1, 1):
        for share in np.linspace(0.6, 1.25, 6):
            rise = -0.085 * smile * ((share - 0.5) / 0.75) ** 1.5
            thick = 0.055 * (1.35 - share)
            brush.ellipse(side * share * half, y + rise, 0.05, thick, person.lips, soft=0.006)
        x, corner = side * 1.3 * half, y - 0.085 * smile
        brush.ellipse(x, corner, 0.035, 0.07, _shade(person.skin, 0.72), soft=0.015, alpha=min(1.0, abs(smile)))


def _shade(colour: Colour, factor: float) -> Colour:
    red, green, blue = (min(255.0, factor * part) for part in colour)
    return red, green, blue
