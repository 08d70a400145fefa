"""Simulated drives with stress that is known: context, car and heart of simulated drivers.

A result on them says nothing about people. They show that a program works: that it finds what is there, finds more of
it with more modalities, and finds nothing where nothing is.

A drive is a row of stretches: parked, city, country road or motorway, in some weather and traffic. What the stretch
demands and a pressure that nobody sees (haste, an argument, a strange town) give the level of stress. Heart and
hands follow the level, each driver's in a way of its own. So the context tells part of it, and neither heart nor
car tell all. With `apart` each is also moved for minutes by what the other knows nothing of: heat, a meal, a flight of
stairs; a strange car, wind, a conversation.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from avse.drives.drive import Drive, Segment, Signal
from avse.drives.simulated_heart import ECG_RATE_HZ, Heart, electrocardiogram
from avse.drives.simulated_vehicle import VEHICLE_CHANNELS, VEHICLE_RATE_HZ, Style, drive_car
from avse.errors import InputError

CONTEXT_RATE_HZ = 1.0
ROADS = ("parked", "city", "country", "motorway")
DEMANDS = (0.0, 0.75, 0.5, 0.4)
"""Of each road, beside those of weather, traffic and night."""
SPEEDS_KMH = (0.0, 40.0, 75.0, 110.0)
"""Free speed on each road."""
CONTEXT_CHANNELS = ("rain", "visibility", "day_sine", "day_cosine", "traffic", *ROADS)
THIRD = 0.43
"""Of a normal distribution, a third lies on each side of +- this."""


@dataclass(frozen=True)
class DrivingConfig:
    """What drives are like."""

    difficulty: float = 0.5
    """0: every modality tells nearly all; 1: there is nearly nothing to learn."""
    apart: float = 0.0
    """Standard deviation, at a difficulty of 1, of what moves heart and hands each by itself, where a level is half of
    the range. At 0 both show one and the same arousal."""
    n_stretches: int = 10
    """In a drive."""
    shortest_s: float = 150.0
    """Of a stretch."""
    longest_s: float = 300.0
    """Of a stretch."""


class Stretch(NamedTuple):
    """A part of a drive in which nothing changes but the driver."""

    start_s: int
    end_s: int
    road: int
    """Index into `ROADS`."""
    rain: float
    """0 to 1."""
    visibility: float
    """0 (thick fog) to 1."""
    traffic: float
    """0 to 1."""
    level: int
    """Of stress."""


def simulate_drive(*, seed: int, driver: int, config: DrivingConfig | None = None) -> Drive:
    """One drive of one driver; the same for the same numbers.

    Args:
        seed: of all drivers.
        driver: number, 0 or more.
        config: what drives are like.

    Returns:
        A drive with the modalities `ecg` (64 Hz), `vehicle` (10 Hz) and `context` (1 Hz).

    Raises:
        InputError: the difficulty is not within 0 and 1, `apart` is below 0, or a stretch is shorter than 10 s.
        MissingExtraError: NeuroKit2 is not installed.
    """
    config = config or DrivingConfig()
    if not 0 <= config.difficulty <= 1:
        raise InputError(f"difficulty must be within 0 and 1 but is {config.difficulty:g}; correct it")
    if config.apart < 0:
        raise InputError(f"apart must be 0 or more but is {config.apart:g}; correct it")
    if not 10 <= config.shortest_s <= config.longest_s or config.n_stretches < 1:
        raise InputError(
            f"a drive must be of 1 stretch or more of 10 s or more but is of {config.n_stretches} from "
            f"{config.shortest_s:g} to {config.longest_s:g} s; correct it"
        )
    rng = np.random.default_rng([seed, driver])
    ease = 1 - config.difficulty
    start_h = rng.uniform(6, 23)
    stretches = _stretches(rng, config, start_h=start_h)
    n_seconds = stretches[-1].end_s
    levels = np.concatenate([np.full(s.end_s - s.start_s, s.level) for s in stretches])
    common = levels / 2 + 0.15 * config.difficulty * _slow(rng, n_seconds)
    of_heart, of_hands = _apart(common, config, np.random.default_rng([seed, driver, 1]))
    heart = Heart.draw(rng, effect=ease, variation=config.difficulty)
    ecg = electrocardiogram(heart, of_heart, rng)
    target_kmh = np.concatenate(
        [
            np.full(s.end_s - s.start_s, SPEEDS_KMH[s.road] * (1 - 0.45 * s.traffic) * (0.75 + 0.25 * s.visibility))
            for s in stretches
        ]
    )
    stops = np.concatenate([np.full(s.end_s - s.start_s, s.road == ROADS.index("city")) for s in stretches])
    style = Style.draw(rng, effect=ease, variation=config.difficulty)
    car = drive_car(style, target_kmh, of_hands, rng, stops=stops)
    signals = {
        "ecg": _known(ecg[None], ECG_RATE_HZ, ("ecg_mv",)),
        "vehicle": _known(car, VEHICLE_RATE_HZ, VEHICLE_CHANNELS),
        "context": _known(_context(stretches, start_h), CONTEXT_RATE_HZ, CONTEXT_CHANNELS),
    }
    segments = tuple(Segment(float(s.start_s), float(s.end_s), s.level) for s in stretches)
    return Drive(f"driver_{driver:02d}", f"{driver:02d}", "CC0-1.0", signals, segments)


def _apart(
    common: npt.NDArray[np.float64], config: DrivingConfig, rng: np.random.Generator
) -> list[npt.NDArray[np.float64]]:
    """The arousal that the heart shows and that the hands show, `(seconds,)` each, 0 calm to 1.2."""
    size = config.apart * config.difficulty
    return [np.clip(common + size * _slow(rng, len(common)), 0, 1.2) for _ in range(2)]


def _stretches(rng: np.random.Generator, config: DrivingConfig, *, start_h: float) -> list[Stretch]:
    """A drive's course; every level occurs if there are three stretches or more."""
    n = config.n_stretches
    lengths = rng.integers(round(config.shortest_s), round(config.longest_s) + 1, n)
    ends = np.cumsum(lengths)
    roads = rng.integers(0, len(ROADS), n)
    driving = roads > 0
    rain = rng.choice([0.0, 1.0], n, p=[0.65, 0.35]) * rng.uniform(0.3, 1, n)
    fog = rng.choice([0.0, 1.0], n, p=[0.8, 0.2]) * rng.uniform(0.4, 0.9, n)
    traffic = np.where(driving, rng.uniform(0, 1, n), 0)
    night = np.array([_is_night(start_h + end / 3600) for end in ends])
    demand = np.array(DEMANDS)[roads] + driving * (0.3 * traffic + 0.25 * rain + 0.35 * fog + 0.2 * night)
    # Mean and standard deviation of the demand over the stretches that this function draws.
    predictable = (demand - 0.66) / 0.4
    weights = np.array([1.4 * (1 - config.difficulty), 0.15 + 0.85 * config.difficulty])
    z = (weights[0] * predictable + weights[1] * rng.standard_normal(n)) / np.linalg.norm(weights)
    levels = np.digitize(z, [-THIRD, THIRD])
    if n >= 3:
        # Those that come nearest become what is missing.
        order = np.argsort(z)
        levels[order[0]], levels[order[-1]] = 0, 2
        if 1 not in levels:
            levels[order[n // 2]] = 1
    starts = [0, *ends[:-1]]
    columns = zip(starts, ends, roads, rain, 1 - fog, traffic, levels, strict=True)
    return [Stretch(int(a), int(b), int(r), float(w), float(v), float(t), int(k)) for a, b, r, w, v, t, k in columns]


def _context(stretches: list[Stretch], start_h: float) -> npt.NDArray[np.float64]:
    """What a car knows of where it is, `(channels, seconds)`."""
    columns = []
    for stretch in stretches:
        seconds = np.arange(stretch.start_s, stretch.end_s)
        angle = 2 * np.pi * (start_h + seconds / 3600) / 24
        still = [np.full(len(seconds), value) for value in (stretch.rain, stretch.visibility)]
        road = [np.full(len(seconds), float(stretch.road == number)) for number in range(len(ROADS))]
        columns.append([*still, np.sin(angle), np.cos(angle), np.full(len(seconds), stretch.traffic), *road])
    return np.concatenate(columns, axis=1)


def _is_night(hour: float) -> bool:
    return hour % 24 < 6.5 or hour % 24 > 20.5


def _slow(rng: np.random.Generator, n_seconds: int) -> npt.NDArray[np.float64]:
    """What wanders within minutes, with a standard deviation of about 1, `(seconds,)`."""
    kernel = np.hanning(121)
    wide = rng.standard_normal(n_seconds + len(kernel) - 1)
    return np.convolve(wide, kernel / np.linalg.norm(kernel), mode="valid")


def _known(values: npt.NDArray[np.float64], rate_hz: float, channels: tuple[str, ...]) -> Signal:
    return Signal(values.astype(np.float32), np.ones(values.shape, bool), rate_hz, channels)
