"""All metrics by name."""

from collections.abc import Callable
from typing import NamedTuple

from avse.errors import InputError
from avse.metrics.pesq import pesq_nb, pesq_wb
from avse.metrics.score import Score
from avse.metrics.sdi import sdi
from avse.metrics.segmental_snr import segmental_snr
from avse.metrics.si_sdr import si_sdr
from avse.metrics.stoi import estoi, stoi


class Metric(NamedTuple):
    """A metric and how to show it."""

    compute: Callable[..., Score]
    title: str
    digits: int
    """After the decimal point."""
    less_is_better: bool = False
    by_default: bool = True
    """Computed where nobody says which."""


METRICS = {
    "pesq_wb": Metric(pesq_wb, "PESQ-WB", 2),
    "pesq_nb": Metric(pesq_nb, "PESQ-NB", 2),
    "stoi": Metric(stoi, "STOI", 3),
    "estoi": Metric(estoi, "ESTOI", 3),
    "si_sdr_db": Metric(si_sdr, "SI-SDR, dB", 2),
    "segmental_snr_db": Metric(segmental_snr, "segmental SNR, dB", 2, by_default=False),
    "sdi": Metric(sdi, "SDI", 3, less_is_better=True, by_default=False),
}
DEFAULT = tuple(name for name, metric in METRICS.items() if metric.by_default)


def check_metrics(names: list[str]) -> None:
    """Make sure that all names are metrics.

    Raises:
        InputError: one is not.
    """
    for name in names:
        if name not in METRICS:
            raise InputError(f"metrics must be of {', '.join(METRICS)} but one is {name!r}; correct it")
