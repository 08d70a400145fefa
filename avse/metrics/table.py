"""All metrics by name."""

from collections.abc import Callable, Sequence
from functools import partial
from importlib.util import find_spec
from typing import NamedTuple

from avse.errors import InputError
from avse.metrics.haspi import haspi
from avse.metrics.hasqi import hasqi
from avse.metrics.hearing import NORMAL, Audiogram
from avse.metrics.pesq import pesq_nb, pesq_wb
from avse.metrics.score_or_reason import Score
from avse.metrics.sdi import sdi
from avse.metrics.segmental_snr import segmental_snr
from avse.metrics.si_sdr import si_sdr
from avse.metrics.squim import squim_pesq, squim_si_sdr, squim_stoi
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
    of_listener: bool = False
    """Takes an audiogram as well."""
    standard: str = ""
    """Which edition of a standard it follows, where scores of editions differ."""


METRICS = {
    "pesq_wb": Metric(pesq_wb, "PESQ-WB", 2, standard="P.862.2 without Corrigendum 2"),
    "pesq_nb": Metric(pesq_nb, "PESQ-NB", 2, standard="P.862 with P.862.1"),
    "stoi": Metric(stoi, "STOI", 3),
    "estoi": Metric(estoi, "ESTOI", 3),
    "si_sdr_db": Metric(si_sdr, "SI-SDR, dB", 2),
    "segmental_snr_db": Metric(segmental_snr, "segmental SNR, dB", 2, by_default=False),
    "sdi": Metric(sdi, "SDI", 3, less_is_better=True, by_default=False),
    "haspi": Metric(haspi, "HASPI", 3, by_default=False, of_listener=True),
    "hasqi": Metric(hasqi, "HASQI", 3, by_default=False, of_listener=True),
    "squim_stoi": Metric(squim_stoi, "SQUIM STOI", 3, by_default=False),
    "squim_pesq": Metric(squim_pesq, "SQUIM PESQ", 2, by_default=False),
    "squim_si_sdr_db": Metric(squim_si_sdr, "SQUIM SI-SDR, dB", 2, by_default=False),
}
DEFAULT = tuple(name for name, metric in METRICS.items() if metric.by_default)


def default_metrics() -> tuple[list[str], list[str]]:
    """The default metrics that can be computed here, and those whose package is not installed."""
    missing = [name for name in DEFAULT if name.startswith("pesq") and find_spec("pesq") is None]
    return [name for name in DEFAULT if name not in missing], missing


def metric_for(name: str, audiogram: Audiogram = NORMAL) -> Callable[..., Score]:
    """A metric's function, for one listener where it is of hearing."""
    metric = METRICS[name]
    return partial(metric.compute, audiogram=audiogram) if metric.of_listener else metric.compute


def check_metrics(names: Sequence[str]) -> None:
    """Validate that all names are metrics.

    Raises:
        InputError: one is not.
    """
    for name in names:
        if name not in METRICS:
            raise InputError(f"metrics must be of {', '.join(METRICS)} but one is {name!r}; correct it")
