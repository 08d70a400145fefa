"""Decibels to ratios and back: the only home of these formulas."""

from typing import TypeVar

import numpy as np
import numpy.typing as npt

Level = TypeVar("Level", float, npt.NDArray[np.float64])


def amplitude_ratio(level_db: Level) -> Level:
    """The factor on samples that changes their level by so much.

    Args:
        level_db: dB, any shape.

    Returns:
        As `level_db`, positive.

    Examples:
        >>> amplitude_ratio(-20.0), amplitude_ratio(0.0)
        (0.1, 1.0)
    """
    ratio: Level = 10 ** (level_db / 20)
    return ratio


def power_ratio(level_db: Level) -> Level:
    """The factor on powers that changes their level by so much.

    Args:
        level_db: dB, any shape.

    Returns:
        As `level_db`, positive.

    Examples:
        >>> power_ratio(-20.0), power_ratio(10.0)
        (0.01, 10.0)
    """
    ratio: Level = 10 ** (level_db / 10)
    return ratio
