"""Corpora of a user's own files: a folder of videos through all stages, and GRID and TMSV as they are laid out."""

import json
import os
import shutil
import subprocess
from collections import defaultdict
from itertools import product

import numpy as np
import pytest
from corpus_files import (
    RATE,
    ROOT,
    prepare,  # noqa: F401
    write_noise,
    write_still,
    write_talk,
)
from inside import run_stages

from avse.data.manifest import read_manifest, read_mixtures
from avse.synthetic.talker import write_video

AVDCNN = """
mix: {n_samples: 16000}
stretch_frames: 8
loop: {n_epochs: 2, batch_size: 8, warmup_steps: 1, validate_every_epochs: 2, precision: 32-true}
"""
LIVE = """
mix: {n_samples: 12800}
channel: {measured_share: 0.0}
model: {channels: 8, band_state_dim: 8, state_dim: 16, video_dim: 16, gate_dim: 8}
loop: {n_epochs: 1, batch_size: 8, warmup_steps: 1}
"""


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """Three people's videos and two noises, names with spaces, and files of no use among them."""
    folder = tmp_path_factory.mktemp("own")
    for number, (person, clip) in enumerate(product(("Ann B", "ben", "Zoë"), ("one", "one more"))):
        write_talk(folder / "my videos" / person / f"{clip}.mp4", number)
    write_talk(folder / "my videos/ben/mute.mp4", 7, silent=True)
    (folder / "my videos/ben/broken.mp4").write_bytes(b"no video")
    for number in range(2):
        write_noise(folder / f"my noise/hiss/{number}.wav", number, duration_s=3)
    write_noise(folder / "my noise/silent.wav", 0, gain=0)
    (folder / "avdcnn.yaml").write_text(AVDCNN, encoding="utf-8")
    (folder / "live.yaml").write_text(LIVE, encoding="utf-8")
    return folder


def _words(folder, *options):
    return ["--exp", str(folder / "my exp"), "--workers", "1", *options]


def _environment():
    return {name: value for name, value in os.environ.items() if not name.startswith("AVSE_")}


def _run(folder, *options):
    return run_stages("folder", *_words(folder, *options), environment=_environment(), cwd=folder)


@pytest.fixture(scope="module")
def whole(own):
    """All stages, with paths from where the user stands; the first as users start them."""
    if shutil.which("bash") is None:
        pytest.skip("needs bash")
    options = ["--videos", "my videos", "--noise", "my noise", "--config", str(own / "avdcnn.yaml")]
    first = subprocess.run(
        ["bash", str(ROOT / "egs/folder/run.sh"), *_words(own, *options, "--stages", "check,prepare")],
        cwd=own, env=_environment(), capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip
    assert first.returncode == 0, first.stderr
    done = _run(own, *options, "--stage", "2")
    assert done.returncode == 0, done.stderr
    return first


def test_a_folder_of_videos_goes_through_all_stages(own, whole, monkeypatch):
    monkeypatch.setenv("AVSE_VIDEOS", str(own / "my videos"))
    monkeypatch.setenv("AVSE_NOISE", str(own / "my noise"))
    text = (own / "my exp/RESULTS.md").read_text(encoding="utf-8")
    for words in ("## AVDCNN: training", "## test_seen", "## test_unseen", "| hiss | talker_1 |", "same_speaker"):
        assert words in text
    assert "target" not in text, "this corpus has no targets.yaml"
    items = read_manifest(own / "my exp/manifest.jsonl")
    by_split = defaultdict(list)
    for item in items:
        by_split[item.split].append(item)
    assert {len(by_split[split]) for split in ("train", "valid", "test_seen", "test_unseen")} <= {1, 2, 3}
    assert {i.speaker for i in by_split["test_unseen"]}.isdisjoint(i.speaker for i in by_split["train"])
    tested = {cut.path for m in read_mixtures(own / "my exp/data/av/test_mixtures.jsonl") for cut in m.noise}
    assert tested.isdisjoint(i.audio for split in ("train", "valid") for i in by_split[split])


def test_files_of_no_use_are_reported_and_skipped(own, whole):
    assert "8 videos (3 speakers), 3 noises, 0 competing voices: found" in whole.stdout
    for name in ("broken.mp4", "mute.mp4", "silent.wav"):
        assert name in whole.stderr
        assert name in (own / "my exp/data/skipped.txt").read_text(encoding="utf-8")
        assert name not in (own / "my exp/manifest.jsonl").read_text(encoding="utf-8")
    assert "only 2 clips to train with" in whole.stderr


def test_the_live_model_trains_without_competing_voices(own, whole):
    done = _run(own, "--model", "live", "--stages", "train", "--config", str(own / "live.yaml"))
    assert done.returncode == 0, done.stderr
    assert (own / "my exp/live/model.safetensors").is_file()


def test_other_videos_than_those_prepared_are_refused(own, whole):
    write_talk(own / "my videos/ben/new.mp4", 9)
    done = _run(own, "--videos", "my videos", "--noise", "my noise", "--stages", "check")
    (own / "my videos/ben/new.mp4").unlink()
    assert done.returncode == 1
    assert "must be of the files that are there now but is of others" in done.stderr


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ([], "the folder of videos must be named but is not; name one"),
        (["--videos", "my videos"], "the folder of noise must be named but is not"),
        (["--videos", "my flims", "--noise", "my noise"], "videos must be a folder but"),
        (["--videos", "my noise", "--noise", "my noise"], "must hold videos"),
        (["--videos", "my videos", "--noise", "my videos"], "must hold audio files"),
        (
            ["--videos", "my videos", "--noise", "my noise", "--per-speaker", "few"],
            "videos per speaker must be a number",
        ),
    ],
)
def test_a_wrong_folder_is_one_line(own, options, words):
    done = _run(own, *options, "--stages", "check", "--exp", str(own / "elsewhere"))
    assert done.returncode == 1
    assert words in done.stderr
    assert len(done.stderr.strip().splitlines()) == 2, "the stage's name, and the error"


def test_videos_without_folders_are_split_one_by_one(prepare, tmp_path):
    for number in range(5):
        write_still(tmp_path / f"videos/clip.{number}.mp4")
    code, printed, items = prepare("folder/prepare.py", tmp_path / "videos")
    assert code == 0
    faces = [item for item in items.values() if item.video]
    assert {item.split for item in faces} == {"train", "valid", "test_seen"}
    assert len({item.speaker for item in faces}) == 5
    assert "talking faces: 1 test_seen, 3 train, 1 valid" in printed


def test_two_videos_are_too_few(prepare, tmp_path):
    for number in range(2):
        write_still(tmp_path / f"videos/{number}.mp4")
    (tmp_path / "videos/broken.mp4").write_bytes(b"no video")
    code, printed, _ = prepare("folder/prepare.py", tmp_path / "videos")
    assert code == 1
    assert "at least 3 clips are needed" in printed
    assert "1 skipped, the first: video" in printed


def test_speech_of_its_own_competes(prepare, tmp_path):
    for number in range(4):
        write_still(tmp_path / f"videos/{number}.mp4")
        write_noise(tmp_path / f"speech/reader{number}/a.flac", number)
    code, printed, items = prepare("folder/prepare.py", tmp_path / "videos", AVSE_SPEECH=str(tmp_path / "speech"))
    assert code == 0
    assert "voices: 1 test, 2 train, 1 valid" in printed
    voices = {item.audio for item in items.values() if item.id.startswith("speech__") and item.split == "test"}
    mixtures = read_mixtures(tmp_path / "exp/data/av/test_mixtures.jsonl")
    assert {cut.path for m in mixtures if m.noise_type == "talker_1" for cut in m.noise} == voices


def test_no_more_videos_of_a_speaker_than_wanted(prepare, tmp_path):
    for person, number in product("abc", range(4)):
        write_still(tmp_path / f"videos/{person}/{number}.mp4")
    code, _, items = prepare("folder/prepare.py", tmp_path / "videos", AVSE_PER_SPEAKER="2")
    assert code == 0
    assert sorted(item.speaker for item in items.values() if item.video) == list("aabbcc")


def test_records_of_what_was_cut_are_read_again(prepare, tmp_path):
    path = tmp_path / "videos/talk.mp4"
    path.parent.mkdir()
    n = 25 * 31
    write_video(
        path, [np.zeros((32, 32, 3), np.uint8)] * n, timestamps_s=np.arange(n) / 25,
        waveform=0.1 * np.random.default_rng(0).standard_normal(31 * RATE).astype(np.float32), sample_rate=RATE,
    )  # fmt: skip
    code, _, items = prepare("folder/prepare.py", tmp_path / "videos")
    assert code == 0
    pieces = [item for item in items.values() if item.video]
    assert [item.duration_s for item in pieces] == [5.0] * 6
    assert {item.video for item in pieces} == {f"pieces/talk__{number:05d}.mp4" for number in range(6)}
    record = json.loads((tmp_path / "exp/data/pieces/talk.json").read_text(encoding="utf-8"))
    assert len(record["pieces"]) == 6
