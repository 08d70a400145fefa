"""Mixtures of voices: repeatable, as long as the epoch says, at the SNR asked for, and from the right people."""

import numpy as np
import pytest

from avse.data.bank import WaveformBank
from avse.data.channel import Channel, ChannelConfig
from avse.data.manifest import Item
from avse.data.voices import VoiceDataset, VoiceMixConfig, Voices
from avse.errors import ConfigError

RATE = 16000
QUIET_LINE = ChannelConfig(
    colour_probability=0, reverberation_probability=0, narrow_probability=0, clip_probability=0, codec_probability=0
)
PLAIN = {
    "talker_probability": 0.0, "babble_probability": 0.0, "coloured_probability": 0.0, "two_noises_probability": 0.0,
    "speed_probability": 0.0, "silence_probability": 0.0, "clear_probability": 0.0, "noise_type_probability": 0.0,
    "noise_speed_probability": 0.0,
}  # fmt: skip


class Bank(WaveformBank):
    """Waveforms without files."""

    def __init__(self, items, waveforms):
        self.items, self.waveforms = items, waveforms


def _tone(hz, seconds=1.0):
    return (0.1 * np.sin(2 * np.pi * hz * np.arange(round(seconds * RATE)) / RATE)).astype(np.float32)


@pytest.fixture
def voices():
    """Two utterances each of three speakers, who are tones of 200, 400 and 800 Hz."""
    items = [
        Item(id=f"{hz}_{n}", split="train", audio="x", licence="CC0", speaker=str(hz)) for hz in (200, 400, 800)
        for n in range(2)
    ]  # fmt: skip
    return Voices([Bank(items, [_tone(int(item.speaker)) for item in items])])


@pytest.fixture
def noise():
    item = Item(id="hiss", split="train", audio="x", licence="CC0", noise_type="hiss")
    hiss = 0.1 * np.random.default_rng(1).standard_normal(3 * RATE)
    return Bank([item], [hiss.astype(np.float32)])


def _dataset(voices, noise, **changes):
    channel = Channel(QUIET_LINE, responses=[], sample_rate=RATE)
    return VoiceDataset(voices, noise, config=VoiceMixConfig(**{**PLAIN, **changes}), seed=1, channel=channel)


def _power_at(waveform, hz):
    spectrum = np.abs(np.fft.rfft(waveform * np.hanning(len(waveform)))) ** 2
    near = np.abs(np.fft.rfftfreq(len(waveform), 1 / RATE) - hz) < 20
    return spectrum[near].sum() / spectrum.sum()


def test_an_example_depends_on_seed_epoch_and_index_alone(voices, noise):
    one, other = _dataset(voices, noise), _dataset(voices, noise)
    first = one[3, 5]
    other[0, 0]
    np.testing.assert_array_equal(first.noisy, other[3, 5].noisy)
    assert not np.array_equal(first.noisy, one[3, 6].noisy)


def test_all_examples_of_an_epoch_have_its_length(voices, noise):
    dataset = _dataset(voices, noise, durations_s=(1.0, 2.5))
    assert [len(dataset[epoch, 0].noisy) for epoch in range(3)] == [RATE, round(2.5 * RATE), RATE]


def test_the_snr_is_within_its_range(voices, noise):
    dataset = _dataset(voices, noise, snr_db_min=3.0, snr_db_max=3.0)
    for index in range(5):
        example = dataset[0, index]
        error = (example.noisy - example.clean).numpy()
        assert 10 * np.log10(np.mean(example.clean.numpy() ** 2) / np.mean(error**2)) == pytest.approx(3, abs=0.01)


def test_a_voice_is_joined_of_utterances_of_one_speaker(voices, noise):
    dataset = _dataset(voices, noise, durations_s=(6.0,))
    for index in range(6):
        clean = dataset[0, index].clean.numpy()
        assert max(_power_at(clean, hz) for hz in (200, 400, 800)) > 0.95


def test_a_talker_is_somebody_else_at_the_snr_of_talkers(voices, noise):
    dataset = _dataset(
        voices, noise, talker_probability=1.0, max_talkers=1, talker_snr_db_min=7.0, talker_snr_db_max=7.0
    )
    for index in range(6):
        example = dataset[0, index]
        clean, rival = example.clean.numpy(), example.rival.numpy()
        own = max((200, 400, 800), key=lambda hz: _power_at(clean, hz))
        assert _power_at(rival, own) < 0.05
        error = (example.noisy - example.clean).numpy()
        assert 10 * np.log10(np.mean(clean**2) / np.mean(error**2)) == pytest.approx(7, abs=0.01)


def test_a_rival_of_the_same_voice_is_another_utterance_of_it(voices, noise):
    dataset = _dataset(voices, noise, talker_probability=1.0, max_talkers=1, same_voice_probability=1.0)
    example = dataset[0, 0]
    own = max((200, 400, 800), key=lambda hz: _power_at(example.clean.numpy(), hz))
    assert _power_at(example.rival.numpy(), own) > 0.9


def test_a_silent_part_is_silent_and_the_rest_is_left(voices, noise):
    dataset = _dataset(voices, noise, silence_probability=1.0, pause_s=0.0, durations_s=(4.0,))
    for index in range(4):
        clean = np.abs(dataset[0, index].clean.numpy())
        silent = np.mean(clean.reshape(-1, 400).max(axis=1) == 0)
        assert 0.05 < silent < 0.6


def test_a_type_of_few_recordings_is_drawn_as_often_as_others_where_types_come_first(voices):
    kinds = ["hum"] * 19 + ["whistle"]
    items = [Item(id=f"n{n}", split="train", audio="x", licence="CC0", noise_type=kind) for n, kind in enumerate(kinds)]
    noise = Bank(items, [_tone({"hum": 1500, "whistle": 3000}[kind], seconds=5) for kind in kinds])

    def share(probability):
        dataset = _dataset(voices, noise, noise_type_probability=probability, durations_s=(0.5,))
        examples = [dataset[0, index] for index in range(60)]
        return np.mean([_power_at((e.noisy - e.clean).numpy(), 3000) > 0.9 for e in examples])

    assert 0.3 < share(1.0) < 0.7
    assert share(0.0) < 0.2


def test_a_noise_at_another_speed_is_as_long_and_sounds_higher_or_lower(voices):
    item = Item(id="hum", split="train", audio="x", licence="CC0", noise_type="hum")
    dataset = _dataset(voices, Bank([item], [_tone(1500, seconds=5)]), noise_speed_probability=1.0, durations_s=(1.0,))
    tops = []
    for index in range(20):
        example = dataset[0, index]
        noise = (example.noisy - example.clean).numpy()
        assert len(noise) == RATE
        tops.append(np.argmax(np.abs(np.fft.rfft(noise))))
    assert 745 <= min(tops) < 1200
    assert 1900 < max(tops) <= 3005


def test_lengths_too_short_are_refused():
    with pytest.raises(ConfigError, match=r"durations_s 0\.5 s or more"):
        VoiceMixConfig(durations_s=(0.1,))
