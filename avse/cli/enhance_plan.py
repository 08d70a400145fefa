"""What `avse-enhance` says of many files: what it would write, and what it has written."""

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from avse.cli.command import as_usage, log, say, visible
from avse.errors import AvseError

if TYPE_CHECKING:
    from avse.cli.enhance_jobs import Planned
    from avse.cli.enhance_urls import UrlPlanned


def dry_run(planned: "Sequence[Planned | UrlPlanned]", options: argparse.Namespace) -> int:
    """Print a line for each output that would be written, and an error for each that could not.

    Args:
        planned: the jobs.
        options: of the command.

    Returns:
        0 all could begin, 1 some input is missing or its output exists.

    Raises:
        UsageError: there is no such model.
    """
    from avse.cli.enhance_urls import UrlPlanned
    from avse.media.audio import check_file
    from avse.media.output import check_output
    from avse.media.video import has_video
    from avse.models.pretrained import graph_of, path_of

    if options.model is not None and graph_of(options.model) is None:
        with as_usage():
            path_of(options.model)
    n_failed = 0
    for one in planned:
        if isinstance(one, UrlPlanned):
            say(visible(f"{one.output}: would be enhanced from {one.audio}"))
            continue
        try:
            check_file(one.job.audio, kind="audio")
            for path in one.outputs:
                if not path.parent.exists():
                    continue  # it would be made; the check would make it now
                check_output(path, force=one.job.force or one.is_done)
        except AvseError as error:
            n_failed += 1
            log.error("%s", error)
            continue
        source = one.job.video or (one.job.audio if has_video(one.job.audio) else None)
        video = "audio-only" if one.job.audio_only or source is None else f"video of {source}"
        what = "is done already" if one.is_done else f"would be enhanced from {one.job.audio}, {video}"
        say(visible(f"{one.job.output}: {what}"))
    return 1 if n_failed else 0


def summary(rows: Sequence[dict[str, Any]]) -> str:
    """One line on a batch, from the rows of `--json`."""
    n_failed = sum(row["error"] is not None for row in rows)
    n_skipped = sum(bool(row.get("skipped")) for row in rows)
    done = [row for row in rows if "duration_s" in row]
    return (
        f"{len(done)} enhanced, {n_skipped} skipped, {n_failed} failed: "
        f"{sum(row['duration_s'] for row in done):.1f} s of audio in {sum(row['wall_s'] for row in done):.1f} s"
    )
