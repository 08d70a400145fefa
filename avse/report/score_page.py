"""A report as one HTML page that needs nothing beside it: tables, and the worst files to see and hear."""

from collections.abc import Callable, Sequence

from avse.errors import AvseError
from avse.extras import require
from avse.jobs.places import Place, read_audio_of
from avse.metrics.score_or_reason import Score
from avse.metrics.table import METRICS
from avse.report.document import Article, Heading, Part, Points, Remark, Table, View, to_page
from avse.report.formats import GROUPINGS, NAMES, failure_lines, grouped_lines, note_lines, standard_line, summary_lines
from avse.report.rows import ROLES, FileScores, metric_names
from avse.report.views import audio_address, spectrogram_addresses
from avse.types import Waveform

N_WORST = 10
LONGEST_S = 15.0
"""Players and images show at most the beginning of this length."""


def to_html(rows: Sequence[FileScores]) -> str:
    """Build the page.

    Args:
        rows: the files; those among the worst are read again for their images and players.

    Raises:
        MissingExtraError: the extra `report` is not installed.
    """
    require("report", thing="the HTML report")
    parts: list[Part] = [Remark(_about(rows)), Heading("All files"), Table(summary_lines(rows), has_roles=True)]
    parts += [line] if (line := standard_line(rows)) else []
    for keys in GROUPINGS:
        if lines := grouped_lines(rows, keys):
            parts += [Heading(f"By {' and '.join(keys)}"), Table(lines, has_roles=True)]
    for word, found in (("Failed", failure_lines(rows)), ("Scored, but note", note_lines(rows))):
        parts += [Heading(f"{word}: {_n_files(len(found))}"), Points(found)] if found else []
    ranked_by, worst = worst_files(rows)
    if worst:
        shown = (
            f"Images share one scale of colours in each row; at most the first {LONGEST_S:g} s are shown and played."
        )
        parts += [Heading(f"The worst {len(worst)}, by {ranked_by}"), Remark(shown)]
        parts += [_article(row, metric_names(rows)) for row in worst]
    return to_page(parts, title="Speech enhancement scores")


def _about(rows: Sequence[FileScores]) -> str:
    less = ", ".join(METRICS[name].title for name in metric_names(rows) if METRICS[name].less_is_better)
    better = f"but for {less}" if less else "throughout"
    return f"{_n_files(len(rows))}. Mean ± standard deviation; higher is better {better}."


def _n_files(n: int) -> str:
    return f"{n} file{'' if n == 1 else 's'}"


def worst_files(rows: Sequence[FileScores]) -> tuple[str, list[FileScores]]:
    """The ten files that gained least, or without noisy scores those that scored least.

    Returns:
        What they are ranked by, and the files, worst first.
    """
    metrics = metric_names(rows)
    metric = "si_sdr_db" if "si_sdr_db" in metrics else metrics[0]

    def gain(row: FileScores) -> float | None:
        return row.gain[metric].value if row.gain else None

    def value(row: FileScores) -> float | None:
        return row.estimate[metric].value

    sign = -1 if METRICS[metric].less_is_better else 1
    with_gain = any(gain(row) is not None for row in rows)
    key: Callable[[FileScores], float | None] = gain if with_gain else value
    ranked = sorted((sign * rank, i) for i, row in enumerate(rows) if (rank := key(row)) is not None)
    title = METRICS[metric].title
    return (f"gain in {title}" if with_gain else title), [rows[i] for _, i in ranked[:N_WORST]]


def _article(row: FileScores, metrics: Sequence[str]) -> Article:
    waveforms: dict[str, tuple[Waveform, int]] = {}
    try:
        for role in ("noisy", "estimate", "reference"):
            if role in row.paths:
                waveforms[role] = _read_start(row.paths[role])
    except AvseError:
        waveforms = {}  # The file was there when it was scored; its numbers are shown without it.
    images = spectrogram_addresses(waveforms)
    names = {"noisy": "noisy", "estimate": "enhanced", "reference": "clean"}
    by_role = {NAMES[role]: scores for role in ROLES if (scores := getattr(row, role)) is not None}
    lines = [
        [METRICS[name].title, *(_cell(scores[name], name, signed=role == "gain") for role, scores in by_role.items())]
        for name in metrics
    ]
    views = [
        View(names[role], images[role], f"Spectrogram, {names[role]}", audio_address(*waveform))
        for role, waveform in waveforms.items()
    ]
    groups = ", ".join(f"{key} {value}" for key, value in row.groups.items())
    return Article(row.id, groups, views, [["", *by_role], *lines])


def _cell(score: Score, metric: str, *, signed: bool) -> str:
    sign = "+" if signed else ""
    return "-" if score.value is None else f"{score.value:{sign}.{METRICS[metric].digits}f}"


def _read_start(place: Place) -> tuple[Waveform, int]:
    waveform, rate = read_audio_of(place)
    return waveform.mean(axis=0)[: round(LONGEST_S * rate)], rate
