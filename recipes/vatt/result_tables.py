"""The tables of RESULTS.md, from what the stages wrote."""

import json
import math
from pathlib import Path
from typing import Any

from avse.errors import ConfigError
from avse.models import zoo
from avse.report.document import Heading, Part, Table
from avse.report.score_schema import current
from recipes.driver_scores import MAIN, WITH, WITHOUT, read_comparison
from recipes.vatt.evaluate import KS
from recipes.vatt.target_config import Targets

Scores = dict[str, Any]
PROBES = ("colour", "digit", "audio")
"""Columns of the tables of variants."""
TABLES = {
    "Several windows of a clip, and movement alone": ("reference", "one_window", "still"),
    "Modality-agnostic against specific": ("reference", "agnostic"),
    "Hierarchy against a flat common space": ("reference", "flat"),
    "MIL: one text against five": ("reference", "mil"),
    "Noises in the audio": ("reference", "noisy"),
}
"""Variants that are set side by side."""
DROPS = {"0.75": "drop_75", "0.5": "drop_50", "0.25": "reference", "0.0": "drop_0"}
"""DropToken's rates and the variants that were trained with them."""
SHORT = {
    "A to V R@1": ("audio to video", 1),
    "A to V R@10": ("audio to video", 10),
    "T to V R@10": ("text to video", 10),
}
"""Headings of short tables: direction and k."""
TRANSFERS = {
    "avdcnn": ("AVDCNN", {"si_sdr_gain_db": "SI-SDR gain dB", "loss": "loss"}),
    "live": ("live", {"face_si_sdr_gain_db": "SI-SDR gain dB", "loss": "loss"}),
}
"""Models that can begin with VATT's encoder of video, and what their validation says."""


def probes_of(scores: Scores) -> dict[str, float]:
    """All probes of a network by name."""
    audio = scores.get("audio_probe") or {}
    return {**scores["probe"], **({"audio": audio["accuracy"]} if audio else {})}


def times_chance(scores: Scores, direction: str, k: int) -> float:
    """Recall at k by that of chance."""
    found = scores["retrieval"][direction]
    return float(found[f"recall_at_{k}"] / found[f"chance_at_{k}"])


def target_lines(scores: Scores, targets: Targets, *, minutes: float) -> list[list[str]]:
    """Targets, and what was achieved; lines of a table."""
    lines = [["target", "asked", "achieved", ""]]

    def add(name: str, asked: str, achieved: str, *, good: bool) -> None:
        lines.append([name, asked, achieved, "met" if good else "missed"])

    for one in targets.retrieval:
        achieved = times_chance(scores["trained"], one.direction, one.k)
        name = f"{one.direction}, R@{one.k} by chance"
        add(name, f"{one.times_chance:g} times", f"{achieved:.1f} times", good=achieved >= one.times_chance)
    trained, untrained = (probes_of(scores[name]) for name in ("trained", "untrained"))
    for name, asked in targets.probes.items():
        if name in trained:
            lead = trained[name] - untrained[name]
            add(
                f"probe, {name}, above untrained", f"{100 * asked:.0f} points", f"{100 * lead:+.1f}", good=lead >= asked
            )
    if (most := targets.most_minutes) is not None:
        add("training", f"{most:g} minutes", f"{minutes:.0f} minutes", good=minutes <= most)
    return lines


def retrieval_lines(scores: Scores) -> list[list[str]]:
    """Recall of every direction, trained and not, against chance."""
    lines = [["query to candidates", "network", "n", *(f"R@{k}" for k in KS), "median rank"]]
    for direction, found in scores["trained"]["retrieval"].items():
        for name in ("trained", "untrained"):
            row = scores[name]["retrieval"][direction]
            recalls = [f"{row[f'recall_at_{k}']:.1%}" for k in KS]
            lines.append([direction, name, f"{row['n']:g}", *recalls, f"{round(row['median_rank'], 1):g}"])
        chances = [f"{found[f'chance_at_{k}']:.1%}" for k in KS]
        lines.append([direction, "chance", f"{found['n']:g}", *chances, f"{(found['n'] + 1) / 2:g}"])
        if f"position_chance_at_{KS[0]}" in found:
            at_position = [f"{found[f'position_chance_at_{k}']:.1%}" for k in KS]
            lines.append([direction, "chance, position in the clip known", f"{found['n']:g}", *at_position, "-"])
    return lines


def probe_lines(scores: Scores) -> list[list[str]]:
    """Accuracies of the probes."""
    trained, untrained = (probes_of(scores[name]) for name in ("trained", "untrained"))
    intervals = {**scores["trained"].get("probe_interval", {}), "audio": scores["trained"].get("audio_probe") or {}}
    lines = [["probe", "trained", "95 % interval", "untrained", "difference, points"]]
    for name, accuracy in trained.items():
        before, around = untrained[name], intervals.get(name, {})
        shown = f"{around['low']:.1%} to {around['high']:.1%}" if "low" in around else "-"
        lines.append([name, f"{accuracy:.1%}", shown, f"{before:.1%}", f"{100 * (accuracy - before):+.1f}"])
    return lines


def recalls(scores: Scores) -> list[str]:
    """The cells under the headings of `SHORT`."""
    return [f"{scores['retrieval'][direction][f'recall_at_{k}']:.1%}" for direction, k in SHORT.values()]


def variant_lines(variants: Path, names: tuple[str, ...]) -> list[list[str]]:
    """Some variants side by side."""
    lines = [["variant", "parameters", "minutes", *SHORT, *PROBES]]
    for name in names:
        scores = read_scores(variants / name / "scores.json")["trained"]
        model, probes = zoo.load(str(variants / name / "model.safetensors")), probes_of(scores)
        lines.append(
            [
                name,
                f"{zoo.count_parameters(model):,}",
                f"{minutes_of(variants / name):.1f}",
                *recalls(scores),
                *(f"{probes[probe]:.1%}" if probe in probes else "-" for probe in PROBES),
            ]
        )
    return lines


def drop_lines(cost: Scores, variants: Path) -> list[list[str]]:
    """What DropToken saves, and what it costs."""
    lines = [["skipped", "tokens", "multiply-adds a step", "a step", *SHORT, "digit"]]
    for rate, name in DROPS.items():
        row, trained = cost["drop"][rate], read_scores(variants / name / "scores.json")["trained"]
        lines.append(
            [
                f"{float(rate):.0%}",
                f"{row['tokens']:g}",
                f"{row['multiply_adds'] / 1e9:.1f} G",
                f"{row['seconds']:.2f} s",
                *recalls(trained),
                f"{trained['probe'].get('digit', math.nan):.1%}",
            ]
        )
    return lines


def finetune_lines(folder: Path) -> list[list[str]]:
    """Fine-tuning from the weights, and from the beginning."""
    lines = [["label", "classes", "n", WITH, WITHOUT]]
    for path in sorted(folder.glob(f"*_{WITH}")):
        own = read_scores(path / "scores.json")
        other = read_scores(path.with_name(f"{own['label']}_{WITHOUT}") / "scores.json")
        lines.append(
            [own["label"], str(own["n_labels"]), str(own["n"]), f"{own['accuracy']:.1%}", f"{other['accuracy']:.1%}"]
        )
    return lines


def cost_parts(cost: Scores) -> list[Part]:
    """Throughput, and the dry runs."""
    row = cost["drop"][str(cost["drop_rate"])]
    rate = row["multiply_adds"] / row["seconds"]
    windows_per_s = cost["n_windows"] / row["seconds"]
    lines = [
        ["what", "value"],
        ["machine", f"{cost['device']}, {cost['threads']} threads, torch {cost['torch']}"],
        ["windows a second", f"{windows_per_s:.1f}"],
        ["clips a second", f"{windows_per_s / cost['windows_per_clip']:.1f}"],
        ["tokens of figure and audio a second", f"{windows_per_s * row['tokens']:,.0f}"],
        ["multiply-adds a second", f"{rate / 1e9:.1f} G"],
        [
            "share of the machine's matrix rate",
            f"{rate / cost['matrix_rate']:.0%} of {cost['matrix_rate'] / 1e9:.1f} G",
        ],
    ]
    parts: list[Part] = [
        Heading("Throughput"),
        "Of training steps, forward and backward, without reading data.",
        Table(lines),
    ]
    if "dry_runs" in cost:
        runs = [["sizes", "parameters", "tokens a clip", "multiply-adds a clip", "step", "memory"]]
        for name, run in cost["dry_runs"].items():
            memory = "-" if run["bytes"] is None else f"{run['bytes'] / 2**30:.1f} GB"
            runs.append(
                [
                    name,
                    f"{run['parameters'] / 1e6:.1f} M",
                    f"{run['tokens']:g}",
                    f"{run['multiply_adds'] / cost['dry_clips'] / 1e9:,.0f} G",
                    f"{run['seconds']:.0f} s",
                    memory,
                ]
            )
        parts += [
            Heading("Dry runs of the paper's sizes"),
            f"One step of {cost['dry_clips']} clips of 32 frames of 224 x 224 and 3.2 s of audio at 48 kHz.",
            Table(runs),
        ]
    return parts


def transfer_parts(folder: Path) -> list[Part]:
    """The other models with VATT's weights to begin with, and without."""
    lines = [["model", "encoder", "score", "with", "without"]]
    for name, (title, metrics) in TRANSFERS.items():
        best = {kind: _best(folder / f"{name}_{kind}") for kind in (WITH, WITHOUT)}
        for metric, heading in metrics.items():
            lines.append([title, "video", heading, *(f"{best[kind][metric]:.2f}" for kind in (WITH, WITHOUT))])
    comparison = read_comparison(folder / "driver_stress" / "predictions")
    means = [comparison.values(kind, MAIN).values() for kind in (WITH, WITHOUT)]
    values = [f"{sum(each) / len(each):.3f}" for each in means]
    lines.append(["driver stress", "audio", f"balanced accuracy, {len(means[0])} drivers", *values])
    return [
        Heading("Transfer"),
        "Networks that read figures or series by VATT's encoders, trained alike and briefly, begun with its weights "
        "and without. Enhancement: best validation. Driver stress: drivers that the network was not trained on.",
        Table(lines),
    ]


def _best(folder: Path) -> dict[str, float]:
    log = [json.loads(line) for line in (folder / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    return min((row for row in log if "loss" in row), key=lambda row: row["loss"])


def minutes_of(folder: Path) -> float:
    """How long a training took, all its goes."""
    log = [json.loads(line) for line in (folder / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    return float(sum(row["minutes"] for row in log if row.get("event") == "stopped"))


def read_scores(path: Path) -> Scores:
    """Read a stage's JSON.

    Raises:
        ConfigError: it is not there, or of a later version.
    """
    try:
        found: Scores = current(json.loads(path.read_text(encoding="utf-8")), source=path)
    except FileNotFoundError:
        raise ConfigError(f"scores {path} must be there but are not; run the stages before this one") from None
    return found
