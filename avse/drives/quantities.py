"""What channels of a drive measure: their column in a table, their units, and their transform before resampling."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from avse.drives.series import tidy
from avse.drives.uniform import Limits
from avse.errors import InputError
from avse.types import Series

GSR_FLOOR = 0.05
"""Least conductance that the logarithm is taken of; no skin is as dry."""
SLOW_GSR = Limits(flat_s=60.0, saturated_s=30.0)
"""Skin conductance moves slowly, and the table's last digit slower."""
MAY_STAND_STILL = Limits(flat_s=math.inf, saturated_s=math.inf)
"""A car may stand, and rain may last: only gaps are masked."""


def _as_it_is(values: Series) -> Series:
    return values


def _log_conductance(values: Series) -> Series:
    """Of two people one may have five times the other's conductance; their responses are alike by ratio."""
    logarithm: Series = np.where(values > GSR_FLOOR, np.log(np.maximum(values, GSR_FLOOR)), np.nan)
    return logarithm


def _log_activity(values: Series) -> Series:
    logarithm: Series = np.log(np.abs(values) + 0.01)
    return logarithm


@dataclass(frozen=True)
class Quantity:
    """What a channel measures."""

    title: str
    """The column's name in a table."""
    unit: str = ""
    """What the values are in; empty for none."""
    factors: Mapping[str, float] = field(default_factory=dict)
    """Other units that are understood, and the factor from them to `unit`."""
    example: float = 0.5
    """A usual value, in `unit`."""
    limits: Limits = field(default_factory=Limits)
    """What is believed of the sensor."""
    prepare: Callable[[Series], Series] = _as_it_is
    """What is done to the values before they are resampled."""

    @property
    def heading(self) -> str:
        """The column's name with its unit, as a table has it."""
        return f"{self.title} ({self.unit})" if self.unit else self.title

    def converted(self, values: Series, *, unit: str) -> Series:
        """Values in `self.unit`.

        Args:
            values: `(samples,)`.
            unit: what they are in; empty if that is not known and `self.unit` is taken.

        Raises:
            InputError: no such unit is known for this quantity.
        """
        if unit in ("", self.unit):
            return values
        if unit not in self.factors:
            understood = ", ".join([self.unit or "no unit", *self.factors])
            raise InputError(f"{self.title} must be in {understood} but is in {unit!r}; convert it")
        return values * self.factors[unit]


GSR_UNITS = {"µS": 1.0, "μS": 1.0, "mS": 1000.0, "mV": 1.0}
"""The micro sign, the Greek letter; drivedb's tables call their microsiemens `mV`."""


def _skin(title: str) -> Quantity:
    return Quantity(title, "uS", GSR_UNITS, 5.0, SLOW_GSR, _log_conductance)


def _of_car(title: str, unit: str = "", factors: Mapping[str, float] | None = None, example: float = 0.0) -> Quantity:
    return Quantity(title, unit, factors or {}, example, MAY_STAND_STILL)


QUANTITIES = {
    "ecg_mv": Quantity("ecg", "mV", {"V": 1000.0, "uV": 0.001, "µV": 0.001, "μV": 0.001}, 0.1),
    "heart_rate_bpm": Quantity("heart rate", "bpm", {"1/min": 1.0, "Hz": 60.0}, 72.0),
    "rmssd_30s_ms": Quantity("rmssd", "ms", {"s": 1000.0}, 30.0),
    "hand_gsr": _skin("hand gsr"),
    "foot_gsr": _skin("foot gsr"),
    "respiration": Quantity("respiration", "mV", {}, 30.0),
    "emg": Quantity("emg", "mV", {"V": 1000.0, "uV": 0.001, "µV": 0.001, "μV": 0.001}, 0.3, prepare=_log_activity),
    "speed_kmh": _of_car("speed", "km/h", {"kmh": 1.0, "m/s": 3.6, "mph": 1.609344}, 50.0),
    "steering_deg": _of_car("steering", "deg", {"°": 1.0, "rad": 180 / math.pi}),
    "reversals_hz": _of_car("reversals", "Hz", {"1/min": 1 / 60}, 0.2),
    "lateral_offset_m": _of_car("lateral offset", "m", {"cm": 0.01}, 0.1),
}
"""By channel; those of other names are taken as they are (`quantity_of`)."""


def quantity_of(channel: str) -> Quantity:
    """What a channel measures; one that is not in `QUANTITIES` has no unit and may stand still."""
    return QUANTITIES.get(channel) or _of_car(tidy(channel)[0])
