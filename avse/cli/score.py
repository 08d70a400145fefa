"""The command `avse-score`: enhanced files against clean ones, as numbers, tables and a page to listen to."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from avse.errors import AvseError, InputError

if TYPE_CHECKING:
    from avse.report.rows import FileScores

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
    options = _parser().parse_args(argv)
    try:
        from avse.cli.score_pairs import collect_pairs, parse_audiogram
        from avse.media.output import check_output
        from avse.metrics.table import DEFAULT, check_metrics

        metrics = list(DEFAULT) if options.metrics is None else options.metrics.split(",")
        check_metrics(metrics)
        audiogram = parse_audiogram(options.audiogram, metrics)
        pairs = collect_pairs(options)
        outputs = [path for path in (options.csv, options.markdown, options.html, options.json) if path is not None]
        for path in outputs:
            if str(path) != "-":
                check_output(path, force=options.force)
            if outputs.count(path) > 1:
                raise InputError(f"each output must be a file of its own but {path} stands twice; rename one")
    except AvseError as error:
        print(f"avse-score: error: {error}", file=sys.stderr)
        return 2
    from tqdm import tqdm

    from avse.score import score_pairs

    try:
        rows = score_pairs(
            pairs,
            metrics=metrics,
            audiogram=audiogram,
            n_jobs=options.jobs,
            progress=lambda done: tqdm(done, total=len(pairs), desc="score", unit="file", leave=False, delay=1),
        )
        _write(rows, options)
    except KeyboardInterrupt:
        print("avse-score: stopped; nothing was written", file=sys.stderr)
        return 130
    except AvseError as error:
        print(f"avse-score: error: {error}", file=sys.stderr)
        return 1
    return 1 if any(row.failures for row in rows) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="avse-score",
        description="Score enhanced speech against clean speech: PESQ, STOI, ESTOI, SI-SDR.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--reference", type=Path, required=True, help="clean sound file, or folder of them")
    add("--estimate", type=Path, required=True, help="enhanced sound file, or folder of files of the same names")
    add("--noisy", type=Path, help="the files before they were enhanced, to be scored beside")
    add("--manifest", type=Path, metavar="JSONL", help="list of mixtures: scores by split, noise type and SNR, too; "
        "references may be named by the mixture's clip")  # fmt: skip
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
    add("--jobs", type=int, help="processes (default: one for each core)")
    add("--csv", type=Path, metavar="FILE", help="write one line for each file")
    add(
        "--json", type=Path, metavar="FILE", help="write everything as JSON; - for standard output instead of the table"
    )
    add("--markdown", type=Path, metavar="FILE", help="write the tables as Markdown")
    add(
        "--html",
        type=Path,
        metavar="FILE",
        help="write one page with tables, spectrograms and players of the worst ten",
    )
    add("--force", action="store_true", help="replace files that exist")
    return parser


def _write(rows: list["FileScores"], options: argparse.Namespace) -> None:
    from avse.media.output import beside
    from avse.report.page import to_html
    from avse.report.tables import to_csv, to_json, to_markdown, to_text

    to_stdout = str(options.json) == "-"
    print(to_json(rows) if to_stdout else to_text(rows), end="")
    outputs = {options.csv: to_csv, options.markdown: to_markdown, options.html: to_html}
    if not to_stdout:
        outputs[options.json] = to_json
    for path, render in outputs.items():
        if path is not None:
            with beside(path, force=options.force) as temporary:
                temporary.write_text(render(rows), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
