"""Score the fixed test mixtures: `python -m recipes.speech_benchmark.score_mixtures --mixtures LIST ... OUT.jsonl`.

Each mixture is a line: its id, a value or null by metric, in `failed` the reasons of those that are null, in `note`
notes on its file, and in `made_from` a key of all that it depends on. A killed run resumes where
it was. With `--shard i/n` a share of the mixtures is scored into a part of its own; the command without it takes the
parts of all shares and writes the output. All places may be URLs, `AVSE_DATA` among them.
"""

import argparse
import sys
from collections.abc import Sequence
from functools import lru_cache, partial
from itertools import islice, zip_longest

from tqdm import tqdm

from avse.data.manifest import Mixture, data_place, read_manifest, read_mixtures
from avse.data.mixtures import MixtureReader
from avse.errors import AvseError, ConfigError, InputError
from avse.jobs.places import Place, files_in, path_or_url
from avse.jobs.share import parse_share
from avse.metrics.score_or_reason import Score
from avse.metrics.table import check_metrics
from avse.score import score_file, score_waveforms
from recipes.executor import Command, add_options, own_share, parse, print_error, run_each
from recipes.speech_benchmark.row_keys import mixture_keys
from recipes.speech_benchmark.score_file import Row, ScoreFile

METRICS = ("pesq_wb", "pesq_nb", "stoi", "estoi", "si_sdr_db", "segmental_snr_db", "sdi")
"""Scored by default; HASPI and HASQI take twenty times as long as all of these."""
RATE = 16000
MOST_REASONS = 10
"""Reported on a terminal; the output holds all of them."""


def score_one(mixture: Mixture, *, manifest: Place, enhanced: Place | None, metrics: tuple[str, ...]) -> Row:
    """Score a mixture; what cannot be read or computed is null, and `failed` says why.

    Args:
        mixture: what to score.
        manifest: list that its clip stands in.
        enhanced: folder of enhanced files; None scores the noisy input.
        metrics: names of metrics.
    """
    notes: list[str] = []
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
            scores, notes = score_file(path, reference=clip.clean, sample_rate=RATE, metrics=metrics)
    row: Row = {"id": mixture.id, **{name: score.value for name, score in scores.items()}}
    if failed := {name: score.reason for name, score in scores.items() if score.value is None}:
        row["failed"] = failed
    if notes:
        row["note"] = "; ".join(notes)
    return row


@lru_cache(maxsize=1)
def _reader(manifest: Place) -> MixtureReader:
    """One for each process: neighbours in the list share the recordings that it remembers."""
    return MixtureReader(read_manifest(manifest), root=data_place(), sample_rate=RATE)


def score_all(files: Sequence[ScoreFile], mixtures: list[Mixture], *, arguments: argparse.Namespace) -> list[list[Row]]:
    """Score mixtures for several score files on several cores, and continue from what a killed run has left.

    Args:
        files: what to write.
        mixtures: what to score.
        arguments: of the command.

    Returns:
        Lines of each score file.

    Raises:
        AvseError: a process was killed; what was scored until then is kept.
    """
    work = partial(_score_task, manifest=arguments.manifest, metrics=tuple(arguments.metrics))
    begun = [file.begun() for file in files]
    done = [{row["id"] for row in rows} for rows in begun]
    todo = [[mixture for mixture in mixtures if mixture.id not in ids] for ids in done]
    # Processes serve all score files: they start once, and one bar tells the time that is left for the whole.
    tasks = [(mixture, file.enhanced) for file, some in zip(files, todo, strict=True) for mixture in some]
    n_all = len(files) * len(mixtures)
    command = Command("score", arguments.output[0].parent, {"metrics": list(arguments.metrics)})
    found = run_each(work, tasks, arguments, command=command, name_of=_name, lost=_lost)
    rows = iter(tqdm(found, initial=n_all - len(tasks), total=n_all, desc="score", unit="mixture"))
    return [
        file.write(before, islice(rows, len(some)), mixtures=mixtures)
        for file, before, some in zip(files, begun, todo, strict=True)
    ]


def _name(task: tuple[Mixture, Place | None]) -> str:
    mixture, enhanced = task
    return f"{enhanced or 'noisy'}/{mixture.id}"


def _lost(task: tuple[Mixture, Place | None], error: AvseError) -> Row:
    """What was scored until then is kept; a list with holes would be taken for a finished one."""
    raise error


def _score_task(task: tuple[Mixture, Place | None], *, manifest: Place, metrics: tuple[str, ...]) -> Row:
    mixture, enhanced = task
    return score_one(mixture, manifest=manifest, enhanced=enhanced, metrics=metrics)


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
            print(f"score: warning: --every {every} skips {name} {', '.join(lost)}", file=sys.stderr)
    return chosen


def main(argv: list[str] | None = None) -> int:
    """Score all mixtures, but for those whose lines were made from the same."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("output", type=path_or_url, nargs="+", help="JSON lines to write, one file for each system")
    add("--mixtures", type=path_or_url, required=True, help="list of fixed mixtures")
    add("--manifest", type=path_or_url, required=True)
    add("--enhanced", type=path_or_url, action="append", default=[], metavar="FOLDER",
        help="enhanced files; once for each output in order, and one output more scores the noisy input")  # fmt: skip
    add("--metrics", default=",".join(METRICS), help="names with commas between (default: %(default)s)")
    add("--only", help="mixtures of this noise type alone")
    add("--every", type=int, default=1, metavar="N", help="only each N-th mixture of the list, for slow metrics")
    add_options(parser)
    arguments = parse(parser, argv, stage="score")
    arguments.metrics = arguments.metrics.split(",")
    try:
        check_metrics(arguments.metrics)
        mixtures = choose(read_mixtures(arguments.mixtures), only=arguments.only, every=arguments.every)
        files = [file for file in _score_files(arguments, mixtures) if not _is_done(file, mixtures)]
        found = score_all(files, own_share(mixtures, arguments), arguments=arguments) if files else []
    except AvseError as error:
        print_error("score", error)
        return 1
    for file, rows in zip(files, found, strict=True):
        _tell(file, rows)
    return 0


def _score_files(arguments: argparse.Namespace, mixtures: list[Mixture]) -> list[ScoreFile]:
    """One for each output.

    Raises:
        ConfigError: folders do not fit outputs, or one holds no files.
    """
    n_outputs, n_folders = len(arguments.output), len(arguments.enhanced)
    if n_outputs - n_folders not in (0, 1):
        raise ConfigError(
            f"outputs must be as many as --enhanced folders, or one more for the noisy input, but are {n_outputs} "
            f"for {n_folders}; give each output its folder"
        )
    for enhanced in arguments.enhanced:
        if not (enhanced.is_dir() and files_in(enhanced, (".wav",))):
            raise ConfigError(f"{enhanced} must hold enhanced files but holds none; run the stage before")
    items = read_manifest(arguments.manifest)
    files = []
    for output, enhanced in zip_longest(arguments.output, arguments.enhanced):
        keys = mixture_keys(mixtures, items, root=data_place(), enhanced=enhanced, metrics=arguments.metrics)
        share = parse_share(arguments.shard)
        files.append(ScoreFile(output, keys=keys, enhanced=enhanced, share=share))
    return files


def _is_done(file: ScoreFile, mixtures: list[Mixture]) -> bool:
    if [row["id"] for row in file.kept()] != [mixture.id for mixture in mixtures]:
        return False
    print(f"{file.output} is up to date", file=sys.stderr)
    return True


def _tell(file: ScoreFile, rows: list[Row]) -> None:
    """Say on stderr what was scored, what was not, and why."""
    failed = [row for row in rows if "failed" in row]
    name = file.part if file.is_share else file.output
    print(f"{name}: {len(rows)} mixtures scored, {len(failed)} of them not in full", file=sys.stderr)
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
