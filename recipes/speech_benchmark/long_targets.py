"""What long videos must show, and whether they do."""

from collections.abc import Sequence

from avse.report.formats import markdown_table
from recipes.speech_benchmark.compare import TOLERANCE
from recipes.speech_benchmark.long_results import WITH_VIDEO, LongResults
from recipes.speech_benchmark.long_tables import NAMES, with_interval
from recipes.speech_benchmark.mouths import BAD
from recipes.speech_benchmark.videos import LongVideo

LEVEL_DB = 1.5
TALKERS = {"si_sdr_db": 3.0, "pesq_wb": 0.1}
"""Least gain over audio-only among talkers, mean of a split."""
SUPPRESSION_DB = 20.0
UNITS = {"si_sdr_db": "SI-SDR, dB", "pesq_wb": "PESQ-WB"}

Line = list[str]


def target_table(results: LongResults) -> str:
    """Every target for every split that has such videos."""
    lines = [["target", "split", "n", "found", "target met"]]
    for split in results.splits():
        lines += [*_never_below(results, split), *_level(results, split), *_talkers(results, split)]
        lines += [*_silence(results, split), *_bad(results, split)]
    return markdown_table(lines)


def _never_below(results: LongResults, split: str) -> list[Line]:
    chosen = results.of(split, "noise")
    lines = []
    for name, tolerance in TOLERANCE.items():
        gains = results.gains(WITH_VIDEO, name, chosen)
        target = f"noise, with video: {UNITS[name]} at least audio-only - {tolerance:g}, every video"
        lines += _each(target, split, [gain >= -tolerance for gain in gains], f"worst {min(gains, default=0):+.2f}")
    return lines


def _level(results: LongResults, split: str) -> list[Line]:
    chosen = results.of(split, "noise", "talkers")
    levels = [results.rows[WITH_VIDEO][video.id]["level_db"] for video in chosen]
    held = [level is not None and abs(level) <= LEVEL_DB for level in levels]
    known = [level for level in levels if level is not None]
    found = f"{min(known, default=0):+.1f} to {max(known, default=0):+.1f} dB"
    return _each(f"noise and talkers, with video: speech level within {LEVEL_DB:g} dB, every video", split, held, found)


def _talkers(results: LongResults, split: str) -> list[Line]:
    chosen = results.of(split, "talkers")
    lines = []
    for name, least in TALKERS.items():
        gains = results.gains(WITH_VIDEO, name, chosen)
        if gains:
            met = sum(gains) / len(gains) >= least
            found = with_interval(gains, 2)
            target = f"talkers, with video: {UNITS[name]} over audio-only by {least:g}, mean"
            lines.append([target, split, str(len(gains)), found, _met(met)])
    return lines


def _silence(results: LongResults, split: str) -> list[Line]:
    rows = [results.rows[WITH_VIDEO][video.id] for video in results.of(split, "silence")]
    values = [row["suppression_db"] for row in rows if row["suppression_db"] is not None]
    target = f"target silent, with video: others lowered by {SUPPRESSION_DB:g} dB, every video"
    found = f"least {min(values, default=0):.1f} dB"
    return _each(target, split, [value >= SUPPRESSION_DB for value in values], found)


def _bad(results: LongResults, split: str) -> list[Line]:
    lines = []
    for condition in BAD:
        chosen: Sequence[LongVideo] = results.tried(condition, results.of(split, "noise", "talkers"))
        gains = results.gains(condition, "si_sdr_db", chosen)
        tolerance = TOLERANCE["si_sdr_db"]
        target = f"{NAMES.get(condition, condition)}: SI-SDR at least audio-only - {tolerance:g} dB, every video"
        lines += _each(target, split, [gain >= -tolerance for gain in gains], f"worst {min(gains, default=0):+.1f} dB")
    return lines


def _each(target: str, split: str, held: Sequence[bool], found: str) -> list[Line]:
    """A target that every video must meet; nothing where there is no video."""
    if not held:
        return []
    return [[target, split, str(len(held)), f"{sum(held)} of {len(held)}, {found}", _met(all(held))]]


def _met(met: bool) -> str:
    return "met" if met else "missed"
