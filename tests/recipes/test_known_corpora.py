"""GRID and TMSV as they are distributed, through the stages that prepare users' own videos."""

import os
import shutil
import subprocess
import zlib
from itertools import product
from pathlib import Path

import pytest
from corpus_files import (
    ROOT,
    prepare,  # noqa: F401
    write_mpg,
    write_noise,
    write_still,
)


def _sentences():
    """Names of GRID's sentences: of test_seen, of valid, and two to train with."""
    found = {0: [], 1: [], 2: []}
    for letter, digit in product("abcdefghijklmnopqrstuvxyz", "0123456789"):
        name = f"bba{letter}{digit}n"
        found[min(2, zlib.crc32(name.encode()) % 20)].append(name)
    return [found[0][0], found[1][0], *found[2][:2]]


@pytest.mark.parametrize("layout", ["{s}/{n}.mpg", "{s}/video/mpg_6000/{n}.mpg", "video/{s}/{n}.mpg"])
def test_grid_as_it_is_distributed(prepare, tmp_path, layout):
    grid, names = tmp_path / "grid", _sentences()
    for speaker, name in product(("s1", "s3", "s14"), names):
        write_mpg(grid / layout.format(s=speaker, n=name), 1)
    aligned = {"{s}/{n}.mpg": "alignments/s3", "video/{s}/{n}.mpg": "align"}.get(layout, "s3/align")
    path = grid / aligned / f"{names[0]}.align"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("0 12250 sil\n12250 19250 bin\n19250 27250 blue\n27250 29000 sp\n29000 74500 sil\n")
    code, _, items = prepare("grid/distributed.py", grid)
    assert code == 0
    assert items[f"s3_{names[0]}"].text == "bin blue"
    assert {items[f"s1_{name}"].split for name in names} == {"test_unseen"}
    for speaker in ("s3", "s14"):
        assert [items[f"{speaker}_{n}"].split for n in names] == ["test_seen", "valid", "train", "train"]


def test_grid_takes_the_better_video_and_audio_from_beside(prepare, tmp_path):
    grid, names = tmp_path / "grid", _sentences()
    for speaker, name in product(("s1", "s3"), names):
        write_mpg(grid / f"{speaker}.mpg_vcd/{name}.mpg", 1, silent=True)
        write_noise(grid / f"audio/{speaker}/{name}.wav", 2)
    write_mpg(grid / f"s3/video/mpg_6000/{names[0]}.mpg", 1, silent=True, size=64)
    code, _, items = prepare("grid/distributed.py", grid)
    assert code == 0
    assert len([item for item in items.values() if item.video]) == 8
    item = items[f"s3_{names[0]}"]
    assert Path(item.video) == grid / f"s3/video/mpg_6000/{names[0]}.mpg"
    assert Path(item.audio) == grid / f"audio/s3/{names[0]}.wav"


def test_a_part_of_grid_is_split_as_any_folder(prepare, tmp_path):
    for name in _sentences():
        write_mpg(tmp_path / f"s5/{name}.mpg", 1)
    code, printed, items = prepare("grid/distributed.py", tmp_path / "s5")
    assert code == 0
    assert "these are split as any folder is" in printed
    assert {item.split for item in items.values() if item.video} == {"train", "valid", "test_seen"}


def _tmsv(folder, speakers):
    for speaker, number in product(speakers, (1, 150, 190, 250)):
        name = f"SP{speaker:02d}_{number:03d}"
        write_still(folder / f"SP{speaker:02d}/video/{name}.mp4", silent=number == 150)
        if number == 150:
            write_noise(folder / f"SP{speaker:02d}/audio/clean/train/{name}.wav", 1)
            write_noise(folder / f"SP{speaker:02d}/audio/noisy_enh/train/{name}.wav", 1)


def test_tmsv_is_split_as_lavse_does(prepare, tmp_path):
    _tmsv(tmp_path / "TMSV", range(1, 12))
    code, _, items = prepare("tmsv/prepare.py", tmp_path / "TMSV")
    assert code == 0
    splits = {name: item.split for name, item in items.items() if item.video}
    for speaker in (1, 2, 3, 4, 7, 8, 9, 10):
        found = [splits[f"SP{speaker:02d}_{number:03d}"] for number in (1, 150, 190, 250)]
        assert found == ["train", "train", "valid", "test_seen"]
    assert {name: split for name, split in splits.items() if name[:4] in ("SP05", "SP06", "SP11")} == {
        "SP05_250": "test_unseen", "SP06_250": "test_unseen",
    }  # fmt: skip
    assert Path(items["SP01_150"].audio) == tmp_path / "TMSV/SP01/audio/clean/train/SP01_150.wav"
    assert items["SP01_001"].audio == items["SP01_001"].video


def test_a_part_of_tmsv_is_split_as_any_folder(prepare, tmp_path):
    _tmsv(tmp_path / "TMSV", range(1, 4))
    code, printed, items = prepare("tmsv/prepare.py", tmp_path / "TMSV")
    assert code == 0
    assert "LAVSE's split needs SP01" in printed
    assert {item.split for item in items.values() if item.video} == {"train", "valid", "test_seen", "test_unseen"}


@pytest.mark.parametrize(
    ("script", "words"),
    [("grid/distributed.py", "must hold GRID's videos, such as s1"), ("tmsv/prepare.py", "must hold TMSV's videos")],
)
def test_another_folder_is_no_such_corpus(prepare, tmp_path, script, words):
    write_still(tmp_path / "videos/holiday.mp4")
    for command in ("check", "manifest"):
        code, printed, _ = prepare(script, tmp_path / "videos", command)
        assert code == 1
        assert words in printed
        assert len(printed.splitlines()) == 1


def test_grid_without_videos_of_ones_own_is_the_pack(tmp_path):
    if shutil.which("bash") is None:
        pytest.skip("needs bash")
    done = subprocess.run(
        ["bash", str(ROOT / "egs/grid/run.sh"), "--stages", "check"], env={**os.environ, "AVSE_DATA": str(tmp_path)},
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 1
    assert "the data pack must hold" in done.stderr
