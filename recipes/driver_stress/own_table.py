"""A table of one's own (CSV) as a drive that a trained network takes."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from avse.drives.drive import Drive, Signal
from avse.drives.quantities import Quantity, quantity_of
from avse.drives.series import Channel, read_series, tidy
from avse.drives.uniform import Uniform, to_uniform
from avse.errors import ConfigError, MediaError
from avse.models.driver_stress import DriverStressConfig, ModalityConfig

SLOWEST = 1.5
"""A column's usual step may be so many of the network's."""


@dataclass(frozen=True)
class Mapped:
    """Which columns of a table are which channels."""

    columns: Mapping[str, str] = field(default_factory=dict)
    """The column of a channel, where it has another name than in the sample; with `[unit]` if the table lacks it."""
    without: tuple[str, ...] = ()
    """Channels that were not measured."""

    def check(self, config: DriverStressConfig) -> None:
        """Refuse channels that the network does not have.

        Raises:
            ConfigError: there is one.
        """
        known = [channel for modality in config.modalities.values() for channel in modality.channels]
        for channel in (*self.columns, *self.without):
            if channel not in known:
                near = difflib.get_close_matches(channel, known, n=1)
                advice = f"did you mean {near[0]}?" if near else "correct it"
                raise ConfigError(f"channel must be one of {', '.join(known)} but is {channel!r}; {advice}")


def drive_of_table(path: Path, config: DriverStressConfig, mapped: Mapped) -> tuple[Drive, list[str]]:
    """Read a table for a network.

    Args:
        path: `.csv` or `.csv.gz`: a column of time and one for each channel; cells may be empty.
        config: of the network.
        mapped: names of columns.

    Returns:
        The drive, from the table's first time on and without levels; and a note for each channel with gaps.

    Raises:
        MediaError: the table cannot be read, lacks a column, or one is too slow or holds nothing.
        InputError: a column is in a unit that is not understood.
        ConfigError: a name is no channel.
    """
    mapped.check(config)
    found = _from_zero(read_series(path, strict=True), path)
    times_s = next(iter(found.values())).times_s
    duration_s = float(np.floor(np.nanmax(times_s) + 1e-6 + np.nanmedian(np.diff(times_s))))
    notes: list[str] = []
    signals = {}
    for name, modality in config.modalities.items():
        series = [_channel(channel, found, modality, duration_s, path, mapped, notes) for channel in modality.channels]
        values, masks = (np.stack([getattr(one, part) for one in series]) for part in ("values", "mask"))
        signals[name] = Signal(values, masks, modality.rate_hz, modality.channels)
    return Drive(path.name.partition(".")[0], "", "", signals, ()), notes


def sample(config: DriverStressConfig) -> str:
    """What a table for a network must look like: its head and three rows, and its channels with rates and units."""
    channels = [(name, m.rate_hz) for m in config.modalities.values() for name in m.channels]
    fastest_hz = max(rate for _, rate in channels)
    lines = [
        "A table (.csv, .csv.gz): seconds, and a column for each channel. Cells may be empty where a channel is slow.",
        "Columns of other names: --column CHANNEL=COLUMN, or 'CHANNEL=COLUMN [UNIT]'. Not measured: --without CHANNEL.",
        "",
        ",".join(["time (s)", *(quantity_of(name).heading for name, _ in channels)]),
    ]
    for row in range(3):
        cells = [f"{quantity_of(name).example:g}" if row == 0 or rate == fastest_hz else "" for name, rate in channels]
        lines.append(",".join([f"{row / fastest_hz:g}", *cells]))
    lines += ["", f"{'channel':<18}{'column':<26}{'samples a second, least':<26}units"]
    for name, rate in channels:
        quantity = quantity_of(name)
        units = ", ".join(filter(None, [quantity.unit, *quantity.factors])) or "none"
        lines.append(f"{name:<18}{quantity.heading:<26}{rate / SLOWEST:<26.3g}{units}")
    return "\n".join(lines)


def _from_zero(found: dict[str, Channel], path: Path) -> dict[str, Channel]:
    times_s = next(iter(found.values())).times_s
    if np.isfinite(times_s).sum() < 2:
        raise MediaError(
            f"{path} must hold two times or more but holds {np.isfinite(times_s).sum()}; check its first column"
        )
    start_s = np.nanmin(times_s)
    return {name: channel._replace(times_s=channel.times_s - start_s) for name, channel in found.items()}


def _channel(
    name: str, found: dict[str, Channel], modality: ModalityConfig, duration_s: float, path: Path, mapped: Mapped,
    notes: list[str],
) -> Uniform:  # fmt: skip
    """One channel at the network's rate."""
    if name in mapped.without:
        return to_uniform(np.zeros(0), np.zeros(0), rate_hz=modality.rate_hz, duration_s=duration_s)
    quantity = quantity_of(name)
    channel = _column(name, quantity, found, path, mapped)
    real = np.isfinite(channel.values)
    _check_rate(channel, real, modality.rate_hz, path)
    values = quantity.prepare(quantity.converted(channel.values, unit=channel.unit))
    # Empty cells between a slower sensor's samples are no gaps.
    series = to_uniform(
        channel.times_s[real], values[real], rate_hz=modality.rate_hz, duration_s=duration_s, limits=quantity.limits
    )
    about = series.report
    if not series.mask.any():
        raise MediaError(
            f"column {channel.name!r} of {path} must hold a signal but the sensor was off ({about.flat_s:g} s without "
            f"a change, {about.saturated_s:g} s at its extreme); check it, or --without {name}"
        )
    if about.masked_share > 0:
        notes.append(
            f"{name}: {100 * about.masked_share:.1f} % masked ({about.n_gaps} gaps, the longest "
            f"{about.longest_gap_s:g} s; off for {about.flat_s:g} s, at its extreme for {about.saturated_s:g} s)"
        )
    return series


def _column(name: str, quantity: Quantity, found: dict[str, Channel], path: Path, mapped: Mapped) -> Channel:
    """The column of a channel, with the unit it was given."""
    wanted, unit = tidy(mapped.columns.get(name, quantity.title))
    channel = found.get(wanted)
    if channel is None and name not in mapped.columns:
        channel = found.get(tidy(name)[0])
    if channel is None:
        near = difflib.get_close_matches(wanted, found, n=1)
        advice = f"is it {near[0]!r}? then" if near else "if it has another name,"
        raise MediaError(
            f"{path} must hold a column {quantity.heading!r} but holds {', '.join(found)}; {advice} "
            f"--column {name}={near[0] if near else 'COLUMN'}, or --without {name}; --sample shows a table"
        )
    return channel._replace(unit=unit or channel.unit)


def _check_rate(channel: Channel, real: np.ndarray, rate_hz: float, path: Path) -> None:
    times_s = channel.times_s[real & np.isfinite(channel.times_s)]
    if len(times_s) < 2:
        raise MediaError(f"column {channel.name!r} of {path} must hold numbers but holds {len(times_s)}; check it")
    step_s = float(np.median(np.diff(times_s)))
    if step_s > SLOWEST / rate_hz:
        raise MediaError(
            f"column {channel.name!r} of {path} must have {rate_hz / SLOWEST:.3g} samples a second or more (the "
            f"network takes {rate_hz:g}) but has {1 / step_s:.3g}; record it faster, or train a network for that rate"
        )
