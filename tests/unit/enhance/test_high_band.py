"""Above the model's frequencies: sibilants stay, noise goes, nothing depends on how the recording is cut."""

import numpy as np
import pytest
from factor import Factor

from avse.enhance.enhancer import Enhancer
from avse.enhance.high_band import TAPS, HighBand, _band
from avse.enhance.stream import EnhancerStream, Mixing
from avse.signal.resample import resample

RATE, HOP = 48000, 960
N_FRAMES = 150


def _above(low_hz, *, seed=0, n_samples=N_FRAMES * HOP):
    """Noise of the frequencies from `low_hz` on, of power 1."""
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(n_samples))
    spectrum[: round(low_hz * n_samples / RATE)] = 0
    waveform = np.fft.irfft(spectrum, n_samples)
    return (waveform / waveform.std()).astype(np.float32)


def _gained(waveform, kept, *, cuts=1):
    band = HighBand(sample_rate=RATE, n_channels=1, hop=HOP, model_rate=16000)
    for block in np.array_split(waveform[None], cuts, axis=1):
        band.listen(block)
    band.finish()
    band.push(np.asarray(kept), np.ones(len(kept)))
    given = [band.take(block) for block in np.array_split(waveform[None], cuts, axis=1)]
    return np.concatenate(given, axis=1)[0]


def _level_db(waveform, frames):
    start, end = frames
    return 10 * np.log10(np.square(waveform[start * HOP : end * HOP]).mean() + 1e-12)


def test_an_s_in_silence_is_kept_whole_though_the_model_keeps_half_of_the_octave_below():
    sibilant = _above(8500)
    loud = np.zeros(N_FRAMES, bool)
    loud[60:70] = True
    waveform = 0.1 * sibilant * np.repeat(loud, HOP)
    kept = np.where(loud, 0.3, 0.01)
    gained = _gained(waveform, kept)
    assert _level_db(gained, (60, 70)) == pytest.approx(_level_db(waveform, (60, 70)), abs=0.5)


def test_steady_noise_is_taken_away_even_where_the_model_keeps_speech_below():
    noise = 0.1 * _above(8500)
    kept = np.full(N_FRAMES, 1e-4)
    kept[60:110] = 1.0
    gained = _gained(noise, kept)
    assert _level_db(gained, (60, 110)) < _level_db(noise, (60, 110)) - 6
    # Where the model keeps nothing either, far more goes.
    assert _level_db(_gained(noise, np.full(N_FRAMES, 1e-4)), (60, 140)) < _level_db(noise, (60, 140)) - 30


def test_bands_have_gains_of_their_own():
    """Noise below 10 kHz, an /s/ above 14.5: the one goes, the other stays."""
    loud = np.zeros(N_FRAMES, bool)
    loud[80:95] = True
    spectrum = np.fft.rfft(0.1 * _above(8500, seed=1))
    spectrum[round(10000 * N_FRAMES * HOP / RATE) :] = 0
    low = np.fft.irfft(spectrum, N_FRAMES * HOP).astype(np.float32)
    high = 0.1 * _above(14800, seed=2) * np.repeat(loud, HOP)
    gained = _gained((low + high).astype(np.float32), np.where(loud, 1.0, 1e-4))

    def part_db(waveform, low_hz, high_hz):
        stretch = waveform[82 * HOP : 93 * HOP] * np.hanning(11 * HOP)
        power = np.square(np.abs(np.fft.rfft(stretch)))
        frequencies_hz = np.fft.rfftfreq(len(stretch), 1 / RATE)
        return 10 * np.log10(power[(frequencies_hz > low_hz) & (frequencies_hz < high_hz)].sum())

    assert part_db(gained, 15000, 24000) > part_db(low + high, 15000, 24000) - 1
    assert part_db(gained, 8500, 9800) < part_db(low + high, 8500, 9800) - 4


def test_gains_rise_at_once_and_fall_slowly():
    waveform = 0.1 * _above(8500)
    kept = np.zeros(N_FRAMES) + 1e-6
    kept[5:8] = 1.0
    gained = _gained(waveform, kept)
    gain_db = [_level_db(gained, (frame, frame + 1)) - _level_db(waveform, (frame, frame + 1)) for frame in range(12)]
    assert gain_db[3] < -15
    assert gain_db[5] > -1
    falls = np.diff(gain_db[7:12])
    assert (falls < 0).all()
    assert (falls > -6).all()  # 20 ms of 50


def test_cuts_do_not_matter():
    waveform = 0.1 * _above(8500)
    kept = np.random.default_rng(3).uniform(0, 1, N_FRAMES)
    np.testing.assert_allclose(_gained(waveform, kept), _gained(waveform, kept, cuts=37), atol=1e-6)


@pytest.mark.parametrize("rate", [22050, 44100, 48000])
def test_a_stream_in_blocks_is_the_whole(rate):
    rng = np.random.default_rng(4)
    noisy = (0.1 * rng.standard_normal((2, 2 * rate + 17))).astype(np.float32)
    model = Factor(audio_only=0.4)
    whole = Enhancer(model).enhance(noisy, sample_rate=rate)
    stream = EnhancerStream(model, sample_rate=rate, n_channels=2)
    parts = [stream.push(noisy[:, start : start + 701]) for start in range(0, noisy.shape[1], 701)]
    np.testing.assert_allclose(np.concatenate([*parts, stream.finish()], axis=1), whole, atol=1e-5)


def test_below_8_khz_nothing_depends_on_it():
    rng = np.random.default_rng(5)
    noisy = (0.1 * rng.standard_normal(2 * RATE)).astype(np.float32)
    mixing = Mixing(keep_level=False)
    enhanced = Enhancer(Factor(audio_only=0.25)).enhance(noisy, sample_rate=RATE, mixing=mixing)
    narrow, given = (resample(waveform, source_rate=RATE, target_rate=14000) for waveform in (enhanced, noisy))
    np.testing.assert_allclose(narrow[500:-500], 0.25 * given[500:-500], atol=1e-3)


@pytest.mark.parametrize(
    ("low_hz", "high_hz", "rate"), [(8000, 10500, 44100), (10500, 14000, 48000), (14000, None, 48000)]
)
def test_filters_are_those_of_scipy(low_hz, high_hz, rate):
    from scipy.signal import firwin

    cut = low_hz if high_hz is None else (low_hz, high_hz)
    expected = firwin(TAPS, cut, pass_zero=False, fs=rate)
    np.testing.assert_allclose(_band(low_hz, high_hz, rate), expected, atol=1e-14)


@pytest.mark.parametrize("cuts", [(), (1,), (40, 40, 41, 900), (50, 1000)])
def test_bands_are_those_of_scipy_for_every_way_to_cut_the_recording(cuts):
    from scipy.signal import lfilter

    audio = np.random.default_rng(0).standard_normal((2, 1500)).astype(np.float32)
    band = HighBand(sample_rate=48000, n_channels=2, hop=768.0, model_rate=16000)
    for block in np.split(audio, cuts, axis=1):
        band.listen(block)
    band.finish()
    padded = np.pad(audio.astype(np.float64), ((0, 0), (0, TAPS // 2)))
    for found, edges in zip(band._bands, ((8000, 10500), (10500, 14000), (14000, None)), strict=True):
        expected = lfilter(_band(*edges, 48000), [1.0], padded, axis=1)[:, TAPS // 2 :]
        np.testing.assert_allclose(found, expected, atol=1e-6)
