"""Films of mouths that open with a voice, the shards cut from them, and a network trained on those."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from avse.data.synthetic import write_film
from avse.data.voice import speak
from avse.training.config import read_config
from recipes.vatt import shards, train
from recipes.vatt.config import TrainConfig

ROOT = Path(__file__).parents[2]
N_FILMS = 60
FPS = 12.5


@pytest.fixture(scope="session")
def vatt_cut():
    """How the films are cut."""
    return ["--fps", "12.5", "--sample-rate", "8000", "--duration-s", "1.6", "--height", "32", "--n-jobs", "1"]


@pytest.fixture(scope="session")
def write_mouth():
    """Writes a mouth that opens with the voice."""

    def write(path, seed, *, duration_s=1.7, silent=False):
        voice = speak(np.random.default_rng(seed), duration_s=duration_s, sample_rate=8000)
        times_s = np.arange(int(duration_s * FPS)) / FPS
        images = []
        for opening in voice.opening_at(times_s):
            image = np.full((32, 48, 3), (200, 150, 130), np.uint8)
            cv2.ellipse(image, (24, 16), (14, round(1 + 12 * opening)), 0, 0, 360, (60, 10, 10), -1)
            images.append(image)
        write_film(path, images, timestamps_s=times_s, waveform=None if silent else voice.waveform, sample_rate=8000)

    return write


@pytest.fixture(scope="session")
def vatt_films(tmp_path_factory, write_mouth):
    """A folder of films with sentences beside them."""
    folder = tmp_path_factory.mktemp("films")
    for number in range(N_FILMS):
        write_mouth(folder / f"talk {number:02d}.mp4", number)
        (folder / f"talk {number:02d}.txt").write_text(
            "bin blue at f two now" if number % 2 else "lay red by a one again"
        )
    return folder


@pytest.fixture(scope="session")
def vatt_shards(vatt_films, vatt_cut, tmp_path_factory):
    """The shards cut from them."""
    out = tmp_path_factory.mktemp("shards")
    assert shards.main([str(vatt_films), str(out), *vatt_cut, "--valid-share", "0.3"]) == 0
    return out


@pytest.fixture(scope="session")
def vatt_config():
    """Reads the toy's configuration, for shards and a folder, with more options."""

    def config(shards, folder, *more):
        toy = ROOT / "egs/toy/conf/vatt.yaml"
        return read_config(TrainConfig, ["--config", str(toy), "--folder", str(folder), "--shards", str(shards), *more])

    return config


@pytest.fixture(scope="session")
def vatt_run(vatt_shards, vatt_config, tmp_path_factory):
    """Folder of a training."""
    folder = tmp_path_factory.mktemp("vatt")
    train.main(vatt_config(vatt_shards, folder))
    return folder
