"""How a model is tested follows from its line of the registry alone."""

import argparse
from pathlib import Path

import pytest

from avse.models.registry import MODELS, Entry
from egs.stages.speech_results import results
from egs.stages.speech_run import TITLES, SpeechRun


@pytest.mark.parametrize(
    ("is_causal", "conditions"),
    [(False, ("own", "none")), (True, ("own", "none", "frozen", "late", "stranger", "covered"))],
)
def test_a_new_model_is_tested_as_it_says(is_causal, conditions, tmp_path, monkeypatch):
    monkeypatch.setitem(MODELS, "dummy", Entry("avse.models.dummy:Dummy", is_causal=is_causal))
    (tmp_path / "av").mkdir()
    (tmp_path / "av/test_mixtures.jsonl").write_text("")
    options = argparse.Namespace(model="dummy", conf=[], config=None, results=None)
    run = SpeechRun("toy", {"long_videos": True}, options, {"AVSE_DATA": str(tmp_path)}, script="", exp=Path("exp"))
    assert run.conditions == conditions
    assert run.has_long_videos is is_causal


def test_tables_name_the_models_that_enhance_speech():
    assert TITLES == {"avdcnn": "AVDCNN", "live": "live", "steered": "steered"}


@pytest.mark.parametrize("place", [None, "egs/toy/mine/RESULTS.md"])
def test_results_say_what_to_type_for_them(place, tmp_path):
    options = argparse.Namespace(model="live", conf=[], config=None, results=place)
    run = SpeechRun("toy", {"title": "Toy"}, options, {"AVSE_DATA": str(tmp_path)}, script="", exp=tmp_path)
    (step,) = results(run)
    typed = step.options[step.options.index("--command") + 1]
    assert typed == ("egs/toy/run.sh" if place is None else f"egs/toy/run.sh --model live --results {place}")
