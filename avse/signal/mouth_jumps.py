"""Jumps of the mouth's video: from one video frame to the next it shows something else, a hand, a cut, another face.

Lips that are covered look as still as those of a silent person, so a model that is steered by them would suppress the
speaker. Consecutive crops of a mouth that talks are much alike, and two views of one mouth still are; a crop and what
covers it, and often two people's mouths, are not.
"""

from typing import NamedTuple

import numpy as np

from avse.types import Flags, FloatArray, Image

LEAST_CORRELATION = 0.3
"""Of the grey values of consecutive crops; below it the video has jumped."""
REST_S = 0.5
"""s; for so long after a jump no crop is used: the lips have to be seen again before they are believed."""
FLAT_STD = 1.0
"""Standard deviation of the grey values, of 255, up to which a crop shows nothing that could be compared."""


class _Look(NamedTuple):
    """A crop as it is compared with the next one."""

    grey: FloatArray
    """`(height * width,)` less its mean."""
    std: float
    """Its standard deviation, of 255."""

    @classmethod
    def of(cls, crop: Image) -> "_Look":
        """Take a crop `(height, width, 3)`."""
        grey = crop.mean(axis=2, dtype=np.float32).ravel()
        grey -= grey.mean()
        return cls(grey, float(np.sqrt(grey @ grey / len(grey))))


class MouthJumps:
    """Says of each crop whether it can be used, as they come."""

    def __init__(self, *, rate_hz: float) -> None:
        """Set up; `rate_hz` is that of the crops."""
        self._n_rest = round(REST_S * rate_hz)
        self._rest = 0
        self._before: _Look | None = None

    def push(self, crops: Image, present: Flags) -> Flags:
        """Take the next crops.

        Args:
            crops: `(n, height, width, 3)`.
            present: `(n,)` whether there is a mouth.

        Returns:
            `(n,)` True where there is a mouth and no jump in the last `REST_S`.
        """
        usable = present.copy()
        for number, is_present in enumerate(present.tolist()):
            look = _Look.of(crops[number]) if is_present else None
            if look is not None and self._before is not None and _correlation(look, self._before) < LEAST_CORRELATION:
                self._rest = self._n_rest
            usable[number] &= self._rest == 0
            self._rest = max(0, self._rest - 1)
            self._before = look
        return usable


def _correlation(one: _Look, other: _Look) -> float:
    """Of two crops; 1 where both are flat, 0 where one is."""
    if min(one.std, other.std) < FLAT_STD:
        return 1.0 if max(one.std, other.std) < FLAT_STD else 0.0
    return float(one.grey @ other.grey) / len(one.grey) / (one.std * other.std)
