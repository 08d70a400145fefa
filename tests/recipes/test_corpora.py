"""Corpora of a user's own files: a folder of videos through all stages, and GRID and TMSV as they are laid out."""

import importlib.util
import json
import os
import shutil
import subprocess
import zlib
from collections import defaultdict
from fractions import Fraction
from itertools import product
from pathlib import Path

import av
import numpy as np
import pytest
from inside import run_stages

from avse.corpora.own import OwnCorpus
from avse.data.manifest import read_manifest, read_mixtures
from avse.media.audio import AudioWriter
from avse.synthetic.head import PEOPLE
from avse.synthetic.talker import render_video, write_video
from avse.synthetic.voice import speak

ROOT = Path(__file__).parents[2]
RATE = 16000
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


def _audio(path, seed, *, gain=0.1, duration_s=1.2):
    path.parent.mkdir(parents=True, exist_ok=True)
    waveform = gain * np.random.default_rng(seed).standard_normal(round(duration_s * RATE)).astype(np.float32)
    with AudioWriter(path, sample_rate=RATE, n_channels=1) as writer:
        writer.write(waveform[None])


def _talk(path, seed, *, silent=False):
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    voice = speak(rng, duration_s=1.2)
    times_s = np.arange(30) / 25
    images = render_video(PEOPLE[seed % len(PEOPLE)], voice.opening_at(times_s), rng, size=(160, 160))
    write_video(path, images, timestamps_s=times_s, waveform=None if silent else voice.waveform, sample_rate=RATE)


def _mpg(path, seed, *, silent=False, size=32):
    """As GRID's are: MPEG-1, with MP2 audio."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w", format="mpeg") as container:
        video_frame = container.add_stream("mpeg1video", rate=25)
        video_frame.width = video_frame.height = size
        video_frame.pix_fmt = "yuv420p"
        audio = None if silent else container.add_stream("mp2", rate=44100, layout="mono")
        for number in range(30):
            image = np.random.default_rng(number).integers(0, 255, (size, size, 3)).astype(np.uint8)
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            container.mux(video_frame.encode(frame))
        container.mux(video_frame.encode(None))
        if audio is None:
            return
        samples = (3000 * np.random.default_rng(seed).standard_normal((1, 46 * 1152))).astype(np.int16)
        for start in range(0, samples.shape[1], 1152):
            block = np.ascontiguousarray(samples[:, start : start + 1152])
            chunk = av.AudioFrame.from_ndarray(block, format="s16", layout="mono")
            chunk.sample_rate, chunk.pts, chunk.time_base = 44100, start, Fraction(1, 44100)
            container.mux(audio.encode(chunk))
        container.mux(audio.encode(None))


def _still(path, *, silent=False):
    """As TMSV's are: MP4."""
    path.parent.mkdir(parents=True, exist_ok=True)
    waveform = 0.1 * np.random.default_rng(0).standard_normal(round(1.2 * RATE)).astype(np.float32)
    write_video(
        path, [np.zeros((32, 32, 3), np.uint8)] * 30, timestamps_s=np.arange(30) / 25,
        waveform=None if silent else waveform, sample_rate=RATE,
    )  # fmt: skip


@pytest.fixture
def prepare(tmp_path, monkeypatch, capsys):
    """Runs a corpus' own prepare; gives the exit code, its words, and the manifest by id."""
    for number in range(4):
        _audio(tmp_path / f"noise/hiss {number}.wav", number)

    def run(script, videos, command="manifest", **more):
        places = {
            "AVSE_VIDEOS": str(videos),
            "AVSE_NOISE": str(tmp_path / "noise"),
            "AVSE_DATA": str(tmp_path / "exp/data"),
        }
        for name, value in {**places, "AVSE_SPEECH": "", "AVSE_PER_SPEAKER": "", **more}.items():
            monkeypatch.setenv(name, value)
        source = importlib.util.spec_from_file_location("prepare_own", ROOT / "egs" / script)
        module = importlib.util.module_from_spec(source)
        source.loader.exec_module(module)
        corpus = OwnCorpus(module.find, getattr(module, "rule", None))
        out = tmp_path / "manifest.jsonl"
        argv = ["check"] if command == "check" else ["manifest", str(out)]
        code = corpus.command(argv, usage="")
        printed = capsys.readouterr()
        items = {item.id: item for item in read_manifest(out)} if out.is_file() else {}
        return code, printed.out + printed.err, items

    return run


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """Three people's videos and two noises, names with spaces, and files of no use among them."""
    folder = tmp_path_factory.mktemp("own")
    for number, (person, clip) in enumerate(product(("Ann B", "ben", "Zoë"), ("one", "one more"))):
        _talk(folder / "my videos" / person / f"{clip}.mp4", number)
    _talk(folder / "my videos/ben/mute.mp4", 7, silent=True)
    (folder / "my videos/ben/broken.mp4").write_bytes(b"no video")
    for number in range(2):
        _audio(folder / f"my noise/hiss/{number}.wav", number, duration_s=3)
    _audio(folder / "my noise/silent.wav", 0, gain=0)
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
    _talk(own / "my videos/ben/new.mp4", 9)
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
        _still(tmp_path / f"videos/clip.{number}.mp4")
    code, printed, items = prepare("folder/prepare.py", tmp_path / "videos")
    assert code == 0
    faces = [item for item in items.values() if item.video]
    assert {item.split for item in faces} == {"train", "valid", "test_seen"}
    assert len({item.speaker for item in faces}) == 5
    assert "talking faces: 1 test_seen, 3 train, 1 valid" in printed


def test_two_videos_are_too_few(prepare, tmp_path):
    for number in range(2):
        _still(tmp_path / f"videos/{number}.mp4")
    (tmp_path / "videos/broken.mp4").write_bytes(b"no video")
    code, printed, _ = prepare("folder/prepare.py", tmp_path / "videos")
    assert code == 1
    assert "at least 3 clips are needed" in printed
    assert "1 skipped, the first: video" in printed


def test_speech_of_its_own_competes(prepare, tmp_path):
    for number in range(4):
        _still(tmp_path / f"videos/{number}.mp4")
        _audio(tmp_path / f"speech/reader{number}/a.flac", number)
    code, printed, items = prepare("folder/prepare.py", tmp_path / "videos", AVSE_SPEECH=str(tmp_path / "speech"))
    assert code == 0
    assert "voices: 1 test, 2 train, 1 valid" in printed
    voices = {item.audio for item in items.values() if item.id.startswith("speech__") and item.split == "test"}
    mixtures = read_mixtures(tmp_path / "exp/data/av/test_mixtures.jsonl")
    assert {cut.path for m in mixtures if m.noise_type == "talker_1" for cut in m.noise} == voices


def test_no_more_videos_of_a_speaker_than_wanted(prepare, tmp_path):
    for person, number in product("abc", range(4)):
        _still(tmp_path / f"videos/{person}/{number}.mp4")
    code, _, items = prepare("folder/prepare.py", tmp_path / "videos", AVSE_PER_SPEAKER="2")
    assert code == 0
    assert sorted(item.speaker for item in items.values() if item.video) == list("aabbcc")


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
        _mpg(grid / layout.format(s=speaker, n=name), 1)
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
        _mpg(grid / f"{speaker}.mpg_vcd/{name}.mpg", 1, silent=True)
        _audio(grid / f"audio/{speaker}/{name}.wav", 2)
    _mpg(grid / f"s3/video/mpg_6000/{names[0]}.mpg", 1, silent=True, size=64)
    code, _, items = prepare("grid/distributed.py", grid)
    assert code == 0
    assert len([item for item in items.values() if item.video]) == 8
    item = items[f"s3_{names[0]}"]
    assert Path(item.video) == grid / f"s3/video/mpg_6000/{names[0]}.mpg"
    assert Path(item.audio) == grid / f"audio/s3/{names[0]}.wav"


def test_a_part_of_grid_is_split_as_any_folder(prepare, tmp_path):
    for name in _sentences():
        _mpg(tmp_path / f"s5/{name}.mpg", 1)
    code, printed, items = prepare("grid/distributed.py", tmp_path / "s5")
    assert code == 0
    assert "these are split as any folder is" in printed
    assert {item.split for item in items.values() if item.video} == {"train", "valid", "test_seen"}


def _tmsv(folder, speakers):
    for speaker, number in product(speakers, (1, 150, 190, 250)):
        name = f"SP{speaker:02d}_{number:03d}"
        _still(folder / f"SP{speaker:02d}/video/{name}.mp4", silent=number == 150)
        if number == 150:
            _audio(folder / f"SP{speaker:02d}/audio/clean/train/{name}.wav", 1)
            _audio(folder / f"SP{speaker:02d}/audio/noisy_enh/train/{name}.wav", 1)


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
    _still(tmp_path / "videos/holiday.mp4")
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
