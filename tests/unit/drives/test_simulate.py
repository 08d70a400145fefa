"""Simulated drives are repeatable and plausible, and stress shows in them as much as the difficulty lets it."""

import numpy as np
import pytest
from scipy.signal import find_peaks

from avse.drives.simulate import CONTEXT_CHANNELS, ROADS, DrivingConfig, _apart, simulate_drive
from avse.drives.simulated_heart import Heart, beat_times
from avse.drives.simulated_vehicle import VEHICLE_CHANNELS, Style, drive_car
from avse.errors import InputError

SHORT = DrivingConfig(difficulty=0, n_stretches=5, shortest_s=60, longest_s=90)


@pytest.fixture(scope="module")
def drive():
    return simulate_drive(seed=1, driver=3, config=SHORT)


def test_the_same_numbers_give_the_same_drive(drive):
    again, other = (simulate_drive(seed=1, driver=driver, config=SHORT) for driver in (3, 4))
    for name, signal in drive.signals.items():
        np.testing.assert_array_equal(again.signals[name].values, signal.values)
        assert other.signals[name].values.shape != signal.values.shape
    assert again.segments == drive.segments
    assert (drive.driver, other.driver) == ("03", "04")


def test_segments_cover_the_drive_and_hold_every_level(drive):
    ends = [segment.end_s for segment in drive.segments]
    assert [segment.start_s for segment in drive.segments] == [0, *ends[:-1]]
    assert {signal.duration_s for signal in drive.signals.values()} == {ends[-1]}
    for driver in range(20):
        levels = {s.level for s in simulate_drive(seed=2, driver=driver, config=_tiny()).segments}
        assert levels == {0, 1, 2}


def _tiny():
    return DrivingConfig(n_stretches=3, shortest_s=10, longest_s=10)


def test_the_heart_is_faster_under_stress():
    rates = _heart_rates(0.0)
    assert rates[2] > 1.2 * rates[0]
    hopeless = _heart_rates(1.0)
    assert abs(hopeless[2] / hopeless[0] - 1) < 0.05


def _heart_rates(difficulty):
    """Beats a minute at each level, over some drivers, by peaks of the curve."""
    found = {0: [], 2: []}
    for driver in range(5):
        drive = simulate_drive(seed=5, driver=driver, config=DrivingConfig(difficulty=difficulty, n_stretches=4))
        ecg = drive.signals["ecg"].values[0]
        for level, values in found.items():
            rates = []
            for segment in (s for s in drive.segments if s.level == level):
                # The heart is late; the stretch's end tells.
                piece = ecg[round(64 * (segment.end_s - 60)) : round(64 * segment.end_s)]
                rates.append(len(find_peaks(piece, height=0.5 * np.max(piece), distance=20)[0]))
            values.append(np.mean(rates) / drive_rate(ecg))
    return {level: float(np.mean(rates)) for level, rates in found.items()}


def drive_rate(ecg):
    """Beats a minute over the whole drive, so that drivers can be compared."""
    return len(find_peaks(ecg, height=0.5 * np.quantile(ecg, 0.999), distance=20)[0]) / (len(ecg) / 64 / 60)


def test_heart_and_hands_are_moved_apart_by_as_much_as_is_asked_for():
    common, seconds = np.full(20_000, 0.6), np.random.default_rng
    heart, hands = _apart(common, DrivingConfig(difficulty=0.5, apart=0.2), seconds(1))
    assert (heart - 0.6).std() == pytest.approx(0.1, rel=0.2)
    assert (hands - 0.6).std() == pytest.approx(0.1, rel=0.2)
    assert abs(np.corrcoef(heart, hands)[0, 1]) < 0.25, "what moves one says nothing of the other"
    for config in (DrivingConfig(difficulty=0.5, apart=0), DrivingConfig(difficulty=0)):
        for arousal in _apart(common, config, seconds(1)):
            np.testing.assert_array_equal(arousal, common)


def test_apart_changes_heart_and_car_and_neither_the_course_nor_the_levels():
    same, other = (simulate_drive(seed=1, driver=0, config=DrivingConfig(n_stretches=3, shortest_s=20, longest_s=30,
                   apart=apart)) for apart in (0, 0.8))  # fmt: skip
    assert same.segments == other.segments
    np.testing.assert_array_equal(same.signals["context"].values, other.signals["context"].values)
    for name in ("ecg", "vehicle"):
        assert not np.array_equal(same.signals[name].values, other.signals[name].values)


def test_the_heart_follows_late():
    rng = np.random.default_rng(0)
    heart = Heart(60, 0.5, rise_s=20, fall_s=60, variability=0, calm=0, breath_hz=0.25, noise_mv=0)
    arousal = np.concatenate([np.zeros(120), np.ones(240), np.zeros(240)])
    beats = beat_times(heart, arousal, rng)
    rates = 60 / np.diff(beats)
    at = lambda second: float(np.interp(second, beats[1:], rates))  # noqa: E731
    assert at(110) == pytest.approx(60, abs=0.5)
    # 63 % of the way after one time constant.
    assert at(140) == pytest.approx(60 + 30 * 0.63, abs=2)
    assert at(350) == pytest.approx(90, abs=0.5)
    assert at(420) == pytest.approx(60 + 30 * 0.37, abs=2)


def test_the_car_is_a_car():
    style = Style(pace=1.0, wheel_deg=1.0, tense_wheel=1.5, look_s=0.8, foot=0.3)
    target_kmh = np.concatenate([np.zeros(60), np.full(240, 90.0)])
    calm, tense = (
        dict(
            zip(
                VEHICLE_CHANNELS,
                drive_car(style, target_kmh, np.full(300, a), np.random.default_rng(0), stops=np.zeros(300, bool)),
                strict=True,
            )
        )
        for a in (0.0, 1.0)
    )
    for car in (calm, tense):
        assert car["speed_kmh"].min() >= 0
        assert np.all(car["speed_kmh"][:590] == 0)
        assert car["speed_kmh"][-600:].mean() == pytest.approx(90, abs=6)
        assert np.abs(car["lateral_offset_m"]).max() < 1.8
        assert np.abs(np.diff(car["speed_kmh"])).max() <= 3.6 * 4.2 / 10
        for pedal in ("accelerator", "brake"):
            assert car[pedal].min() >= 0
            assert car[pedal].max() <= 1
        assert not np.any((car["accelerator"] > 0) & (car["brake"] > 0))
        assert np.all(car["reversals_hz"][:590] == 0)
    moving = slice(1000, None)
    assert tense["reversals_hz"][moving].mean() > 1.2 * calm["reversals_hz"][moving].mean()
    assert tense["steering_deg"][moving].std() > 1.5 * calm["steering_deg"][moving].std()


def test_the_context_says_where_the_car_is(drive):
    context = dict(zip(CONTEXT_CHANNELS, drive.signals["context"].values, strict=True))
    np.testing.assert_array_equal(sum(context[road] for road in ROADS), 1)
    np.testing.assert_allclose(context["day_sine"] ** 2 + context["day_cosine"] ** 2, 1, atol=1e-6)
    for name in ("rain", "visibility", "traffic"):
        assert 0 <= context[name].min() <= context[name].max() <= 1
    parked = np.repeat(context["parked"] > 0, 10)
    speed = drive.signals["vehicle"].values[0]
    if parked.any():
        assert np.median(speed[parked]) < 1


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (DrivingConfig(apart=-1), "apart must be 0 or more but is -1"),
        (DrivingConfig(difficulty=1.5), "difficulty must be within 0 and 1 but is 1.5"),
        (DrivingConfig(n_stretches=0), "must be of 1 stretch or more"),
        (DrivingConfig(shortest_s=5), "of 10 s or more"),
    ],
)
def test_what_cannot_be_driven(config, message):
    with pytest.raises(InputError, match=message):
        simulate_drive(seed=1, driver=0, config=config)
