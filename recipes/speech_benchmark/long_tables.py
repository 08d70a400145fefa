"""Tables of long videos, for RESULTS.md."""

from collections.abc import Sequence
from statistics import fmean

from avse.metrics.interval import bootstrap_interval
from avse.metrics.table import METRICS
from avse.report.document import Table
from recipes.speech_benchmark.long_list import SCENARIOS
from recipes.speech_benchmark.long_results import AUDIO_ONLY, WITH_VIDEO, LongResults
from recipes.speech_benchmark.mixture_scores import cell
from recipes.speech_benchmark.mouths import BAD
from recipes.speech_benchmark.videos import SEGMENT_S, LongVideo

METRICS_SHOWN = ("si_sdr_db", "pesq_wb", "estoi")
NAMES = {AUDIO_ONLY: "audio-only", WITH_VIDEO: "with video", "low_resolution": "40-pixel face"}
MOST_SEGMENTS = 10
"""Shown of a video; of a longer one, every second or third."""


def with_video_table(results: LongResults, split: str) -> Table:
    """With video against audio-only, a row for each scenario and length."""
    lines = [
        [
            split, "n", *(f"{METRICS[name].title}: noisy / audio-only / with video" for name in METRICS_SHOWN),
            "level of the speech, dB: audio-only / with video", "3-s spans lowered by more than 6 dB",
            "videos below audio-only", "others while silent, dB lower: audio-only / with video",
        ]
    ]  # fmt: skip
    for scenario in SCENARIOS:
        for length_s in sorted({video.length_s for video in results.of(split, scenario)}):
            chosen = results.of(split, scenario, length_s=length_s)
            lines.append([f"{scenario}, {length_s:g} s", str(len(chosen)), *_comparison(results, chosen)])
    return Table(lines)


def _comparison(results: LongResults, chosen: Sequence[LongVideo]) -> list[str]:
    both = (AUDIO_ONLY, WITH_VIDEO)
    return [
        *(_means(results, ("noisy", *both), name, chosen, METRICS[name].digits) for name in METRICS_SHOWN),
        _means(results, both, "level_db", chosen, 1),
        _percent(results.lowered_share(chosen)),
        _percent(results.below_share(WITH_VIDEO, chosen)),
        _means(results, both, "suppression_db", chosen, 1),
    ]


def _means(results: LongResults, conditions: Sequence[str], name: str, chosen: Sequence[LongVideo], digits: int) -> str:
    return " / ".join(cell(results.mean(condition, name, chosen), digits) for condition in conditions)


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.0%}"


def level_table(results: LongResults, length_s: float) -> Table:
    """Level of the speech over time: a fade shows as a fall from left to right."""
    splits = [split for split in results.splits() if results.of(split, "noise", "talkers", length_s=length_s)]
    groups = [(s, kind, results.of(s, kind, length_s=length_s)) for s in splits for kind in ("noise", "talkers")]
    groups = [group for group in groups if group[2]]
    n_segments = max(len(results.rows[WITH_VIDEO][v.id]["segments"]) for *_, chosen in groups for v in chosen)
    shown = range(0, n_segments, -(-n_segments // MOST_SEGMENTS))
    lines = [[f"{length_s:g} s, dB", "n", *(f"{number * SEGMENT_S:g} s" for number in shown)]]
    for split, kind, chosen in groups:
        for condition in (AUDIO_ONLY, WITH_VIDEO):
            levels = [_level_at(results, condition, chosen, number) for number in shown]
            lines.append([f"{split}, {kind}, {NAMES[condition]}", str(len(chosen)), *(cell(v, 1) for v in levels)])
    return Table(lines)


def _level_at(results: LongResults, condition: str, chosen: Sequence[LongVideo], number: int) -> float | None:
    rows = [results.rows[condition][video.id]["segments"] for video in chosen]
    values = [s[number]["level_db"] for s in rows if number < len(s) and s[number].get("level_db") is not None]
    return fmean(values) if values else None


def bad_table(results: LongResults, split: str) -> Table:
    """Bad videos against audio-only, a row for each condition."""
    lines = [
        [split, "n", "SI-SDR, dB", "PESQ-WB", "SI-SDR over audio-only, dB (95 %)", "worst video, dB", "videos below"]
    ]
    for condition in (AUDIO_ONLY, WITH_VIDEO, *BAD):
        # Means of all conditions are over the same videos: those that bad video was tried with.
        chosen = results.tried(BAD[0], results.tried(condition, results.of(split, "noise", "talkers")))
        if not chosen:
            continue
        means = [cell(results.mean(condition, name, chosen), METRICS[name].digits) for name in ("si_sdr_db", "pesq_wb")]
        gains = results.gains(condition, "si_sdr_db", chosen)
        compared = ["-", "-", "-"]
        if condition != AUDIO_ONLY and gains:
            compared = [with_interval(gains), f"{min(gains):+.1f}", _percent(results.below_share(condition, chosen))]
        lines.append([NAMES.get(condition, condition), str(len(chosen)), *means, *compared])
    return Table(lines)


def with_interval(gains: Sequence[float], digits: int = 1) -> str:
    """A mean and its interval, as text."""
    known = [gain for gain in gains if gain > float("-inf")]
    low, high = bootstrap_interval(known)
    return f"{fmean(known):+.{digits}f} ({low:+.{digits}f} to {high:+.{digits}f})" if known else "-"
