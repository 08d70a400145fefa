"""Tables of learned positions, and the same tables for another number of tokens."""

from functools import lru_cache

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

INITIAL_STD = 0.02
"""Standard deviation of new positions and of a new [AGG] token."""


def resized(table: Tensor, length: int, *, spline: bool = False) -> Tensor:
    """A table of positions `(n, dim)` for another number of them, `(length, dim)`.

    Args:
        table: to stretch or to shrink.
        length: positions wanted.
        spline: by the official code's spline; else by cubic interpolation, as the paper has it.
    """
    if len(table) == length:
        return table
    if spline:
        weights = torch.from_numpy(spline_weights(len(table), length))
        return weights.to(table) @ table
    stretched = F.interpolate(table.T[None, :, :, None], size=(length, 1), mode="bicubic", align_corners=False)
    return stretched[0, :, :, 0].T


@lru_cache(maxsize=16)
def spline_weights(n_known: int, n_wanted: int) -> npt.NDArray[np.float32]:
    """What each known position counts for each wanted one, by a polyharmonic spline of order 3.

    The spline is a sum of cubed distances to the known positions and a straight line (in one dimension, the natural
    cubic spline); positions are counted from 0, as shares of the whole. It goes through all known values.

    Args:
        n_known: positions in the table, two or more.
        n_wanted: positions asked for.

    Returns:
        `(n_wanted, n_known)`.
    """
    known, wanted = np.arange(n_known), np.arange(n_wanted) * n_known / n_wanted
    line = np.stack([known, np.ones(n_known)], axis=1)
    system = np.block([[np.abs(known[:, None] - known) ** 3, line], [line.T, np.zeros((2, 2))]])
    asked = np.hstack([np.abs(wanted[:, None] - known) ** 3, wanted[:, None], np.ones((n_wanted, 1))])
    return np.linalg.solve(system, asked.T)[:n_known].T.astype(np.float32)
