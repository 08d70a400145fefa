"""Score the fixed test mixtures: `python -m recipes.stages.score --mixtures LIST ... --enhanced FOLDER OUT.jsonl`.

Each mixture is a line: its id, a value or null by metric, in `failed` the reasons of those that are null, and in `note`
what else is to be told of its file. Lines are kept in OUT.jsonl.part as they come, so that a killed run goes on where
it was.
"""

import argparse
import json
import sys
from collections.abc import Iterable
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from tqdm import tqdm

from avse.data.manifest import Mixture, data_root, read_manifest, read_mixtures
from avse.data.mixtures import MixtureReader
from avse.errors import AvseError, ConfigError, InputError
from avse.media.output import beside
from avse.metrics.score import Score
from avse.metrics.table import check_metrics
from avse.score import in_parallel, score_file, score_waveforms

METRICS = ("pesq_wb", "pesq_nb", "stoi", "estoi", "si_sdr_db", "segmental_snr_db", "sdi")
"""Scored by default; HASPI and HASQI take twenty times as long as all of these."""
RATE = 16000
MOST_REASONS = 10
"""Told on a terminal; the output holds all of them."""

Row = dict[str, Any]


def score_one(mixture: Mixture, *, manifest: Path, enhanced: Path | None, metrics: tuple[str, ...]) -> Row:
    """Score a mixture; what cannot be read or computed is null, and `failed` says why.

    Args:
        mixture: what to score.
        manifest: list that its clip stands in.
        enhanced: folder of enhanced files; None scores the noisy input.
        metrics: names of metrics.
    """
    note = None
    try:
        clip = _reader(manifest).read(mixture)
    except AvseError as error:
        scores = dict.fromkeys(metrics, Score(None, str(error)))
    else:
        path = None if enhanced is None else enhanced / f"{mixture.id}.wav"
        if path is None:
            scores = score_waveforms(reference=clip.clean, estimate=clip.noisy, sample_rate=RATE, metrics=metrics)
        elif not path.is_file():  # one reason for all of them, without their names, is counted as one
            scores = dict.fromkeys(metrics, Score(None, "it was not enhanced: its file is missing"))
        else:
            scores, note = score_file(path, reference=clip.clean, sample_rate=RATE, metrics=metrics)
    row: Row = {"id": mixture.id, **{name: score.value for name, score in scores.items()}}
    if failed := {name: score.reason for name, score in scores.items() if score.value is None}:
        row["failed"] = failed
    if note:
        row["note"] = note
    return row


@lru_cache(maxsize=1)
def _reader(manifest: Path) -> MixtureReader:
    """One for each process: neighbours in the list share the recordings that it remembers."""
    return MixtureReader(read_manifest(manifest), root=data_root(), sample_rate=RATE)


def score_all(mixtures: list[Mixture], output: Path, *, arguments: argparse.Namespace, kept: list[Row]) -> list[Row]:
    """Score mixtures on several cores, and go on from what a killed run has left.

    Args:
        mixtures: what to score.
        output: file to write.
        arguments: of the command.
        kept: lines that need not be scored anew.

    Raises:
        AvseError: a process was killed; what was scored until then is kept.
    """
    work = partial(
        score_one, manifest=arguments.manifest, enhanced=arguments.enhanced, metrics=tuple(arguments.metrics)
    )
    part = output.with_name(f"{output.name}.part")
    heading = {"metrics": arguments.metrics, "enhanced": str(arguments.enhanced), "newest": _newest(arguments.enhanced)}
    done = {row["id"]: row for row in [*kept, *_read_part(part, heading)]}
    todo = [mixture for mixture in mixtures if mixture.id not in done]
    # Written anew, for the last line may have been cut off when the run before was killed.
    with beside(part, force=True) as temporary:
        temporary.write_text(_lines([heading, *done.values()]), encoding="utf-8")
    with part.open("a", encoding="utf-8") as file:
        rows = in_parallel(work, todo, n_jobs=arguments.n_jobs)
        n_done = len(mixtures) - len(todo)
        for row in tqdm(rows, initial=n_done, total=len(mixtures), desc="score", unit="mixture"):
            file.write(_lines([row]))
            file.flush()
            done[row["id"]] = row
    found = [done[mixture.id] for mixture in mixtures]
    with beside(output, force=True) as temporary:
        temporary.write_text(_lines(found), encoding="utf-8")
    part.unlink()
    return found


def _newest(enhanced: Path | None) -> int:
    """When the last of the enhanced files was written, in ns; scores made before that are of others."""
    return max((path.stat().st_mtime_ns for path in enhanced.glob("*.wav")), default=0) if enhanced else 0


def _read_part(part: Path, heading: Row) -> list[Row]:
    """Lines of a run that was killed; none if it was about something else."""
    if not part.is_file():
        return []
    lines = _read_lines(part)
    return lines[1:] if lines and lines[0] == heading else []


def _read_lines(path: Path) -> list[Row]:
    """Lines up to the first that was cut off."""
    lines: list[Row] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            lines.append(json.loads(line))
        except json.JSONDecodeError:
            break
    return lines


def _lines(rows: Iterable[Row]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def choose(mixtures: list[Mixture], *, only: str | None, every: int) -> list[Mixture]:
    """Take mixtures of one noise type alone, and of those every so many-th.

    Raises:
        InputError: none is left.
    """
    if every < 1:
        raise InputError(f"--every must be at least 1 but is {every}; 10 takes each tenth mixture")
    offered = [mixture for mixture in mixtures if only in (None, mixture.noise_type)]
    chosen = offered[::every]
    if not chosen:
        raise InputError(f"mixtures must be left to score but --only {only} leaves none; name another noise type")
    for name in ("split", "noise_type", "snr_db"):
        left = {getattr(mixture, name) for mixture in chosen}
        lost = dict.fromkeys(str(value) for mixture in offered if (value := getattr(mixture, name)) not in left)
        # Lists go round noise types and SNRs, and a step that divides the round meets the same ones each time.
        if lost:
            print(f"score: warning: --every {every} leaves out {name} {', '.join(lost)}", file=sys.stderr)
    return chosen


def _kept(output: Path, arguments: argparse.Namespace) -> list[Row]:
    """Lines of the output that hold: complete, of these metrics, and made after the files.

    What failed is tried again, for a file or a package that was missing may be there now.
    """
    if not output.is_file() or output.stat().st_mtime_ns < _newest(arguments.enhanced):
        return []
    whole = {"id", *arguments.metrics}
    return [row for row in _read_lines(output) if set(row) - {"note"} == whole]


def main(argv: list[str] | None = None) -> int:
    """Score all mixtures, unless that was done since the files were made."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("output", type=Path, help="JSON lines to write")
    add("--mixtures", type=Path, required=True, help="list of fixed mixtures")
    add("--manifest", type=Path, required=True)
    add("--enhanced", type=Path, help="folder of enhanced files; without it the noisy input is scored")
    add("--metrics", default=",".join(METRICS), help="names with commas between (default: %(default)s)")
    add("--only", help="mixtures of this noise type alone")
    add("--every", type=int, default=1, metavar="N", help="only each N-th mixture of the list, for slow metrics")
    add("--n-jobs", type=int, default=2, help="processes (default 2)")
    arguments = parser.parse_args(argv)
    arguments.metrics = arguments.metrics.split(",")
    try:
        check_metrics(arguments.metrics)
        mixtures = choose(read_mixtures(arguments.mixtures), only=arguments.only, every=arguments.every)
        read_manifest(arguments.manifest)
        if arguments.enhanced and not _newest(arguments.enhanced):
            raise ConfigError(f"{arguments.enhanced} must hold enhanced files but holds none; run the stage before")
        kept = _kept(arguments.output, arguments)
        if [row["id"] for row in kept] == [mixture.id for mixture in mixtures]:
            print(f"{arguments.output} is up to date", file=sys.stderr)
            return 0
        rows = score_all(mixtures, arguments.output, arguments=arguments, kept=kept)
    except AvseError as error:
        print(f"score: error: {error}", file=sys.stderr)
        return 1
    _tell(rows)
    return 0


def _tell(rows: list[Row]) -> None:
    """Say on stderr what was scored, what was not, and why."""
    failed = [row for row in rows if "failed" in row]
    print(f"{len(rows)} mixtures scored, {len(failed)} of them not in full", file=sys.stderr)
    reasons: dict[str, list[str]] = {}
    for row in failed:
        for reason in set(row["failed"].values()):
            reasons.setdefault(reason, []).append(row["id"])
    for reason, names in list(reasons.items())[:MOST_REASONS]:
        print(f"failed: {len(names)} mixtures, {names[0]} the first: {reason}", file=sys.stderr)
    noted = [row for row in rows if "note" in row]
    if noted:
        print(f"note: {len(noted)} mixtures, {noted[0]['id']} the first: {noted[0]['note']}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
