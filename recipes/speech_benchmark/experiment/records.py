"""How the numbers came about: command, versions, data, and what each system cost."""

import json
import os
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import yaml

from avse.data.manifest import Item
from avse.errors import ConfigError
from avse.report.document import Heading, Lines, Part, Table
from avse.training.run import describe_software
from recipes.speech_benchmark.experiment.config import ExperimentConfig, names_of, title_of
from recipes.speech_benchmark.mixture_scores import (
    REPORTED_ONLY,
    SPLITS,
    Results,
    best_validation,
    go_minutes,
    read_rows,
)

PACKAGES = ("numpy", "scipy", "torch", "pesq", "pystoi", "pyclarity", "soundfile")
"""Whose versions may change a number."""


def about_lines(results: Results, items: list[Item], *, command: str) -> Lines:
    """What a reader needs to get these numbers again."""
    software = describe_software()
    speakers = {item.id: item.speaker for item in items}
    lines = [
        ["what", "value"],
        ["command", f"`{command}`"],
        ["commit of the tables", software["commit"]],
        ["versions", ", ".join([f"Python {software['python']}", *_versions()])],
        [
            "hardware of the tables",
            f"{software['device'].split(',')[0]}, {os.cpu_count()} cores, {software['machine']}",
        ],
    ]
    for split in SPLITS:
        chosen = results.counted(split)
        clips = {mixture.clip for mixture in chosen}
        people = {speakers.get(clip) for clip in clips}
        alike = len(results.of(split)) - len(chosen)
        more = f"; beside them {alike} of {REPORTED_ONLY}, shown by noise type alone" if alike else ""
        lines.append([split, f"n = {len(chosen)} mixtures of {len(clips)} clips of {len(people)} people{more}"])
    return lines


def _versions() -> list[str]:
    found = []
    for package in PACKAGES:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    return found


def cost_parts(config: ExperimentConfig, exp: Path) -> list[Part]:
    """What systems take to train and to use, and how each was trained; from their runs' own records.

    Raises:
        ConfigError: a record is there but is none.
    """
    costs = [["", "parameters", "multiply-adds a second", "real-time factor", "training, minutes", "best validation"]]
    commands = [["", "command", "commit, seed", "hardware"]]
    all_minutes = []
    for name in names_of(config):
        folder = exp / name
        cost, software = (_record(folder / file) for file in ("cost.json", "software.json"))
        log = read_rows(folder / "log.jsonl") if (folder / "log.jsonl").is_file() else []
        if cost or log:
            minutes = go_minutes(log)
            all_minutes += minutes
            trained = f"{sum(minutes):.1f}" if minutes else "-"
            costs.append([title_of(config, name), *_cost_cells(cost), trained, _best(log)])
        if software:
            seed = (_record(folder / "config.yaml").get("loop") or {}).get("seed", "-")
            where = f"{software.get('device', '-')}, {software.get('machine', '-')}; torch {software.get('torch', '-')}"
            command = f"`{software.get('command', '-')}`"
            commands.append([title_of(config, name), command, f"{software.get('commit', '-')}, {seed}", where])
    parts: list[Part] = []
    if len(costs) > 1:
        words = (
            "The real-time factor is processing time by duration: below 1 keeps up with the audio. All trainings "
            f"together took {sum(all_minutes):.0f} minutes."
        )
        parts += [Heading("Cost"), words, Table(costs)]
    if len(commands) > 1:
        parts += [Heading("How each was trained"), Table(commands)]
    return parts


def _cost_cells(cost: dict[str, Any]) -> list[str]:
    parameters, rate, factor = (cost.get(key) for key in ("parameters", "multiply_adds_per_s", "real_time_factor"))
    threads = f" on {cost['threads']} thread(s)" if "threads" in cost else ""
    return [
        "-" if parameters is None else f"{parameters:,}",
        "-" if rate is None else f"{rate / 1e6:,.1f} M",
        "-" if factor is None else f"{factor:.3f}{threads}",
    ]


def _best(log: list[dict[str, Any]]) -> str:
    best = best_validation(log)
    if not best:
        return "-"
    gain = f", SI-SDR {best['si_sdr_gain_db']:+.2f} dB" if "si_sdr_gain_db" in best else ""
    return f"loss {best['loss']:.3f}{gain} at step {best.get('step', '-')}"


def _record(path: Path) -> dict[str, Any]:
    """What a JSON or YAML file holds; nothing if there is none."""
    if not path.is_file():
        return {}
    try:
        text = path.read_text(encoding="utf-8")
        found = json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
    except (json.JSONDecodeError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise ConfigError(f"{path} must be a run's record but is not ({reason}); run its stage again") from None
    if not isinstance(found, dict):
        raise ConfigError(f"{path} must be a run's record but is {found!r}; run its stage again")
    return found
