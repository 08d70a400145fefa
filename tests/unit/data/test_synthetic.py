"""The drawn head is a face to a real detector, its mouth follows the voice, and all is repeatable."""

import numpy as np
import pytest

from avse.data import synthetic
from avse.data.head import PEOPLE, Pose, background, draw_head
from avse.data.voice import speak
from avse.media.audio import read_audio
from avse.media.face import CascadeDetector
from avse.media.video import VideoReader


@pytest.mark.parametrize("person", PEOPLE, ids=["one", "two", "three"])
def test_a_real_detector_finds_the_drawn_face(person):
    detector = CascadeDetector()
    openings = speak(np.random.default_rng(5), duration_s=3).opening_at(np.arange(0, 3, 0.08))
    found = [detector.detect(image) for image in synthetic.film(person, openings, np.random.default_rng(6))]
    assert np.mean([len(boxes) == 1 for boxes in found]) >= 0.95


def test_the_mouth_darkens_as_it_opens():
    room = background(320, 240)
    mouths = [draw_head(room, PEOPLE[0], Pose((160, 118), 130, o))[150:175, 145:175] for o in np.linspace(0, 1, 6)]
    brightness = [mouth.mean() for mouth in mouths]
    assert np.corrcoef(brightness, np.linspace(0, 1, 6))[0, 1] < -0.9


def test_the_voice_is_loud_when_the_mouth_is_open():
    voice = speak(np.random.default_rng(7), duration_s=6)
    level = np.sqrt(np.square(voice.waveform[: 6 * 16000]).reshape(-1, 160).mean(axis=1))
    assert np.corrcoef(level, voice.opening[:-1])[0, 1] > 0.5
    assert np.abs(voice.waveform).max() == pytest.approx(0.5)


def test_a_seed_gives_the_same_voice_and_another_one_another():
    one, same, other = (speak(np.random.default_rng(seed), duration_s=2).waveform for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)


def test_the_sample_has_the_ratio_and_the_lengths_it_promises(tmp_path):
    assert synthetic.main([str(tmp_path / "sample"), "--duration-s", "1.5"]) == 0
    clean, _ = read_audio(tmp_path / "sample/clean.wav")
    noisy, _ = read_audio(tmp_path / "sample/noisy.wav")
    assert clean.shape == noisy.shape == (1, 24000)
    ratio_db = 10 * np.log10(np.mean(clean**2) / np.mean((noisy - clean) ** 2))
    assert ratio_db == pytest.approx(synthetic.SNR_DB, abs=0.1)
    with VideoReader(tmp_path / "sample/talk.mp4") as reader:
        times_s = [frame.time_s for frame in reader.frames()]
    np.testing.assert_allclose(times_s, np.arange(38) / 25, atol=1e-4)


def test_the_command_refuses_what_it_cannot_do(tmp_path, capsys):
    (tmp_path / "clean.wav").write_text("mine")
    assert synthetic.main([str(tmp_path)]) == 1
    assert "must not exist but does" in capsys.readouterr().err
    assert (tmp_path / "clean.wav").read_text() == "mine"
    with pytest.raises(SystemExit, match="2"):
        synthetic.main([str(tmp_path), "--duration-s", "0"])
