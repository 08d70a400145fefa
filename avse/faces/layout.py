"""The order of faces in a frame, and words for their positions."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

ROW_HEIGHT = 0.8
"""Faces farther apart in height than this share of their size are in different rows."""


class Cell(NamedTuple):
    """Where a face is among the others."""

    row: int
    """From 0 at the top."""
    column: int
    """From 0 at the left, within the row."""
    position: str
    """In words; empty for the only face."""


def arrange(positions: Sequence[tuple[float, float, float]]) -> list[Cell]:
    """Put faces into rows and columns.

    Args:
        positions: centre column, centre row and size of each face, in one unit.

    Returns:
        A cell for each face; sorted by row and column they are in reading order.
    """
    rows: list[list[int]] = []
    for i in sorted(range(len(positions)), key=lambda i: positions[i][1]):
        size = float(np.mean([positions[i][2], *(positions[j][2] for j in (rows[-1] if rows else []))]))
        if rows and positions[i][1] - float(np.mean([positions[j][1] for j in rows[-1]])) <= ROW_HEIGHT * size:
            rows[-1].append(i)
        else:
            rows.append([i])
    cells = [Cell(0, 0, "")] * len(positions)
    for row, members in enumerate(rows):
        for column, i in enumerate(sorted(members, key=lambda i: positions[i][0])):
            words = [_row_name(row, len(rows)), _column_name(column, len(members))]
            cells[i] = Cell(row, column, " ".join(word for word in words if word))
    return cells


def _row_name(row: int, n: int) -> str:
    if n == 1:
        return ""
    return {0: "top", n - 1: "bottom"}.get(row, "middle" if n == 3 else f"row {row + 1}")


def _column_name(column: int, n: int) -> str:
    if n == 1:
        return ""
    return {0: "left", n - 1: "right"}.get(column, "centre" if n == 3 else f"number {column + 1} from the left")
