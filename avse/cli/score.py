"""The command `avse-score`: enhanced files against clean ones, as numbers, tables and a page to listen to."""

import argparse
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from avse.cli.command import add_verbosity, as_usage, log, run, say, show_progress
from avse.cli.config_file import add_config
from avse.cli.executor import add_executor_options, check_executor_options, running, wants_executor
from avse.cli.parser import CommandParser
from avse.errors import InputError
from avse.jobs.places import Place, check_place, path_or_url, written

if TYPE_CHECKING:
    from avse.cli.score_kept import KeptScores
    from avse.report.rows import FileScores
    from avse.score import Pair

EPILOG = """examples:
  avse-score --reference clean.wav --estimate enhanced.wav
  avse-score --reference clean/ --estimate enhanced/ --noisy noisy/ --html report.html --csv scores.csv
  avse-score --reference clean/ --estimate enhanced/ --manifest mixtures.jsonl --markdown report.md
  avse-score --reference clean/ --estimate enhanced/ --metrics haspi,hasqi --audiogram 10,20,30,40,50,60
"""


def main(argv: list[str] | None = None) -> int:
    """Run the command.

    Args:
        argv: arguments without the program's name; those of the process by default.

    Returns:
        0 all scored, 1 some score could not be computed, 2 wrong usage.
    """
    from avse.cli.merge_journals import is_asked_for
    from avse.cli.merge_journals import main as merge

    given = sys.argv[1:] if argv is None else argv
    if is_asked_for(given):
        return merge(given[1:], prog="avse-score")
    return run(_parser(), _score, argv)


def _parser() -> argparse.ArgumentParser:
    parser = CommandParser(
        prog="avse-score",
        description="Score enhanced speech against clean speech: PESQ, STOI, ESTOI, SI-SDR.",
        epilog=EPILOG,
    )
    add = parser.add_argument
    add("--reference", type=path_or_url, required=True, help="clean audio file, or folder of them, or its "
        "URL, such as s3://bucket/clean/; so may all files and folders be")  # fmt: skip
    add("--estimate", type=path_or_url, required=True, help="enhanced audio file, or folder of files of the same names")
    add("--noisy", type=path_or_url, help="the files before they were enhanced, to be scored beside")
    add("--manifest", type=path_or_url, metavar="JSONL", help="list of mixtures: scores by split, noise type and SNR, "
        "too; references may be named by the mixture's clip")  # fmt: skip
    add(
        "--metrics",
        help="names with commas between, of pesq_wb, pesq_nb, stoi, estoi, si_sdr_db (default: these), "
        "segmental_snr_db, sdi, haspi, hasqi; without a reference: squim_stoi, squim_pesq, squim_si_sdr_db",
    )
    add(
        "--audiogram",
        metavar="DB,DB,DB,DB,DB,DB",
        help="hearing losses of HASPI's and HASQI's listener at 250, 500, 1000, 2000, 4000 and 6000 Hz, in dB "
        "(default: none)",
    )
    add("--align", action="store_true", help="remove each file's delay against the reference (0.5 s at most) first")
    add("--workers", type=int, help="processes (default: one for each core)")
    add("--jobs", type=int, dest="workers", default=argparse.SUPPRESS, help=argparse.SUPPRESS)  # its name before
    add("--csv", type=path_or_url, metavar="FILE", help="write one line for each file")
    add(
        "--json",
        type=path_or_url,
        metavar="FILE",
        help="write everything as JSON; - for standard output instead of the table",
    )
    add("--markdown", type=path_or_url, metavar="FILE", help="write the tables as Markdown")
    add(
        "--html",
        type=path_or_url,
        metavar="FILE",
        help="write one page with tables, spectrograms and players of the worst ten",
    )
    add("--force", action="store_true", help="replace files that exist, and score again what is scored")
    add("--resume", action=argparse.BooleanOptionalAction, default=None, help="take scores of the same files from an "
        "earlier run that wrote into the same folder (default: for folders)")  # fmt: skip
    add_executor_options(parser)
    add_config(parser)
    add_verbosity(parser)
    return parser


def _score(options: argparse.Namespace) -> int:
    with as_usage():
        from avse.cli.score_kept import KeptScores
        from avse.cli.score_pairs import collect_pairs, parse_audiogram
        from avse.jobs.share import parse_share, share_of
        from avse.metrics.table import check_metrics, default_metrics

        check_executor_options(options)
        metrics, missing = default_metrics()
        if options.metrics is not None:
            metrics = options.metrics.split(",")
            missing = []
        check_metrics(metrics)
        audiogram = parse_audiogram(options.audiogram, metrics)
        outputs = _outputs(options)
        if options.shard is not None and not outputs:
            raise InputError("--shard must go with an output, beside which scores are kept, but does not; add --json")
        share = parse_share(options.shard)
        pairs = share_of(collect_pairs(options), share)
        resume = options.estimate.is_dir() if options.resume is None else options.resume
        folder = outputs[0].parent if outputs and resume else None
        kept = KeptScores(folder, metrics=metrics, audiogram=audiogram, force=options.force, share=share)
        may_replace = _check_outputs(outputs, kept, force=options.force)
    if missing:
        log.warning("%s: not computed, for pesq is not installed; run: pip install 'avse[score]'", ", ".join(missing))
    from avse.score import NOT_ALIGNED

    before = kept.known(pairs)
    left = [pair for pair in pairs if pair.id not in before]
    if before:
        log.info("%d of %d files were scored before", len(before), len(pairs))
    facts = {"metrics": metrics, "audiogram": list(audiogram)}
    now = _scores(left, options, kept=kept, folder=folder, facts=facts)
    by_id = {**before, **{row.id: row for row in now}}
    rows = [by_id[pair.id] for pair in pairs]
    if options.shard is not None:  # its scores are kept; the same command without it writes what all shares scored
        say(f"{len(rows)} files scored of share {options.shard}, {sum(bool(row.failures) for row in rows)} not in full")
        return 1 if any(row.failures for row in rows) else 0
    _write(rows, options, force=may_replace)
    kept.finish(outputs)
    if any(note.endswith(NOT_ALIGNED) for row in rows for note in row.notes):
        log.warning("some files are late or early, see the notes: --align removes the delay")
    return 1 if any(row.failures for row in rows) else 0


def _scores(
    pairs: "list[Pair]", options: argparse.Namespace, *, kept: "KeptScores", folder: Place | None, facts: dict[str, Any]
) -> "list[FileScores]":
    """Score files on all cores, or on the executor that was asked for."""
    from tqdm import tqdm

    from avse.jobs.call import call_each
    from avse.score import score_pairs, scoring

    def progress(done: "Iterable[FileScores]") -> "Iterable[FileScores]":
        bar = tqdm(done, total=len(pairs), desc="score", unit="file", leave=False, disable=not show_progress(options))
        return kept.keeping(bar)

    metrics, audiogram = facts["metrics"], tuple(facts["audiogram"])
    if not wants_executor(options):
        return score_pairs(pairs, metrics=metrics, audiogram=audiogram, n_workers=options.workers, progress=progress)
    work, lost = scoring(metrics=metrics, audiogram=audiogram)
    beside = folder if isinstance(folder, Path) else None  # a journal is appended to, which no URL can be
    with running(options, command="avse-score", n_workers=options.workers, folder=beside, facts=facts) as run_on:
        found = call_each(
            work, pairs, executor=run_on.executor, name_of=lambda pair: pair.id, lost=lost, journal=run_on.journal,
            summary=run_on.summary,
        )  # fmt: skip
        return list(progress(found))


def _outputs(options: argparse.Namespace) -> list[Place]:
    given = (options.csv, options.markdown, options.html, options.json)
    return [path for path in given if path is not None and str(path) != "-"]


def _check_outputs(outputs: list[Place], kept: "KeptScores", *, force: bool) -> bool:
    """Validate the outputs; True if those that exist may be replaced, for they are this command's own."""
    for path in outputs:
        if outputs.count(path) > 1:
            raise InputError(f"each output must be a file of its own but {path} stands twice; rename one")
    may_replace = force or kept.own(outputs)
    for path in outputs:
        check_place(path, force=may_replace)
    return may_replace


def _write(rows: list["FileScores"], options: argparse.Namespace, *, force: bool) -> None:
    from avse.media.output import scratch_folder
    from avse.report.formats import to_csv, to_json, to_markdown, to_text
    from avse.report.score_page import to_html

    to_stdout = str(options.json) == "-"
    say(to_json(rows) if to_stdout else to_text(rows), end="")
    outputs = {options.csv: to_csv, options.markdown: to_markdown, options.html: to_html}
    if not to_stdout:
        outputs[options.json] = to_json
    with scratch_folder() as folder:
        # Matplotlib would keep a list of fonts in the user's home.
        os.environ.setdefault("MPLCONFIGDIR", str(folder))
        for path, render in outputs.items():
            if path is not None:
                with written(path, force=force) as temporary:
                    temporary.write_text(render(rows), encoding="utf-8", errors="backslashreplace")


if __name__ == "__main__":
    sys.exit(main())
