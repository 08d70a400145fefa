"""What is done to voices and video frames in training keeps them together, or says that it does not."""

import numpy as np
import pytest

from avse.data.augment import change_speed, cover, samples_at_speed
from avse.data.bank import WaveformBank
from avse.data.corpus import Corpus
from avse.data.dataset import MixtureDataset
from avse.data.manifest import Item
from avse.data.mix_config import MixConfig
from avse.faces.mouth import MouthTrack
from avse.faces.report import FaceReport

RATE, HOP, N_SAMPLES = 16000, 640, 16000
PLAIN = {
    "augment": False, "any_speaker_probability": 0, "other_mouth_probability": 0, "video_zero_probability": 0,
    "video_gap_probability": 0, "audio_zero_probability": 0, "n_samples": N_SAMPLES,
}  # fmt: skip


class Bank(WaveformBank):
    """Waveforms that were never on disk."""

    def __init__(self, name, waveforms):
        self.items = [Item(id=f"{name}{i}", split="train", audio="-", licence="CC0-1.0", speaker=f"{name}{i}")
                      for i in range(len(waveforms))]  # fmt: skip
        self.waveforms = waveforms


@pytest.fixture(scope="module")
def corpus():
    """Audio whose value tells its time, and video frames that do the same; clip 1 has video frames of its own."""
    ramp = np.linspace(0.1, 0.9, 2 * RATE, dtype=np.float32)
    noise = np.random.default_rng(0).standard_normal(2 * RATE).astype(np.float32)
    images = np.zeros((50, 8, 12, 3), np.uint8) + np.arange(50, dtype=np.uint8)[:, None, None, None] * 5
    times_s, present = np.arange(50) / 25, np.ones(50, bool)
    report = FaceReport(1, 1.0, "the only one")
    mouths = [MouthTrack(times_s, crops, present, report) for crops in (images, 255 - images)]
    return Corpus(Bank("f", [ramp, ramp]), mouths, Bank("s", [noise]), Bank("n", [noise]))


def _dataset(corpus, **config):
    return MixtureDataset(
        corpus, config=MixConfig(**{**PLAIN, **config}), seed=1, hop=HOP, sample_rate=RATE, n_audio_only=1
    )


def _audible_s(example):
    """When each video frame's audio was recorded, by the ramp."""
    audio = example.clean.numpy()[np.minimum(np.arange(len(example.present)) * HOP, N_SAMPLES - 1)]
    return (audio - 0.1) / 0.8 * 2


def _shown_s(example):
    return example.crops[:, 0, 0, 0].numpy() / 5 / 25


def test_at_another_speed_video_and_audio_stay_together(corpus):
    dataset = _dataset(corpus, speed_probability=1)
    speeds = []
    for epoch in range(20):
        example = dataset[epoch, 0]
        audible_s, there = _audible_s(example), example.present.numpy()
        # The ramp begins and ends with a step, at which the band-limited conversion rings.
        assert np.abs(_shown_s(example) - audible_s)[there][1:-1].max() <= 0.5 / 25 + 0.002
        assert bool(example.matched)
        speeds.append((audible_s[20] - audible_s[0]) / (20 / 25))
    assert min(speeds) < 0.95
    assert max(speeds) > 1.1


def test_jitter_moves_the_video_by_no_more_than_asked(corpus):
    dataset = _dataset(corpus, jitter_s=0.12)
    shifts_s = []
    for epoch in range(40):
        example = dataset[epoch, 0]
        there = example.present.numpy() & (_shown_s(example) > 0) & (_shown_s(example) < 49 / 25)
        shifts_s.append(np.median((_audible_s(example) - _shown_s(example))[there]))
        assert bool(example.matched)
    assert np.max(np.abs(shifts_s)) <= 0.12 + 0.5 / 25
    assert np.min(shifts_s) < -0.06
    assert np.max(shifts_s) > 0.06


@pytest.mark.parametrize("wrong", ["late_probability", "frozen_probability", "other_mouth_probability"])
def test_a_video_frame_that_is_of_no_use_is_marked(corpus, wrong):
    dataset = _dataset(corpus, **{wrong: 1.0})
    decisions = [bool(dataset[epoch, 0].matched) for epoch in range(20)]
    # Another mouth is drawn from all, so in one case of two it is the own one here.
    assert any(decisions) == (wrong == "other_mouth_probability")
    assert not all(decisions)


def test_a_frozen_video_stands_still(corpus):
    example = _dataset(corpus, frozen_probability=1.0)[0, 0]
    assert (example.crops == example.crops[:1]).all()


def test_a_stranger_is_shown_with_a_voice_as_often_as_asked(corpus):
    for probability in (0.0, 1.0):
        example = _dataset(corpus, stranger_probability=probability)[0, 2]
        assert bool(example.present.any()) == (probability == 1)
        assert not bool(example.matched)


def test_undisturbed_examples_have_video_and_audio(corpus):
    config = MixConfig(n_samples=N_SAMPLES, frozen_probability=1, late_probability=1, speed_probability=1)
    dataset = MixtureDataset(corpus, config=config.undisturbed(), seed=1, hop=HOP, sample_rate=RATE)
    example = dataset[0, 0]
    assert bool(example.matched)
    assert example.present.all()
    assert np.abs(_shown_s(example) - _audible_s(example)).max() <= 0.5 / 25 + 0.002


def test_a_cover_hides_one_place_for_one_stretch():
    images = np.random.default_rng(0).integers(0, 256, size=(40, 16, 24, 3)).astype(np.uint8)
    covered = cover(images, np.random.default_rng(5))
    changed = (covered != images).any(axis=(1, 2, 3))
    assert 0 < changed.sum() < 40
    assert np.diff(np.flatnonzero(changed)).max() == 1
    rows, columns = (np.flatnonzero((covered != images).any(axis=axes)) for axes in ((0, 2, 3), (0, 1, 3)))
    patch = covered[changed][:, rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    assert (patch == patch[0, 0, 0]).all()


@pytest.mark.parametrize("factor", [0.85, 1.0, 1.1, 1.24])
def test_a_piece_for_a_speed_is_long_enough(factor):
    n_read = samples_at_speed(1000, factor=factor)
    assert 1000 <= len(change_speed(np.zeros(n_read, np.float32), factor=factor)) <= 1002


def test_a_faster_tone_does_not_alias():
    rate, factor = 16000, 1.24
    tone = np.sin(2 * np.pi * 6900 * np.arange(rate) / rate).astype(np.float32)
    faster = change_speed(tone, factor=factor)
    # 6900 Hz would become 8556 Hz, beyond half the sample rate: nothing may be left, at 7444 Hz least of all.
    assert np.sqrt(np.mean(faster[500:-500] ** 2)) < 0.01
    kept = change_speed(np.sin(2 * np.pi * 1000 * np.arange(rate) / rate).astype(np.float32), factor=factor)
    spectrum = np.abs(np.fft.rfft(kept * np.hanning(len(kept))))
    assert np.argmax(spectrum) * rate / len(kept) == pytest.approx(1240, abs=2)
