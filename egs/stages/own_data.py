"""Corpora that lie in the user's own folders: where these are, from one run of the stages to the next.

All files stay where they are; what is made of them lies in `--exp`.
"""

import argparse
from dataclasses import replace
from pathlib import Path, PureWindowsPath
from typing import Any

from egs.stages.command import ROOT
from egs.stages.speech_run import SpeechRun

FOLDERS = {"videos": "AVSE_VIDEOS", "noise": "AVSE_NOISE", "speech": "AVSE_SPEECH"}
"""Options, and where the corpora's programs find them; a later run need not name them again."""


def add_options(parser: argparse.ArgumentParser, settings: dict[str, Any]) -> None:
    """Add the options of such a corpus, if it is one."""
    if "own_data" not in settings:
        return
    pack = "; without it: the data pack, which lies where AVSE_DATA says" if "script" in settings["own_data"] else ""
    texts = (
        f"where the videos lie{pack}",
        "where the noises lie",
        "voices that compete; without it those of the videos",
    )
    for name, text in zip(FOLDERS, texts, strict=True):
        parser.add_argument(f"--{name}", metavar="FOLDER", help=text)
    parser.add_argument("--per-speaker", metavar="N", help="videos of each speaker, at most")


def with_own_data(run: SpeechRun, *, here: Path) -> SpeechRun:
    """The run with its environment, folder and program for data of the user's own.

    Args:
        run: as the options say; unchanged where the corpus has data beside those and nobody named a folder.
        here: the folder that the user's paths start from.
    """
    own: dict[str, str] = run.settings["own_data"]
    given = {
        name: getattr(run.options, name) or run.environment.get(variable) or "" for name, variable in FOLDERS.items()
    }
    exp = run.exp
    if "script" in own:
        # What is recorded of the other data stays as it is.
        if not given["videos"]:
            return run
        exp = Path(own["exp"]) if exp == Path("egs", run.corpus, "exp") else exp
    found = {name: absolute(folder, here) for name, folder in given.items()}
    record = ROOT / exp / "folders"
    if found["videos"]:
        record.parent.mkdir(parents=True, exist_ok=True)
        record.write_text("".join(f"{folder}\n" for folder in found.values()), encoding="utf-8")
    elif record.is_file():
        found = dict(zip(FOLDERS, record.read_text(encoding="utf-8").splitlines(), strict=True))
    more = {variable: found[name] for name, variable in FOLDERS.items()}
    more["AVSE_PER_SPEAKER"] = run.options.per_speaker or run.environment.get("AVSE_PER_SPEAKER", "")
    environment = {**run.environment, **more, "AVSE_DATA": str(exp / "data")}
    return replace(run, exp=exp, is_own=True, script=own.get("script", run.script), environment=environment)


def absolute(folder: str, here: Path) -> str:
    """A folder that the user named, from wherever the stages run; nothing stays nothing."""
    if not folder or Path(folder).is_absolute() or PureWindowsPath(folder).is_absolute():
        return folder
    return str(here / folder)
