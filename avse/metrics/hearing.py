"""What HASPI and HASQI share: the listener, how loud it is, and the package pyclarity, which holds their ear model.

Conventions of both (Kates and Arehart 2014, 2021; so says pyclarity's `ear_model` as well): a listener is an audiogram,
and the reference is heard at 65 dB SPL without amplification. Reference and estimate are scaled by one factor that
brings the reference's RMS to 1, which stands for that level, so the estimate's own level counts. It reaches the ear as
it is: no hearing aid is put in between.

The model adds the noise of nerve cells; it is drawn from one seed for every pair, so that scores repeat.
"""

import logging
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from types import ModuleType
from typing import Final, Protocol

import numpy as np

from avse.errors import InputError, MissingExtraError
from avse.metrics.hearing_steps import bm_covary, env_filter, env_smooth
from avse.metrics.score_or_reason import Score, unscorable
from avse.signal.resample import resample
from avse.types import FloatWaveform

Audiogram = Sequence[float]

FREQUENCIES_HZ: Final = (250, 500, 1000, 2000, 4000, 6000)
"""Of an audiogram."""
NORMAL: Final = (0.0,) * len(FREQUENCIES_HZ)
"""dB HL of normal hearing."""
GREATEST_LOSS_DB: Final = 120.0
"""Of what audiometers measure. Hearing above normal counts as normal in the model: give 0."""
LEVEL_DB_SPL: Final = 65.0
SHORTEST_S: Final = 0.25
"""The longest modulation filter of HASPI lasts 0.24 s."""
AUDIBLE: Final = 1e-3
"""Of the greatest sample: what lies before the first and after the last one above it is not judged."""
MODEL_RATE: Final = 24000
"""Hz of the ear model."""


class Measure(Protocol):
    """HASPI or HASQI as a call into pyclarity."""

    def __call__(
        self, reference: FloatWaveform, estimate: FloatWaveform, sample_rate: int, audiogram: Audiogram
    ) -> float:
        """Judge two waveforms that are at their level."""


def check_audiogram(audiogram: Audiogram) -> None:
    """Validate that numbers are a listener's hearing losses.

    Raises:
        InputError: they are not six from 0 to 120 dB.
    """
    # NaN lies between no two numbers.
    if len(audiogram) != len(FREQUENCIES_HZ) or not all(0 <= loss <= GREATEST_LOSS_DB for loss in audiogram):
        raise InputError(
            f"audiogram must be {len(FREQUENCIES_HZ)} hearing losses of 0 to {GREATEST_LOSS_DB:g} dB, at "
            f"{', '.join(map(str, FREQUENCIES_HZ))} Hz, but is {','.join(f'{loss:g}' for loss in audiogram)}; "
            "give one for each"
        )


def judge(
    name: str,
    measure: Measure,
    *,
    reference: FloatWaveform,
    estimate: FloatWaveform,
    sample_rate: int,
    audiogram: Audiogram,
) -> Score:
    """Score a pair by pyclarity.

    Args:
        name: of the metric, for reasons.
        measure: the call; pyclarity is imported when it runs.
        reference: `(samples,)` clean waveform.
        estimate: `(samples,)` waveform to judge.
        sample_rate: Hz.
        audiogram: dB HL at `FREQUENCIES_HZ`.

    Raises:
        InputError: a waveform is not mono, or the audiogram is none.
        MissingExtraError: the package `pyclarity` is not installed.
    """
    check_audiogram(audiogram)
    failed = unscorable(reference, estimate)
    if failed:
        return failed
    audible = np.flatnonzero(np.abs(reference) > AUDIBLE * np.abs(reference).max())
    if audible[-1] - audible[0] < SHORTEST_S * sample_rate:
        return Score(None, f"{name}: less than {SHORTEST_S:g} s of speech")
    rate = sample_rate
    pair = [waveform.astype(np.float64) for waveform in (reference, estimate)]
    if sample_rate % 1000:
        # pyclarity rounds a rate to whole kHz, which would shift every band.
        rate = MODEL_RATE
        pair = [
            resample(each.astype(np.float32), source_rate=sample_rate, target_rate=rate).astype(np.float64)
            for each in pair
        ]
    scale = np.sqrt(np.mean(pair[0] ** 2))
    with _pyclarity() as complaints:
        try:
            value = float(measure(pair[0] / scale, pair[1] / scale, rate, audiogram))
        except ValueError as error:
            complaints.append(str(error))
    # Where it finds nothing above the threshold it raises, or warns and answers 0.
    if complaints:
        return Score(None, f"{name}: the listener hears nothing of the reference")
    return Score(value) if np.isfinite(value) else Score(None, f"{name}: the result is not a finite number")


@contextmanager
def _pyclarity() -> Iterator[list[str]]:
    """Let pyclarity work with one seed, our faster steps, and its warnings in a list instead of the terminal."""
    try:
        from clarity.evaluator.haspi import eb, haspi
    except ImportError:
        raise MissingExtraError(
            "HASPI and HASQI need the package pyclarity, which is not installed; run: pip install 'avse[hearing]'"
        ) from None
    complaints: list[str] = []

    def keep(record: logging.LogRecord) -> bool:
        complaints.append(record.getMessage())
        return False

    with ExitStack() as stack:
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")
        stack.enter_context(np.errstate(all="ignore"))
        eb.logger.addFilter(keep)
        stack.callback(eb.logger.removeFilter, keep)
        _replace(stack, eb, "bm_covary", bm_covary)
        _replace(stack, eb, "env_smooth", env_smooth)
        _replace(stack, haspi, "env_filter", env_filter)
        # pyclarity draws from numpy's global generator, which is given back as it was.
        stack.callback(np.random.set_state, np.random.get_state())  # noqa: NPY002
        np.random.seed(0)  # noqa: NPY002
        yield complaints


def _replace(stack: ExitStack, module: ModuleType, name: str, function: Callable[..., object]) -> None:
    stack.callback(setattr, module, name, getattr(module, name))
    setattr(module, name, function)
