"""Jumps of the mouth's video: from one video frame to the next it shows something else, a hand, a cut, another face.

Lips that are covered look as still as those of a silent person, so a model that is steered by them would suppress the
speaker. Consecutive crops of a mouth that talks are much alike, and two views of one mouth still are; a crop and what
covers it, and often two people's mouths, are not.
"""

import numpy as np

from avse.types import Flags, FloatArray, Image

LEAST_CORRELATION = 0.3
"""Of the grey values of consecutive crops; below it the video has jumped."""
REST_S = 0.5
"""s; for so long after a jump no crop is used: the lips have to be seen again before they are believed."""
FLAT_STD = 1.0
"""Standard deviation of the grey values, of 255, up to which a crop shows nothing that could be compared."""


class MouthJumps:
    """Says of each crop whether it can be used, as they come."""

    def __init__(self, *, rate_hz: float) -> None:
        """Set up; `rate_hz` is that of the crops."""
        self._n_rest = round(REST_S * rate_hz)
        self._rest = 0
        self._before: FloatArray | None = None

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
            grey = crops[number].astype(np.float32).mean(axis=2) if is_present else None
            if grey is not None and self._before is not None and _correlation(grey, self._before) < LEAST_CORRELATION:
                self._rest = self._n_rest
            usable[number] &= self._rest == 0
            self._rest = max(0, self._rest - 1)
            self._before = grey
        return usable


def _correlation(one: FloatArray, other: FloatArray) -> float:
    """Of two grey crops `(height, width)`; 1 where both are flat, 0 where one is."""
    one, other = one - one.mean(), other - other.mean()
    stds = float(one.std()), float(other.std())
    if min(stds) < FLAT_STD:
        return 1.0 if max(stds) < FLAT_STD else 0.0
    return float(np.mean(one * other)) / (stds[0] * stds[1])
