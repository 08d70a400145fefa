"""What of its data a run remembers."""

import dataclasses
from pathlib import Path

from avse.training.settings import digests


def test_crops_of_videos_that_are_not_in_the_manifest_do_not_count(tmp_path):
    @dataclasses.dataclass(frozen=True)
    class Config:
        manifest: Path
        crops: Path
        audio: Path

    for name in ("crops", "audio"):
        (tmp_path / name).mkdir()
    (tmp_path / "m.jsonl").write_text('{"id": "a"}\n')
    (tmp_path / "crops/a.npz").write_bytes(b"a")
    config = Config(tmp_path / "m.jsonl", tmp_path / "crops", tmp_path / "audio")
    before = digests(config)
    (tmp_path / "crops/other.npz").write_bytes(b"b")
    (tmp_path / "audio/decoded.i16").write_bytes(b"c")
    assert digests(config) == before
    (tmp_path / "crops/a.npz").write_bytes(b"changed")
    assert digests(config) != before
