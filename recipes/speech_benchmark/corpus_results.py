"""Write a corpus's RESULTS.md: `python -m recipes.speech_benchmark.corpus_results OUT.md --mixtures LIST ...`.

Nothing in that file is typed by hand: it holds what the scores, the peers' scores and the runs' records say.
"""

import argparse
import sys
from pathlib import Path
from statistics import fmean

from avse.metrics.table import METRICS
from avse.report.document import Heading, Part, Table
from recipes import result_file
from recipes.speech_benchmark.hours_heard import hours_part
from recipes.speech_benchmark.long_report import long_part
from recipes.speech_benchmark.long_results import read_long_results
from recipes.speech_benchmark.mixture_scores import (
    REPORTED_ONLY,
    SHOWN,
    SPLITS,
    Results,
    Scores,
    cell,
    read_results,
    read_scores,
    run_lines,
    split_tables,
)
from recipes.speech_benchmark.target_config import Targets, read_targets
from recipes.speech_benchmark.targets import HEADER, target_lines
from recipes.speech_benchmark.zero_db import zero_db_part


def figure_part(results: Results, conditions: dict[str, Scores]) -> list[Part]:
    """What a missing or wrong video costs, and what it does where only the lips tell who is meant."""
    parts: list[Part] = [
        Heading("What a missing, late or wrong video costs"),
        "The causal model with its own video, and with none, a frozen one, one 0.2 s late, that of another person, "
        "and one covered from 1.0 to 2.0 s. Means over the mixtures, same_speaker skipped.",
    ]
    splits = [split for split in SPLITS if results.of(split)]
    for split in splits:
        chosen = results.counted(split)
        lines = [[split, *(METRICS[metric].title for metric in SHOWN)]]
        for kind, scores in conditions.items():
            if kind == "rival":
                continue
            means = {metric: Results(chosen, {kind: scores}).mean(kind, metric, chosen) for metric in SHOWN}
            lines.append([kind, *(cell(mean, METRICS[metric].digits) for metric, mean in means.items())])
        parts.append(Table(lines))
    if not any(results.of(split, noise_type=REPORTED_ONLY) for split in splits):
        return parts
    parts.append(
        f"{REPORTED_ONLY}: SI-SDR improvement in dB where two sentences of one person sound together; with the other "
        "sentence's video (rival) it should fall below 0, for the other voice is kept then."
    )
    lines = [["", *conditions]]
    for split in splits:
        chosen = results.of(split, noise_type=REPORTED_ONLY)
        before = results.mean("noisy", "si_sdr_db", chosen)
        after = [Results(chosen, {kind: scores}).mean(kind, "si_sdr_db", chosen) for kind, scores in conditions.items()]
        gains = [None if before is None or mean is None else mean - before for mean in after]
        lines.append([split, *(cell(gain, 2) for gain in gains)])
    return [*parts, Table(lines)]


def quiet_part(rows: dict[str, Scores], targets: dict[str, float]) -> list[Part]:
    """Speech that hardly needs enhancing must be left alone.

    Args:
        rows: scores by what they are of; those of the model last.
        targets: metric to what its mean must exceed.
    """
    model = list(rows)[-1]
    lines = [["", *(METRICS[metric].title for metric in SHOWN)]]
    for name, scores in rows.items():
        lines.append([name, *(cell(_mean(scores, metric), METRICS[metric].digits) for metric in SHOWN)])
    asked = [["target", "met"]]
    for metric, least in targets.items():
        met = _mean(rows[model], metric) > least
        asked.append([f"{METRICS[metric].title} above {least:g}", "yes" if met else "no"])
    return [
        Heading("Speech at 30 dB"),
        f"{len(rows[model])} clips in the first of their noises at an SNR of 30 dB; they should be left as they are, "
        "and score as the noisy ones do.",
        Table(lines),
        *([Table(asked)] if targets else []),
    ]


def _mean(scores: Scores, metric: str) -> float:
    return fmean(value for row in scores.values() if (value := row[metric]) is not None)


def parts_of(arguments: argparse.Namespace) -> list[Part]:
    """The file's paragraphs; its figures are written beside it."""
    targets = read_targets(arguments.targets) if arguments.targets else Targets()
    results = read_results(arguments.mixtures, arguments.system, arguments.peers)
    note = f"Means over the fixed mixtures, higher is better. Columns of SNRs and means leave {REPORTED_ONLY} out."
    parts: list[Part] = result_file.head(arguments.title, command=arguments.command, note=note)
    like = dict(pair.split("=", 1) for pair in arguments.like)
    for run in arguments.run:
        name, _, folder = run.partition("=")
        parts += [Heading(f"{name}: training"), Table(run_lines(Path(folder)))]
        parts += hours_part(Path(folder), name="core")
        if lines := target_lines(results, targets, model=name, like=like.get(name)):
            parts += [Heading(f"{name}: targets"), Table([HEADER, *lines])]
    if arguments.long:
        name, _, folder = arguments.long.partition("=")
        found = read_long_results(arguments.long_videos, noisy=arguments.long_noisy, folder=Path(folder))
        parts += long_part(found, name=name, targets=targets.long)
    if arguments.condition:
        pairs = (condition.partition("=") for condition in arguments.condition)
        parts += figure_part(results, {kind: read_scores(Path(path)) for kind, _, path in pairs})
    if arguments.quiet:
        quiet = (row.partition("=") for row in arguments.quiet)
        parts += quiet_part({name: read_scores(Path(path)) for name, _, path in quiet}, targets.quiet)
    parts += [part for split in SPLITS if results.of(split) for part in split_tables(results, split)]
    if arguments.zero_db:
        parts += zero_db_part(results, arguments.zero_db)
    return parts


def main(argv: list[str] | None = None) -> int:
    """Write the file."""
    parser = result_file.parser_of(__doc__)
    add = parser.add_argument
    add("--mixtures", type=Path, required=True)
    add("--system", action="append", required=True, help="NAME=SCORES.jsonl; the first is noisy, the noisy input")
    add("--peers", type=Path, help="scores of other systems on the same mixtures")
    add("--run", action="append", required=True, help="NAME=FOLDER of a system's training run")
    add("--like", action="append", default=[], help="NAME=MODEL whose targets the system has, if not those of its name")
    add("--targets", type=Path, help="targets.yaml of the corpus; without it there are no tables of them")
    add("--condition", action="append", default=[], help="KIND=SCORES.jsonl of the live model with such a video frame")
    add("--quiet", action="append", default=[], help="NAME=SCORES.jsonl at 30 dB; the model last")
    add("--long", metavar="NAME=FOLDER", help="a causal model's scores of long videos")
    add("--long-videos", type=Path, help="list of long videos")
    add("--long-noisy", type=Path, help="scores of the noisy input of long videos")
    add("--zero-db", type=Path, help="scores of further systems on the mixtures at 0 dB alone")
    add("--title", default="Results")
    arguments = parser.parse_args(argv)
    if arguments.long and not (arguments.long_videos and arguments.long_noisy):
        parser.error("--long needs --long-videos and --long-noisy; give both")
    return result_file.run(parts_of, arguments)


if __name__ == "__main__":
    sys.exit(main())
