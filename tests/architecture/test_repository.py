"""The repository's rules: what is not run drifts."""

import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from inside import run_program

import avse
from avse.models import pretrained, zoo
from avse.training.config import read_config
from recipes.avdcnn.config import TrainConfig as AVDCNNTrainConfig
from recipes.driver_stress.evaluate import EvaluateConfig
from recipes.driver_stress.network_gain import NetworkGainConfig
from recipes.driver_stress.running import RunningConfig
from recipes.driver_stress.transfer import TransferConfig
from recipes.lip_cue.config import TrainConfig as LipCueTrainConfig
from recipes.live.config import TrainConfig as LiveTrainConfig
from recipes.recognition.evaluate import EvaluateConfig as RecognitionConfig
from recipes.recognition.transfer import TransferConfig as EncoderTransferConfig
from recipes.steered.config import CoreTrainConfig, JointTrainConfig, SteeringTrainConfig
from recipes.steered.train import TrainConfig as SteeredTrainConfig
from recipes.vatt.config import TrainConfig as VATTTrainConfig
from recipes.vatt.finetune import FinetuneConfig

ROOT = Path(__file__).parents[2]
CONFIGS = {
    "avdcnn": AVDCNNTrainConfig,
    "live": LiveTrainConfig,
    "driver_stress": EvaluateConfig,
    "transfer/driver_stress": TransferConfig,
    "running": RunningConfig,
    "network_gain": NetworkGainConfig,
    "recognition": RecognitionConfig,
    "transfer": EncoderTransferConfig,
    "vatt": VATTTrainConfig,
    "finetune": FinetuneConfig,
    "lip_cue": LipCueTrainConfig,
    "steered": SteeredTrainConfig,
    "core": CoreTrainConfig,
    "joint": JointTrainConfig,
    "steering": SteeringTrainConfig,
}
"""By the name of a file, with its folder where that tells more."""
FOLDERS = {"variants": "vatt", "experiment": "avdcnn", "joined": "live"}
"""Folders all of whose files are of one kind."""
PLACES = {
    EvaluateConfig: ["--folder", "x", "--drives", "x"],
    RunningConfig: ["--folder", "x", "--drives", "x"],
    NetworkGainConfig: ["--folder", "x", "--drives", "x", "--output", "x"],
    RecognitionConfig: ["--folder", "x", "--videos", "x"],
    EncoderTransferConfig: ["--folder", "x", "--output", "x", "--videos", "x", "--tables", "[x]"],
    TransferConfig: ["--folder", "x", "--drives", "x", "--pretrained", "x"],
    VATTTrainConfig: ["--folder", "x", "--shards", "x"],
    FinetuneConfig: ["--folder", "x", "--shards", "x", "--pretrained", "x"],
    LipCueTrainConfig: ["--folder", "x", "--sources", "x", "--crops", "x"],
    CoreTrainConfig: ["--folder", "x", "--manifest", "x", "--audio", "x"],
    SteeringTrainConfig: ["--folder", "x", "--manifest", "x", "--audio", "x", "--core", "x"],
    JointTrainConfig: ["--folder", "x", "--manifest", "x", "--audio", "x"],
}
SPEECH_PLACES = ["--folder", "x", "--manifest", "x", "--crops", "x"]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SOURCES = [path for folder in ("avse", "recipes", "egs", "tests") for path in (ROOT / folder).rglob("*.py")]


@pytest.mark.parametrize(
    "path", sorted((ROOT / "egs").glob("*/conf/**/*.yaml")), ids=lambda p: str(p.relative_to(ROOT / "egs"))
)
def test_every_shipped_configuration_is_valid(path):
    given = yaml.safe_load(path.read_text(encoding="utf-8"))
    name = FOLDERS.get(path.parent.name, path.stem)
    kind = CONFIGS.get(f"{path.parent.name}/{name}", CONFIGS[name])
    assert _differences(read_config(kind, ["--config", str(path), *PLACES.get(kind, SPEECH_PLACES)]), given) == []


def _differences(config, given):
    """Settings of a file that the configuration does not have."""
    found = []
    for key, value in given.items():
        own = config.get(key) if isinstance(config, dict) else getattr(config, key)
        if isinstance(value, dict):
            found += _differences(own, value)
        elif (str(own) if isinstance(own, Path) else own) != (tuple(value) if isinstance(value, list) else value):
            found.append(key)
    return found


def test_an_unknown_key_of_a_configuration_is_refused(tmp_path):
    (tmp_path / "c.yaml").write_text("loop:\n  n_epoch: 3\n")
    done = run_program("recipes.avdcnn.train", "--config", tmp_path / "c.yaml", "--folder", tmp_path / "run",
                       "--manifest", "m", "--crops", "c")  # fmt: skip
    assert done.returncode == 2
    assert "did you mean n_epochs?" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "run").exists()


def test_every_public_name_is_there():
    for name in avse.__all__:
        assert getattr(avse, name) is not None
    with pytest.raises(AttributeError, match="it offers Enhancer"):
        avse.Enhancr  # noqa: B018


def test_importing_avse_loads_nothing_heavy():
    done = _python("-c", "import sys, avse; print({'torch', 'numpy', 'cv2'} & set(sys.modules))")
    assert done.stdout.strip() == "set()"


def test_every_pretrained_model_loads_and_has_its_card():
    assert pretrained.names()
    for name in pretrained.names():
        model = zoo.load(name)
        assert model.name == name
        card = pretrained.card_of(name).read_text(encoding="utf-8")
        for heading in ("## Data", "## Licence", "## Training", "## Scores", "## Limits"):
            assert heading in card


def test_readme_is_short_and_its_links_lead_somewhere():
    assert len(README.splitlines()) <= 150
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", README):
        assert (ROOT / target).exists(), target


def test_readme_python_runs(media, tmp_path, monkeypatch):
    for name in ("noisy.wav", "talk.mp4"):
        (tmp_path / name).write_bytes((media / name).read_bytes())
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert blocks
    for block in blocks:
        exec(compile(block, "README.md", "exec"), {})


def test_readme_commands_run(media, tmp_path, monkeypatch, capsys):
    for name in ("noisy.wav", "clean.wav", "talk.mp4"):
        (tmp_path / name).write_bytes((media / name).read_bytes())
    monkeypatch.chdir(tmp_path)
    typed = re.findall(r"^\$ (avse-\S+) (.*)$", README, re.MULTILINE)
    assert {command for command, _ in typed} == {"avse-enhance", "avse-score", "avse-live"}
    for command, arguments in typed:
        module = importlib.import_module(f"avse.cli.{command.removeprefix('avse-')}")
        assert module.main(arguments.split()) == 0, capsys.readouterr().err


def test_no_file_is_a_grab_bag():
    assert not [path for path in SOURCES if path.name in ("utils.py", "helpers.py", "misc.py")]


def _python(*arguments):
    return subprocess.run(
        [sys.executable, *map(str, arguments)], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )


CARDS = {
    "avdcnn": "egs/grid/avdcnn_card.md.j2",
    "lip_cue": "recipes/lip_cue/card.md.j2",
    "live": "egs/grid/live_card.md.j2",
    "steered": "egs/grid/steered_card.md.j2",
}


@pytest.mark.parametrize("name", sorted(CARDS))
def test_card_and_template_have_the_same_front_matter_and_it_states_the_licence(name):
    card = pretrained.card_of(name).read_text(encoding="utf-8")
    template = (ROOT / CARDS[name]).read_text(encoding="utf-8")
    front = card.split("---\n")[1]
    assert card.startswith("---\n")
    assert front == template.split("---\n")[1]
    facts = yaml.safe_load(front)
    assert facts["library_name"] == "avse"
    assert facts["tags"]
    printed = re.search(r"^Weights: (CC [A-Z-]+ 4\.0)", card, re.MULTILINE)[1]
    assert facts["license"] == printed.lower().replace(" ", "-")
    assert f"# {facts['model_name']}\n" in card
