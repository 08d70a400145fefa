"""Writing into a folder of many files does not list it for each of them, and still removes what killed writers left."""

import os
import time

from avse.media import output
from avse.media.output import atomic_write


def test_a_long_folder_is_listed_once_a_minute_and_its_leftovers_go(tmp_path, monkeypatch):
    monkeypatch.setattr(output, "LONG_LISTING", 20)
    for number in range(30):
        (tmp_path / f"{number}.txt").write_text("x")
    left = tmp_path / ".a.0123abcd.txt"
    left.write_text("half")
    os.utime(left, (time.time() - 120,) * 2)
    listed = []
    real = os.scandir
    monkeypatch.setattr(os, "scandir", lambda folder: listed.append(folder) or real(folder))
    for name in ("a", "b", "c"):
        with atomic_write(tmp_path / f"{name}.txt") as temporary:
            temporary.write_text("whole")
    assert not left.exists()
    assert listed == [tmp_path]
    monkeypatch.setattr(output, "LISTED_S", 0.0)
    again = tmp_path / ".d.0123abcd.txt"
    again.write_text("half")
    with atomic_write(tmp_path / "d.txt") as temporary:
        temporary.write_text("whole")
    assert not again.exists()
