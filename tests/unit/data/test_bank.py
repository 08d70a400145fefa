"""Recordings as 16-bit samples: what was decoded, from memory and from a file alike."""

import numpy as np
import pytest
from audio_files import write_audio

from avse.data.bank import WaveformBank
from avse.data.manifest import Item
from avse.errors import ConfigError

RATE = 16000


@pytest.fixture
def items(tmp_path):
    rng = np.random.default_rng(1)
    rows = []
    for name, peak in (("a", 0.5), ("loud", 1.8)):
        waveform = rng.uniform(-peak, peak, RATE).astype(np.float32)
        write_audio(tmp_path / f"{name}.wav", waveform, RATE)
        rows.append(Item(id=name, split="train", audio=f"{name}.wav", licence="CC0", speaker="s"))
    return rows


def _bank(items, root, **options):
    return WaveformBank(items, root=root, sample_rate=RATE, **options)


def test_a_file_gives_what_memory_gives(items, tmp_path):
    held = _bank(items, tmp_path)
    mapped = _bank(items, tmp_path, folder=tmp_path / "audio")
    for one, other in zip(held.waveforms, mapped.waveforms, strict=True):
        np.testing.assert_array_equal(one, other)


def test_samples_are_those_of_16_bits_and_peaks_are_kept(items, tmp_path):
    from avse.data.bank import read_mono

    bank = _bank(items, tmp_path)
    for item, waveform in zip(items, bank.waveforms, strict=True):
        decoded = read_mono(tmp_path / item.audio, sample_rate=RATE)
        np.testing.assert_allclose(waveform, decoded, atol=max(1, np.abs(decoded).max()) / 32767)


def test_a_second_reading_decodes_nothing(items, tmp_path):
    folder = tmp_path / "audio"
    first = _bank(items, tmp_path, folder=folder).waveforms[1]

    def decoded(rows):
        pytest.fail("decoded again")
        yield from rows

    again = _bank(items, tmp_path, folder=folder, progress=decoded)
    np.testing.assert_array_equal(again.waveforms[1], first)


def test_another_file_under_the_same_name_is_decoded_again(items, tmp_path):
    folder = tmp_path / "audio"
    _bank(items, tmp_path, folder=folder)
    (tmp_path / "a.wav").unlink()
    write_audio(tmp_path / "a.wav", np.full(RATE // 2, 0.25, np.float32), RATE)
    changed = _bank(items, tmp_path, folder=folder)
    np.testing.assert_allclose(changed.waveforms[0], 0.25, atol=1e-4)


def test_a_silent_recording_is_refused(tmp_path):
    write_audio(tmp_path / "silent.wav", np.zeros(RATE, np.float32), RATE)
    item = Item(id="silent", split="train", audio="silent.wav", licence="CC0", speaker="s")
    with pytest.raises(ConfigError, match="must not be silent but silent is"):
        _bank([item], tmp_path)
