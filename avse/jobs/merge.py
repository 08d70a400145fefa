"""Journals of shares put together: one journal, and one report over all of them."""

import json
from collections.abc import Sequence
from pathlib import Path

from avse.errors import ConfigError
from avse.jobs.journal import FORMAT, Contents, Entry, differences, read_journal
from avse.jobs.run import Summary
from avse.media.output import atomic_write


def merge_journals(paths: Sequence[Path]) -> tuple[Contents, Summary]:
    """Read the journals of all shares of a run; of a job that stands in several, what was done counts.

    Args:
        paths: of the journals.

    Returns:
        What they hold together, and the report.

    Raises:
        ConfigError: one is missing or no journal, or they are of different commands or options.
    """
    found = [read_journal(path) for path in paths]
    first = found[0]
    for path, other in zip(paths, found, strict=True):
        if other.command != first.command:
            raise ConfigError(
                f"journals must be of one command but {paths[0]} is of {first.command} and {path} of {other.command}; "
                "merge them apart"
            )
        if different := differences(first.options, other.options):
            raise ConfigError(
                f"journals must be of the same options but from {paths[0]} to {path} {'; '.join(different[:3])}; merge "
                "them apart"
            )
    entries: dict[str, Entry] = {}
    for contents in found:
        for entry in contents.entries.values():
            if entry.id not in entries or not entries[entry.id].is_done:
                entries[entry.id] = entry
    summary = Summary(len(entries))
    for entry in entries.values():
        summary.add(entry)
    broken = sum(contents.n_broken for contents in found)
    return Contents(first.command, first.options, dict(sorted(entries.items())), broken), summary


def write_merged(contents: Contents, path: Path, *, force: bool) -> None:
    """Write a merged journal, which a run may continue.

    Raises:
        MediaError: it exists and may not be replaced, or cannot be written.
    """
    head = {"journal": FORMAT, "command": contents.command, "options": contents.options}
    with atomic_write(path, force=force) as temporary:
        rows = [head, *(entry._asdict() for entry in contents.entries.values())]
        temporary.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
