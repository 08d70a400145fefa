"""Each clip that was found has its own frame, from its own time; a file that is gone has a tile without one."""

from pathlib import Path

import numpy as np

from avse.media.video import VideoWriter
from avse.report.hit_sheet import HEIGHT, TEXT, WIDTH, Hit, hit_sheet


def _video(path, colours):
    """A second of each colour."""
    with VideoWriter(path, fps=10, width=64, height=48) as writer:
        for colour in colours:
            for _ in range(10):
                writer.write(np.full((48, 64, 3), colour, np.uint8))


def _centre(sheet, row, column):
    return sheet[row * (HEIGHT + TEXT) + HEIGHT // 2, column * WIDTH + WIDTH // 2].astype(int)


def test_tiles_show_the_middle_of_their_clips_in_the_order_of_the_ranks(tmp_path):
    _video(tmp_path / "a.mp4", [(200, 30, 30), (30, 200, 30)])
    _video(tmp_path / "b.mp4", [(30, 30, 200)])
    hits = [Hit(tmp_path / "a.mp4", 1.0, 2.0, 0.9), Hit(tmp_path / "b.mp4", 0.0, 1.0, 0.8),
            Hit(tmp_path / "a.mp4", 0.0, 1.0, 0.7), Hit(Path("gone.mp4"), 0.0, 1.0, 0.6),
            Hit(tmp_path / "b.mp4", 0.0, 1.0, 0.5)]  # fmt: skip
    sheet = hit_sheet(hits)
    assert sheet.shape == (2 * (HEIGHT + TEXT), 4 * WIDTH, 3)
    assert [int(_centre(sheet, 0, column).argmax()) for column in range(3)] == [1, 2, 0]
    assert _centre(sheet, 0, 3).tolist() == [32, 32, 32]
    assert _centre(sheet, 1, 0).argmax() == 2
    assert (sheet[HEIGHT : HEIGHT + TEXT, :WIDTH] > 200).any()


def test_no_hits_are_an_empty_sheet():
    assert hit_sheet([]).shape == (HEIGHT + TEXT, WIDTH, 3)
