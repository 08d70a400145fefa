"""Scores without a reference: a network predicts STOI, PESQ and SI-SDR (Kumar et al. 2023, "TorchAudio-Squim").

The network and its weights are torchaudio's. The weights are never fetched while scoring: they must lie in torch's
cache already.
"""

from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np

from avse.errors import MissingExtraError
from avse.metrics.score_or_reason import Score, unscorable
from avse.signal.resample import resample
from avse.types import FloatWaveform

RATE: Final = 16000
"""Hz that the network was trained at."""
SHORTEST_S: Final = 0.25
"""Of what PESQ takes, which is predicted."""
WEIGHTS: Final = "torchaudio/models/squim_objective_dns2020.pth"
"""Within torch's cache folder; so torchaudio names it."""
FETCH: Final = "python -c 'from torchaudio.pipelines import SQUIM_OBJECTIVE as s; s.get_model()'"


def squim_stoi(*, reference: FloatWaveform, estimate: FloatWaveform, sample_rate: int) -> Score:
    """Predicted STOI.

    Args:
        reference: taken for the shape that all metrics share, without effect.
        estimate: `(samples,)` waveform to judge; its level does not matter.
        sample_rate: Hz; converted to 16 kHz.

    Returns:
        0 to 1; no value for less than 0.25 s, or where the weights are not at hand.

    Raises:
        InputError: the waveform is not mono.
        MissingExtraError: `torchaudio` is not installed, or does not fit the torch that is.
    """
    del reference
    return _squim(estimate, sample_rate, number=0)


def squim_pesq(*, reference: FloatWaveform, estimate: FloatWaveform, sample_rate: int) -> Score:
    """Predicted PESQ, wide band, 1 to 4.6, of an estimate `(samples,)`; all else as of `squim_stoi`."""
    del reference
    return _squim(estimate, sample_rate, number=1)


def squim_si_sdr(*, reference: FloatWaveform, estimate: FloatWaveform, sample_rate: int) -> Score:
    """Predicted SI-SDR in dB of an estimate `(samples,)`; all else as of `squim_stoi`."""
    del reference
    return _squim(estimate, sample_rate, number=2)


def _squim(estimate: FloatWaveform, sample_rate: int, *, number: int) -> Score:
    failed = unscorable(estimate, estimate)
    if failed:
        return Score(None, (failed.reason or "").replace("reference", "estimate"))
    duration_s = len(estimate) / sample_rate
    if duration_s < SHORTEST_S:
        return Score(None, f"SQUIM: {duration_s:.2f} s is shorter than {SHORTEST_S} s")
    model, reason = _load()
    if model is None:
        return Score(None, reason)
    converted = resample(estimate.astype(np.float32), source_rate=sample_rate, target_rate=RATE)
    value = _predict(converted.tobytes())[number]
    return Score(value) if np.isfinite(value) else Score(None, "SQUIM: the result is not a finite number")


@lru_cache(maxsize=1)
def _predict(samples: bytes) -> tuple[float, ...]:
    """All three at once; remembered, for they are asked for one after the other."""
    import torch

    model, _ = _load()
    waveform = torch.frombuffer(bytearray(samples), dtype=torch.float32)
    with torch.inference_mode():
        return tuple(float(score) for score in model(waveform[None]))


def _load() -> tuple[Any, str]:
    """The network, or None and why there is none."""
    problem = _problem()
    if problem:
        raise MissingExtraError(problem)
    import torch

    path = Path(torch.hub.get_dir()) / WEIGHTS
    if not path.is_file():
        return None, f"SQUIM: its weights must lie at {path} but do not; fetch them once: {FETCH}"
    return _model(), ""


@cache
def _problem() -> str:
    """Why torchaudio cannot be used, or nothing; found out once, for an import that fails is slow."""
    try:
        import torchaudio.pipelines  # noqa: F401
    except ModuleNotFoundError:
        return "SQUIM needs the package torchaudio, which is not installed; run: pip install 'avse[torchaudio]'"
    except (ImportError, OSError) as error:  # its libraries are built for one version of torch
        import torch

        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        return (
            f"SQUIM needs a torchaudio built for torch {torch.__version__}, but the one installed does not load "
            f"({reason}); install versions that belong together"
        )
    return ""


@cache
def _model() -> Any:
    from torchaudio.pipelines import SQUIM_OBJECTIVE

    return SQUIM_OBJECTIVE.get_model()
