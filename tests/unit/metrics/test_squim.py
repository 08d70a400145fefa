"""SQUIM: why there is no score, and what is asked of a network that stands in for torchaudio's."""

import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
import torch

from avse.errors import InputError, MissingExtraError
from avse.metrics import squim
from avse.metrics.squim import squim_pesq, squim_si_sdr, squim_stoi
from avse.score import score_waveforms

RATE = 16000
METRICS = (squim_stoi, squim_pesq, squim_si_sdr)


@pytest.fixture(autouse=True)
def forget():
    """What is remembered of torchaudio belongs to one test."""
    yield
    for function in (squim._predict, squim._problem, squim._model):
        function.cache_clear()


def install(monkeypatch, get_model):
    package, pipelines = ModuleType("torchaudio"), ModuleType("torchaudio.pipelines")
    package.pipelines = pipelines
    pipelines.SQUIM_OBJECTIVE = SimpleNamespace(get_model=get_model)
    monkeypatch.setitem(sys.modules, "torchaudio", package)
    monkeypatch.setitem(sys.modules, "torchaudio.pipelines", pipelines)


@pytest.fixture
def network(monkeypatch, tmp_path):
    """Answers length, peak and mean; holds what it was given."""
    seen = []

    def model(waveform):
        seen.append(waveform)
        return [torch.tensor([float(waveform.shape[1])]), waveform.abs().amax(dim=1), waveform.mean(dim=1)]

    install(monkeypatch, lambda: model)
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    weights = tmp_path / squim.WEIGHTS
    weights.parent.mkdir(parents=True)
    weights.touch()
    return seen


def ask(metric, estimate, *, rate=RATE):
    return metric(reference=np.zeros(3), estimate=estimate, sample_rate=rate)


def test_each_takes_its_own_answer_and_the_network_runs_once(network):
    estimate = 0.25 + 0.25 * np.sign(np.sin(np.arange(RATE)))
    estimate[0] = 0.75
    values = [ask(metric, estimate).value for metric in METRICS]
    assert values == [RATE, 0.75, pytest.approx(estimate.mean(), abs=1e-6)]
    assert [waveform.shape for waveform in network] == [(1, RATE)]
    assert ask(squim_pesq, estimate / 2).value == 0.375


def test_the_rate_is_converted(network):
    assert ask(squim_stoi, np.ones(48000), rate=48000).value == 16000


def test_weights_are_not_fetched(monkeypatch, tmp_path):
    install(monkeypatch, lambda: pytest.fail("fetched"))
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    answer = ask(squim_stoi, np.ones(RATE))
    assert answer.value is None
    assert f"its weights must lie at {tmp_path}" in answer.reason
    assert "SQUIM_OBJECTIVE" in answer.reason
    assert not list(tmp_path.iterdir())


def test_without_torchaudio_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "torchaudio", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'avse\[torchaudio\]'"):
        ask(squim_stoi, np.ones(RATE))


@pytest.mark.parametrize("error", [OSError("undefined symbol\nmore"), ImportError("undefined symbol")])
def test_torchaudio_of_another_torch_is_a_reason_and_is_tried_once(monkeypatch, error):
    tried = []

    class Broken:
        def find_spec(self, name, *_):
            if name == "torchaudio":
                tried.append(name)
                raise error

    for name in [name for name in sys.modules if name.partition(".")[0] == "torchaudio"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [Broken(), *sys.meta_path])
    names = ["squim_stoi", "squim_pesq", "squim_si_sdr_db", "sdi"]
    audio = np.random.default_rng(0).standard_normal(RATE)
    scores = score_waveforms(reference=audio, estimate=2 * audio, sample_rate=RATE, metrics=names)
    for name in names[:3]:
        assert scores[name].value is None
        assert f"built for torch {torch.__version__}" in scores[name].reason
        assert "(undefined symbol)" in scores[name].reason
    assert scores["sdi"].value == pytest.approx(1)
    assert len(tried) == 1


@pytest.mark.parametrize(
    ("estimate", "reason"),
    [
        (np.zeros(RATE), "estimate is silent"),
        (np.full(RATE, np.nan), "estimate holds NaN or infinity"),
        (np.ones(3000), "SQUIM: 0.19 s is shorter than 0.25 s"),
    ],
)
def test_what_cannot_be_judged_has_a_reason(network, estimate, reason):
    assert [ask(metric, estimate).reason for metric in METRICS] == [reason] * 3
    assert not network


def test_two_channels_are_an_error(network):
    with pytest.raises(InputError, match="must be mono"):
        ask(squim_stoi, np.ones((2, RATE)))
