"""Very quiet and very loud audio reaches the model at a level it knows; all else passes as it is."""

import numpy as np
import pytest
import torch

from avse.enhance.enhancer import Enhancer
from avse.models.input_level import FALL_DB_PER_S, LOUDEST_DB, QUIETEST_DB, START_DB, InputGain
from avse.signal.si_sdr import si_sdr_db
from avse.signal.stft import stft
from avse.signal.stft_config import StftConfig
from avse.synthetic.voice import speak

STFT = StftConfig(window=512, hop=256, sample_rate=16000)


def _spectrum(level_db, *, duration_s=4.0):
    noise = np.random.default_rng(1).standard_normal(round(duration_s * 16000)).astype(np.float32)
    return stft(torch.from_numpy(noise * np.float32(10 ** (level_db / 20))), STFT).numpy()


@pytest.mark.parametrize("level_db", [-40.0, -26.0, -14.0])
def test_levels_of_the_range_pass_unchanged(level_db):
    gains, _ = InputGain().gains(_spectrum(level_db), STFT)
    assert (gains == 1).all()


def test_quiet_audio_is_raised_as_the_level_falls_and_loud_audio_lowered_at_once():
    gains, _ = InputGain().gains(_spectrum(QUIETEST_DB - 20), STFT)
    raised_db = 20 * np.log10(gains)
    # 16 ms a frame, and a second until the assumed level has fallen to the range's end.
    assert START_DB - 1.0 * FALL_DB_PER_S == QUIETEST_DB
    assert (raised_db[:62] == 0).all()
    assert raised_db[124] == pytest.approx(125 * 0.016 * FALL_DB_PER_S + QUIETEST_DB - START_DB, abs=0.01)
    assert raised_db[-20:] == pytest.approx(20, abs=1.5)
    gains, _ = InputGain().gains(_spectrum(LOUDEST_DB + 10), STFT)
    assert 20 * np.log10(gains[5:-5]) == pytest.approx(-10, abs=1.5)


def test_blocks_give_what_the_whole_gives():
    spectrum = _spectrum(-70.0)
    whole, _ = InputGain().gains(spectrum, STFT)
    gain, parts = InputGain(), []
    for part in np.array_split(spectrum, 9, axis=1):
        gains, gain = gain.gains(part, STFT)
        parts.append(gains)
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_a_very_quiet_recording_is_enhanced_like_a_loud_one():
    rng = np.random.default_rng(0)
    voice = speak(rng, duration_s=6.0).waveform.astype(np.float32)
    noisy = voice + (0.03 * rng.standard_normal(voice.shape)).astype(np.float32)
    later = slice(3 * 16000, None)

    def score(scale):
        enhanced = Enhancer.load().enhance(noisy * np.float32(scale), sample_rate=16000)
        return float(si_sdr_db(torch.from_numpy(enhanced[later]), torch.from_numpy(voice[later])))

    assert score(0.005) == pytest.approx(score(1.0), abs=2.0)
