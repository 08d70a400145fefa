"""The car of a simulated driver: speed kept by pedals, the lane kept by a wheel that is turned late."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from avse.types import Series

VEHICLE_RATE_HZ = 10.0
VEHICLE_CHANNELS = ("speed_kmh", "steering_deg", "reversals_hz", "accelerator", "brake", "lateral_offset_m")
STRONGEST_M_S2 = 4.0
"""Of acceleration and braking."""
REVERSAL_DEG = 1.0
"""Turns of the wheel the other way count from this size on."""
COUNTED_S = 20.0
"""Reversals are counted over the last so many seconds."""


@dataclass(frozen=True)
class Style:
    """How one driver drives."""

    pace: float
    """Share of the usual speed."""
    wheel_deg: float
    """Standard deviation of what the hands do without need, at rest."""
    tense_wheel: float
    """By how much more at full arousal, as a share."""
    look_s: float
    """Between corrections, at rest; tense drivers correct more often."""
    foot: float
    """Unrest of the foot at full arousal, as a share of the pedal."""

    @classmethod
    def draw(cls, rng: np.random.Generator, *, effect: float, variation: float) -> "Style":
        """A driver; arguments as of `Heart.draw`."""
        return cls(
            pace=1 + 0.15 * variation * rng.uniform(-1, 1),
            wheel_deg=1.2 * np.exp(1.0 * variation * rng.standard_normal()),
            tense_wheel=1.6 * effect * np.exp(0.4 * variation * rng.standard_normal()),
            look_s=0.8 * np.exp(0.3 * variation * rng.standard_normal()),
            foot=0.4 * effect * np.exp(0.4 * variation * rng.standard_normal()),
        )


def drive_car(
    style: Style, target_kmh: Series, arousal: Series, rng: np.random.Generator, *, stops: npt.NDArray[np.bool_]
) -> Series:
    """Drive.

    Args:
        style: of the driver.
        target_kmh: `(seconds,)` speed that road and traffic allow; 0 is parked.
        arousal: `(seconds,)`, 0 calm to 1 tense.
        rng: source of randomness.
        stops: `(seconds,)` True where lights make the car stop now and then.

    Returns:
        `(channels, seconds * 10)`, channels as in `VEHICLE_CHANNELS`.
    """
    per_second = round(VEHICLE_RATE_HZ)
    step_s = 1 / VEHICLE_RATE_HZ
    wanted_m_s = np.repeat(target_kmh * style.pace * ~_at_lights(stops, rng), per_second) / 3.6
    tense = np.repeat(arousal, per_second)
    unrest = rng.standard_normal((3, len(tense)))
    rows = np.zeros((len(tense), 5))
    speed, wheel, turn_to, offset, drift, pedal_unrest, until_look_s = wanted_m_s[0], 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for now, (wanted, arousal_now) in enumerate(zip(wanted_m_s, tense, strict=True)):
        moving = speed > 0.5
        pedal_unrest += step_s * (-pedal_unrest / 1.5) + 0.3 * style.foot * arousal_now * unrest[0, now]
        pedal = float(np.clip(0.35 * (wanted - speed) + pedal_unrest * moving, -1, 1))
        speed = max(0.0, speed + STRONGEST_M_S2 * (pedal - 0.04 * moving) * step_s)
        until_look_s -= step_s
        if until_look_s <= 0:
            slip = style.wheel_deg * (1 + style.tense_wheel * arousal_now) * unrest[1, now]
            turn_to = moving * float(np.clip(-4.0 * offset - 6.0 * drift + slip, -90, 90))
            until_look_s = style.look_s / (1 + 0.5 * style.tense_wheel * arousal_now)
        wheel += (turn_to - wheel) * step_s / 0.25
        # The road's slope and the wind push; the wheel moves the car across the faster it goes.
        drift += step_s * (-0.8 * drift + 0.012 * wheel * speed / 10 + moving * 0.25 * unrest[2, now])
        drift *= moving
        offset += step_s * drift
        rows[now] = 3.6 * speed, wheel, max(pedal, 0), max(-pedal, 0), offset
    speeds, wheels, accelerator, brake, offsets = rows.T
    return np.stack([speeds, wheels, _reversals(wheels), accelerator, brake, offsets])


def _at_lights(stops: npt.NDArray[np.bool_], rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    """Where the car must stand, `(seconds,)`."""
    standing = np.zeros(len(stops), bool)
    second = 0
    while second < len(stops):
        second += int(rng.uniform(40, 120))
        standing[second : second + int(rng.uniform(10, 35))] = True
    return standing & stops


def _reversals(wheels_deg: Series) -> Series:
    """How often the wheel turned the other way over the last seconds, a second (McLean and Hoffmann 1975)."""
    turned = np.zeros(len(wheels_deg))
    extreme, rising = wheels_deg[0], True
    for now, wheel in enumerate(wheels_deg):
        if (wheel > extreme) == rising:
            extreme = wheel
        elif abs(wheel - extreme) >= REVERSAL_DEG:
            turned[now], extreme, rising = 1, wheel, not rising
    counted = round(COUNTED_S * VEHICLE_RATE_HZ)
    sums = np.concatenate([np.zeros(counted), np.cumsum(turned)])
    rate: Series = (sums[counted:] - sums[:-counted]) / COUNTED_S
    return rate
