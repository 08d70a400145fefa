"""A small VATT: videos, shards, configuration and a training, made once a session."""

import os
import shutil

import numpy as np
import pytest
from audio_files import ROOT
from filelock import FileLock

from avse.synthetic.talker import write_video
from avse.synthetic.voice import speak


def _once(tmp_path_factory, name, make):
    """A folder that is made once, by one of the test processes, and only read by all of them."""
    root = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent
    folder, done = root / name, root / f"{name}.done"
    with FileLock(root / f"{name}.lock"):
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            done.touch()
    return folder


@pytest.fixture(scope="session")
def vatt_cut():
    """How the videos are cut."""
    return ["--fps", "12.5", "--sample-rate", "8000", "--duration-s", "1.6", "--height", "32", "--workers", "1"]


@pytest.fixture(scope="session")
def write_mouth():
    """Writes a video of a mouth that opens with the voice."""

    import cv2

    def write(path, seed, *, duration_s=1.7, silent=False):
        voice = speak(np.random.default_rng(seed), duration_s=duration_s, sample_rate=8000)
        times_s = np.arange(int(duration_s * 12.5)) / 12.5
        images = []
        for opening in voice.opening_at(times_s):
            image = np.full((32, 48, 3), (200, 150, 130), np.uint8)
            cv2.ellipse(image, (24, 16), (14, round(1 + 12 * opening)), 0, 0, 360, (60, 10, 10), -1)
            images.append(image)
        write_video(path, images, timestamps_s=times_s, waveform=None if silent else voice.waveform, sample_rate=8000)

    return write


@pytest.fixture(scope="session")
def vatt_videos(tmp_path_factory, write_mouth):
    """A folder of videos with sentences beside them."""

    def make(folder):
        for number in range(60):
            write_mouth(folder / f"talk {number:02d}.mp4", number)
            (folder / f"talk {number:02d}.txt").write_text(
                "bin blue at f two now" if number % 2 else "lay red by a one again"
            )

    return _once(tmp_path_factory, "vatt videos", make)


@pytest.fixture(scope="session")
def vatt_shards(vatt_videos, vatt_cut, tmp_path_factory):
    """The shards cut from them."""
    from recipes.vatt import shards

    def make(folder):
        assert shards.main([str(vatt_videos), str(folder), *vatt_cut, "--valid-share", "0.3"]) == 0

    return _once(tmp_path_factory, "vatt shards", make)


@pytest.fixture(scope="session")
def vatt_config():
    """Reads the toy's configuration, for shards and a folder, with more options."""
    from avse.training.config import read_config
    from recipes.vatt.config import TrainConfig

    def config(shards, folder, *more):
        toy = ROOT / "egs/toy/conf/vatt.yaml"
        return read_config(TrainConfig, ["--config", str(toy), "--folder", str(folder), "--shards", str(shards), *more])

    return config


@pytest.fixture(scope="session")
def vatt_run(vatt_shards, vatt_config, tmp_path_factory):
    """Folder of a training."""
    from recipes.vatt import train

    return _once(tmp_path_factory, "vatt", lambda folder: train.main(vatt_config(vatt_shards, folder)))
