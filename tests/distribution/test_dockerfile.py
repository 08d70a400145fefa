"""One Dockerfile for commands and service: what `make install-check` runs is what it says."""

import re
from pathlib import Path

import yaml
from install_check import DOCKERFILE, copy_sources, health_check

from avse.cli.serve import main as serve

ROOT = Path(__file__).parents[2]
STAGES = re.findall(r"^FROM (\S+) AS (\S+)$", DOCKERFILE, re.MULTILINE)


def test_the_last_stage_is_the_command_and_the_service_is_a_target():
    names = [name for _, name in STAGES]
    assert names[-1] == "enhance"
    build = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text(encoding="utf-8"))["services"]["avse"]["build"]
    assert build["target"] in names
    assert (ROOT / "deploy" / build["context"]).resolve() == ROOT
    assert "dockerfile" not in build


def test_the_sources_are_enough_to_build_and_hold_nothing_else(tmp_path):
    copy_sources(tmp_path / "source")
    kept = {path.name for path in (tmp_path / "source").iterdir()}
    assert {"pyproject.toml", "README.md", "avse", "constraints.txt"} <= kept
    assert not kept & {"tests", "egs", "recipes", ".git"}
    assert (tmp_path / "source/avse/cli/enhance.py").is_file()


def test_nobody_is_root_and_the_service_takes_its_arguments(tmp_path, monkeypatch, capsys):
    for stage in DOCKERFILE.split("FROM ")[1:]:
        if "ENTRYPOINT" in stage:
            assert stage.index("USER avse") < stage.index("ENTRYPOINT")
    entries = dict(re.findall(r'^ENTRYPOINT \["(avse-\w+)"(.*)\]$', DOCKERFILE, re.MULTILINE))
    assert set(entries) == {"avse-enhance", "avse-serve"}
    arguments = re.findall(r'"([^"]+)"', entries["avse-serve"])
    folder = str(tmp_path / "files")
    monkeypatch.delenv("AVSE_TOKEN", raising=False)
    assert serve([folder if word == "/files" else word for word in arguments]) == 2
    assert "token" in capsys.readouterr().err  # not open to others by mistake


def test_the_health_check_is_python():
    flag, code = health_check()
    assert flag == "-c"
    compile(code, "HEALTHCHECK", "exec")
    assert ":8117/v1/health" in code
