"""Videos and audio as users' corpora hold them, and `prepare.py` run on them."""

import importlib.util
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from avse.corpora.own import OwnCorpus
from avse.data.manifest import read_manifest
from avse.media.audio import AudioWriter
from avse.synthetic.head import PEOPLE
from avse.synthetic.talker import render_video, write_video
from avse.synthetic.voice import speak

RATE = 16000
ROOT = Path(__file__).parents[2]


def write_noise(path, seed, *, gain=0.1, duration_s=1.2):
    path.parent.mkdir(parents=True, exist_ok=True)
    waveform = gain * np.random.default_rng(seed).standard_normal(round(duration_s * RATE)).astype(np.float32)
    with AudioWriter(path, sample_rate=RATE, n_channels=1) as writer:
        writer.write(waveform[None])


def write_talk(path, seed, *, silent=False):
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    voice = speak(rng, duration_s=1.2)
    times_s = np.arange(30) / 25
    images = render_video(PEOPLE[seed % len(PEOPLE)], voice.opening_at(times_s), rng, size=(160, 160))
    write_video(path, images, timestamps_s=times_s, waveform=None if silent else voice.waveform, sample_rate=RATE)


def write_mpg(path, seed, *, silent=False, size=32):
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


def write_still(path, *, silent=False):
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
        write_noise(tmp_path / f"noise/hiss {number}.wav", number)

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
