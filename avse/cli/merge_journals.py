"""`avse-enhance merge` and `avse-score merge`: the journals of all shares of a run put together."""

import argparse
import json
from pathlib import Path

from avse.cli.command import add_verbosity, as_usage, log, run, say, visible


def main(argv: list[str], *, prog: str) -> int:
    """Run the subcommand.

    Args:
        argv: arguments after `merge`.
        prog: the command that it belongs to.

    Returns:
        0 all jobs were done, 1 some failed, 2 journals do not belong together.
    """
    return run(_parser(prog), _merge, argv)


def is_asked_for(argv: list[str]) -> bool:
    """True if arguments begin with the subcommand and not with a file of this name."""
    return argv[:1] == ["merge"] and not Path("merge").exists()


def _parser(prog: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"{prog} merge", description="Put the journals of all shares of a run together, and report on it."
    )
    parser.add_argument("journals", nargs="+", type=Path, metavar="JOURNAL")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="journal to write, which a run can continue")
    parser.add_argument("--force", action="store_true", help="replace a file that exists")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    add_verbosity(parser)
    return parser


def _merge(options: argparse.Namespace) -> int:
    from avse.jobs.merge import merge_journals, write_merged
    from avse.media.output import check_output

    with as_usage():
        if options.output is not None:
            check_output(options.output, force=options.force)
        contents, summary = merge_journals(options.journals)
    if contents.n_broken:
        log.warning("%d lines of the journals were cut off by a kill and are skipped", contents.n_broken)
    if options.output is not None:
        write_merged(contents, options.output, force=options.force)
    for name, error in summary.errors.items():
        log.error("%s: %s", visible(name), error)
    if options.json:
        say(json.dumps({**vars(summary), "n_open": summary.n_open}, indent=1))
    else:
        for line in summary.lines():
            say(visible(line))
    return 1 if summary.errors else 0
