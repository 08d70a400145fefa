"""Loudness and true peak against BS.1770's own numbers and two independent implementations; the limiter's ceiling."""

from fractions import Fraction

import av
import numpy as np
import pytest

from avse.signal.limiter import TruePeakLimiter
from avse.signal.loudness import LoudnessMeter, k_weighting


def _measure(waveform, rate, *, n_blocks=7):
    meter = LoudnessMeter(sample_rate=rate, n_channels=len(waveform))
    for block in np.array_split(waveform.astype(np.float32), n_blocks, axis=1):
        meter.push(block)
    meter.finish()
    return meter.loudness_lufs(), meter.true_peak_db()


def _speech_like(rate, *, n_channels, duration_s=6.0):
    """Noise of falling spectrum in bursts, louder and softer ones, with silence between."""
    rng = np.random.default_rng(5)
    noise = np.cumsum(rng.standard_normal((n_channels, round(duration_s * rate))), axis=1)
    noise = np.diff(noise - noise.mean(axis=1, keepdims=True), axis=1, prepend=0) + 0.02 * noise
    times_s = np.arange(noise.shape[1]) / rate
    return 0.05 * noise * (np.sin(2 * np.pi * 0.9 * times_s) > 0) * (0.2 + np.sin(2 * np.pi * 0.13 * times_s) ** 2)


def test_the_filters_are_those_of_the_recommendation_at_48_khz():
    expected = [
        [1.53512485958697, -2.69169618940638, 1.19839281085285, 1.0, -1.69065929318241, 0.73248077421585],
        [1.0, -2.0, 1.0, 1.0, -1.99004745483398, 0.99007225036621],
    ]
    np.testing.assert_allclose(k_weighting(48000), expected, atol=1e-10)


@pytest.mark.parametrize("rate", [16000, 44100, 48000])
def test_a_sine_at_full_scale_has_minus_3_lufs_and_its_level_shifts_it(rate):
    sine = np.sin(2 * np.pi * 997 * np.arange(4 * rate) / rate)[None]
    assert _measure(sine, rate)[0] == pytest.approx(-3.01, abs=0.06)
    assert _measure(0.1 * sine, rate)[0] == pytest.approx(-23.01, abs=0.06)
    # Two channels of it have twice the power.
    assert _measure(np.repeat(sine, 2, axis=0), rate)[0] == pytest.approx(0.0, abs=0.06)


def test_blocks_without_samples_change_nothing():
    sine = 0.5 * np.sin(2 * np.pi * 997 * np.arange(48000) / 48000)[None].astype(np.float32)
    none = sine[:, :0]
    meter, limiter = (
        LoudnessMeter(sample_rate=48000, n_channels=1),
        TruePeakLimiter(sample_rate=48000, n_channels=1, ceiling_db=-20),
    )
    limited = []
    for block in (none, sine[:, :30000], none, sine[:, 30000:], none):
        meter.push(block)
        limited.append(limiter.push(block))
    meter.finish()
    assert (meter.loudness_lufs(), meter.true_peak_db()) == pytest.approx(_measure(sine, 48000))
    whole = TruePeakLimiter(sample_rate=48000, n_channels=1, ceiling_db=-20)
    expected = np.concatenate([whole.push(sine), whole.finish()], axis=1)
    np.testing.assert_allclose(np.concatenate([*limited, limiter.finish()], axis=1), expected, atol=1e-6)


def test_gates_leave_silence_and_soft_stretches_out():
    sine = 0.1 * np.sin(2 * np.pi * 997 * np.arange(5 * 48000) / 48000)[None]
    loud = _measure(sine, 48000)[0]
    with_silence = np.concatenate([sine, np.zeros_like(sine), 0.01 * sine], axis=1)
    assert _measure(with_silence, 48000)[0] == pytest.approx(loud, abs=0.2)
    assert _measure(np.zeros((1, 48000)), 48000) == (-np.inf, -np.inf)
    assert _measure(sine[:, :4800], 48000)[0] == -np.inf


def test_the_low_frequency_channel_does_not_count_and_surrounds_count_more():
    sine = 0.1 * np.sin(2 * np.pi * 997 * np.arange(3 * 48000) / 48000)
    channels = np.zeros((6, len(sine)))
    channels[3] = sine
    assert _measure(channels, 48000)[0] == -np.inf
    channels[3], channels[4] = 0, sine
    assert _measure(channels, 48000)[0] == pytest.approx(-23.01 + 10 * np.log10(1.41), abs=0.06)


def test_a_peak_between_samples_is_found():
    # A quarter of the rate, sampled 45 degrees off its peaks: the samples are 3 dB below them (BS.1770-4, Annex 2).
    wave = np.sin(2 * np.pi * np.arange(48000) / 4 + np.pi / 4)[None]
    assert np.abs(wave).max() == pytest.approx(np.sqrt(0.5))
    inside = wave * np.hanning(48000)
    assert _measure(inside, 48000)[1] == pytest.approx(0, abs=0.3)


@pytest.mark.parametrize(("rate", "n_channels"), [(16000, 1), (48000, 2), (44100, 6)])
def test_pyloudnorm_measures_the_same(rate, n_channels):
    pyloudnorm = pytest.importorskip("pyloudnorm")
    waveform = _speech_like(rate, n_channels=min(n_channels, 5))
    own = _measure(waveform, rate)[0]
    # Its shelf is another design than FFmpeg's and ours at rates other than 48 kHz.
    assert own == pytest.approx(
        pyloudnorm.Meter(rate).integrated_loudness(waveform.T), abs=0.1 if rate > 16000 else 0.2
    )


@pytest.mark.parametrize("rate", [16000, 48000])
def test_ffmpeg_measures_the_same(rate):
    waveform = _speech_like(rate, n_channels=2).astype(np.float32)
    facts = _ffmpeg(waveform, rate)
    loudness, peak_db = _measure(waveform, rate)
    assert loudness == pytest.approx(float(facts["lavfi.r128.I"]), abs=0.1)
    assert peak_db == pytest.approx(20 * np.log10(float(facts["lavfi.r128.true_peak"])), abs=0.2)


def _ffmpeg(waveform, rate):
    """What FFmpeg's filter `ebur128` says at the end."""
    if not hasattr(av.AudioFrame(), "metadata"):
        pytest.skip("this PyAV does not give what a filter measures")
    graph = av.filter.Graph()
    source = graph.add_abuffer(sample_rate=rate, format="flt", layout="stereo", time_base=Fraction(1, rate))
    filters = [source, graph.add("ebur128", "peak=true:metadata=1:framelog=quiet"), graph.add("abuffersink")]
    graph.link_nodes(*filters).configure()
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(waveform.T).reshape(1, -1), format="flt", layout="stereo")
    frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
    graph.push(frame)
    graph.push(None)
    facts = {}
    while True:
        try:
            facts = graph.pull().metadata or facts
        except (av.EOFError, BlockingIOError):
            return facts


def _limit(waveform, rate, *, n_blocks):
    limiter = TruePeakLimiter(sample_rate=rate, n_channels=len(waveform), ceiling_db=-1)
    blocks = [limiter.push(block) for block in np.array_split(waveform.astype(np.float32), n_blocks, axis=1)]
    return np.concatenate([*blocks, limiter.finish()], axis=1)


def test_no_peak_is_left_above_the_ceiling_and_channels_fall_together():
    rate = 48000
    waveform = _speech_like(rate, n_channels=2)
    waveform *= 10 ** (6 / 20) / np.abs(waveform).max()
    limited = _limit(waveform, rate, n_blocks=5)
    assert limited.shape == waveform.shape
    assert -1.3 < _measure(limited, rate)[1] < -0.95
    gain = limited / np.where(waveform == 0, 1, waveform)
    np.testing.assert_allclose(gain[0], gain[1], atol=1e-4)
    # Nothing changes abruptly: from one sample to the next the gain's step is small.
    given = np.abs(waveform[0]) > 1e-3
    assert np.abs(np.diff(gain[0]))[given[1:] & given[:-1]].max() < 0.02


def test_what_is_below_the_ceiling_is_given_back_and_blocks_do_not_matter():
    quiet = 0.3 * np.random.default_rng(1).uniform(-1, 1, (1, 20011)).astype(np.float32)
    np.testing.assert_array_equal(_limit(quiet, 16000, n_blocks=3), quiet)
    loud = 4 * quiet
    np.testing.assert_allclose(_limit(loud, 16000, n_blocks=1), _limit(loud, 16000, n_blocks=23), atol=1e-5)
