"""The drawn head is a face to a real detector, its mouth follows the voice, and all is repeatable."""

import numpy as np
import pytest

from avse.faces.detect import CascadeDetector
from avse.media.audio import read_audio
from avse.media.video import VideoReader
from avse.synthetic import talker as synthetic
from avse.synthetic.head import PEOPLE, Pose, background, draw_head
from avse.synthetic.voice import speak


@pytest.mark.parametrize("person", PEOPLE, ids=["one", "two", "three"])
def test_a_real_detector_finds_the_drawn_face(person):
    detector = CascadeDetector()
    openings = speak(np.random.default_rng(5), duration_s=3).opening_at(np.arange(0, 3, 0.08))
    found = [detector.detect(image) for image in synthetic.render_video(person, openings, np.random.default_rng(6))]
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


def test_the_command_refuses_a_negative_seed_in_one_line(tmp_path, capsys):
    with pytest.raises(SystemExit, match="2"):
        synthetic.main([str(tmp_path), "--seed", "-1"])
    assert "--seed must be 0 or more but is -1" in capsys.readouterr().err


def test_a_seed_gives_the_same_audio_files_and_the_same_video_frames(tmp_path):
    # The video's own bytes are skipped: x264 does not repeat them, not even in one thread.
    one, two = (synthetic.make_sample(tmp_path / name, duration_s=1.2, seed=4) for name in ("one", "two"))
    for first, second in zip(one[:2], two[:2], strict=True):
        assert first.read_bytes() == second.read_bytes()
    opening = np.linspace(0, 1, 4)
    first, second = (synthetic.render_video(PEOPLE[0], opening, np.random.default_rng(4)) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_pesq_and_stoi_take_it_for_speech_in_noise():
    pesq = pytest.importorskip("pesq", reason="the score extra is not installed")
    stoi = pytest.importorskip("pystoi").stoi
    rng = np.random.default_rng(8)
    voice = speak(rng, duration_s=3)
    mild, heavy = (synthetic.in_noise(voice, np.random.default_rng(9), snr_db=snr_db) for snr_db in (20, 5))
    scores = [pesq.pesq(16000, voice.waveform, noisy, "wb") for noisy in (mild, heavy)]
    assert scores[0] > scores[1] >= 1
    clear = [stoi(voice.waveform, noisy, 16000) for noisy in (mild, heavy)]
    assert 1 > clear[0] > clear[1] > 0.3


def test_video_frames_at_uneven_times_come_back_in_step_with_late_audio(tmp_path):
    rng = np.random.default_rng(10)
    times_s = np.concatenate([[0], np.cumsum(rng.uniform(0.02, 0.09, 24))])
    images = synthetic.render_video(PEOPLE[0], np.zeros(25), rng, size=(96, 72))
    waveform = speak(rng, duration_s=1.2).waveform
    path = tmp_path / "uneven.mp4"
    synthetic.write_video(path, images, timestamps_s=times_s, waveform=waveform, audio_start_s=0.3)
    with VideoReader(path) as reader:
        shown_s = np.array([frame.time_s for frame in reader.frames()])
    np.testing.assert_allclose(shown_s - shown_s[0], times_s, atol=1e-4)
    # Where the voice lies in the audio as read says when it starts: the coder may put silence before it.
    likeness = np.correlate(read_audio(path)[0][0], waveform, "full")
    voice_s = (np.argmax(likeness) - len(waveform) + 1) / 16000
    assert voice_s - shown_s[0] == pytest.approx(0.3, abs=1e-3)
