"""Examples are repeatable one by one, and hold what they promise."""

import numpy as np
import pytest
import soundfile
import torch

from avse.data.bank import WaveformBank
from avse.data.corpus import Corpus
from avse.data.crops import load_mouth, save_mouth
from avse.data.dataset import MixtureDataset, collate
from avse.data.manifest import Item
from avse.data.mix_config import MixConfig
from avse.errors import ConfigError
from avse.faces.mouth import MouthTrack
from avse.faces.report import FaceReport

RATE, HOP, N_SAMPLES = 16000, 320, 16000
PLAIN = {"augment": False, "any_speaker_probability": 0, "other_mouth_probability": 0}


@pytest.fixture(scope="module")
def banks(tmp_path_factory):
    root = tmp_path_factory.mktemp("corpus")
    rng = np.random.default_rng(0)
    banks = {}
    for kind, fields in {
        "faces": {"speaker": "f"},
        "speech": {"speaker": "s"},
        "noise": {"noise_type": "n"},
    }.items():
        items = []
        for number in range(3):
            soundfile.write(root / f"{kind}{number}.wav", 0.1 * rng.standard_normal(20000 - 3000 * number), RATE)
            items.append(
                Item(
                    id=f"{kind}{number}",
                    split="train",
                    audio=f"{kind}{number}.wav",
                    licence="CC0-1.0",
                    **fields,
                )
            )
        banks[kind] = WaveformBank(items, root=root, sample_rate=RATE)
    return banks


def _mouth(n_frames=32):
    images = np.zeros((n_frames, 32, 48, 3), np.uint8) + np.arange(n_frames, dtype=np.uint8)[:, None, None, None] * 7
    return MouthTrack(np.arange(n_frames) / 25, images, np.ones(n_frames, bool), FaceReport(1, 1.0, "the only one"))


def _dataset(banks, seed=1, **config):
    return MixtureDataset(
        Corpus(**banks, mouths=[_mouth()] * 3), config=MixConfig(n_samples=N_SAMPLES, **config),
        seed=seed, hop=HOP, sample_rate=RATE, n_audio_only=2,
    )  # fmt: skip


def _same(one, other):
    return all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


def test_an_example_depends_on_seed_epoch_and_index_alone(banks):
    dataset = _dataset(banks)
    first = dataset[4, 1]
    for key in ((0, 0), (4, 3)):
        assert not _same(dataset[key], first)
    assert _same(dataset[4, 1], first)
    assert _same(_dataset(banks)[4, 1], first)
    assert not _same(_dataset(banks, seed=2)[4, 1], first)


def test_ratio_lies_in_the_range_and_noise_is_what_was_added(banks):
    dataset = _dataset(banks, snr_db_min=-3, snr_db_max=2)
    ratios_db = []
    for epoch in range(30):
        example = dataset[epoch, 0]
        noise = example.noisy - example.clean
        ratios_db.append(10 * torch.log10(example.clean.square().mean() / noise.square().mean()).item())
    assert -3.01 <= min(ratios_db) < -2
    assert 1 < max(ratios_db) <= 2.01


def test_crops_stand_at_the_time_of_the_audio(banks):
    # Clip 0 is 4,000 samples longer than an example: the cut moves the crops along. Frame k was taken at k / 25 s.
    dataset = _dataset(banks, **PLAIN, video_zero_probability=0, video_gap_probability=0)
    waveform = torch.from_numpy(dataset.faces.waveforms[0])
    for epoch in range(5):
        example = dataset[epoch, 0]
        start = next(s for s in range(4001) if torch.equal(waveform[s : s + 50], example.clean[:50]))
        shown = example.crops[:, 0, 0, 0].numpy() / 7 / 25
        audio_times_s = start / RATE + np.arange(51) * HOP / RATE
        assert np.abs(shown - audio_times_s)[example.present.numpy()].max() <= 0.5 / 25 + 1e-9
        assert example.present.sum() >= 50


def test_modality_dropout_takes_the_video_as_often_as_asked(banks):
    dataset = _dataset(banks, **PLAIN, video_zero_probability=0.3, video_gap_probability=0.3)
    seen = np.array([dataset[epoch, 1].present.float().mean().item() for epoch in range(200)])
    assert (seen == 0).mean() == pytest.approx(0.3, abs=0.1)
    assert ((seen > 0) & (seen < 0.9)).mean() == pytest.approx(0.27, abs=0.1)


def test_rare_speakers_are_drawn_as_often_as_asked(banks):
    dataset = _dataset(banks, **{**PLAIN, "any_speaker_probability": 1.0, "other_mouth_probability": 1.0})
    dataset._clips_of = {"f": [0, 1], "g": [2]}
    drawn = np.array([dataset._who(0, np.random.default_rng(seed)) for seed in range(400)])
    assert np.bincount(drawn[:, 0]) / 400 == pytest.approx([0.25, 0.25, 0.5], abs=0.08)
    assert np.bincount(drawn[:, 1]) / 400 == pytest.approx([1 / 3] * 3, abs=0.08)


def test_audio_only_targets_have_no_video(banks):
    example = _dataset(banks)[0, 4]
    assert not example.present.any()
    assert not example.crops.any()
    assert bool(example.audible)


def test_collate_stacks_in_order(banks):
    dataset = _dataset(banks)
    batch = collate([dataset[0, 0], dataset[0, 1]])
    assert torch.equal(batch.clean[1], dataset[0, 1].clean)
    assert torch.equal(batch.present[0], dataset[0, 0].present)


def test_crops_come_back_from_disk(tmp_path):
    save_mouth(tmp_path / "a.npz", _mouth())
    back = load_mouth(tmp_path / "a.npz")
    np.testing.assert_array_equal(back.crops, _mouth().crops)
    assert back.report == _mouth().report
    with pytest.raises(ConfigError, match="run the crops stage first"):
        load_mouth(tmp_path / "b.npz")
    (tmp_path / "c.npz").write_bytes(b"no zip")
    with pytest.raises(ConfigError, match="must hold mouth crops"):
        load_mouth(tmp_path / "c.npz")


def test_silent_recordings_are_named(tmp_path):
    soundfile.write(tmp_path / "still.wav", np.zeros(100), RATE)
    item = Item(id="still", split="train", audio="still.wav", licence="CC0-1.0", noise_type="none")
    with pytest.raises(ConfigError, match="must not be silent but still is"):
        WaveformBank([item], root=tmp_path, sample_rate=RATE)


def test_clear_examples_lie_above_the_range(banks):
    dataset = _dataset(banks, snr_db_min=-3, snr_db_max=2, clear_probability=1)
    for epoch in range(10):
        example = dataset[epoch, 0]
        noise = example.noisy - example.clean
        assert 1.9 < 10 * torch.log10(example.clean.square().mean() / noise.square().mean()).item() < 40.1


def test_the_same_voice_is_another_sentence_of_the_target(banks):
    dataset = _dataset(banks, same_voice_probability=1, talker_probability=0, **PLAIN)
    audio_times_s = set()
    for epoch in range(12):
        for index in range(3):
            example = dataset[epoch, index]
            noise = (example.noisy - example.clean).numpy()
            likeness = [
                np.abs(np.correlate(noise[:4000], clip, mode="full")).max() / np.linalg.norm(noise[:4000])
                for clip in banks["faces"].waveforms
            ]
            rival = int(np.argmax(likeness))
            assert rival != index
            audio_times_s.add((index, rival))
    assert audio_times_s == {(0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1)}
