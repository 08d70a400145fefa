"""What long videos must show, and whether they do."""

from collections.abc import Sequence

from avse.report.document import Table
from recipes.speech_benchmark.long_results import WITH_VIDEO, LongResults
from recipes.speech_benchmark.long_tables import NAMES, with_interval
from recipes.speech_benchmark.mouths import BAD
from recipes.speech_benchmark.target_config import LongTargets
from recipes.speech_benchmark.videos import LongVideo

UNITS = {"si_sdr_db": "SI-SDR, dB", "pesq_wb": "PESQ-WB"}

Line = list[str]


def target_table(results: LongResults, targets: LongTargets) -> Table:
    """Every target for every split that has such videos."""
    lines = [["target", "split", "n", "found", "target met"]]
    for split in results.splits():
        for asked in (_never_below, _level, _talkers, _silence, _bad):
            lines += asked(results, split, targets)
    return Table(lines)


def _never_below(results: LongResults, split: str, targets: LongTargets) -> list[Line]:
    chosen = results.of(split, "noise")
    lines = []
    for name, tolerance in targets.below.items():
        gains = results.gains(WITH_VIDEO, name, chosen)
        target = f"noise, with video: {UNITS[name]} at least audio-only - {tolerance:g}, every video"
        lines += _each(target, split, [gain >= -tolerance for gain in gains], f"worst {min(gains, default=0):+.2f}")
    return lines


def _level(results: LongResults, split: str, targets: LongTargets) -> list[Line]:
    most = targets.level_db
    if most is None:
        return []
    chosen = results.of(split, "noise", "talkers")
    levels = [results.rows[WITH_VIDEO][video.id]["level_db"] for video in chosen]
    held = [level is not None and abs(level) <= most for level in levels]
    known = [level for level in levels if level is not None]
    found = f"{min(known, default=0):+.1f} to {max(known, default=0):+.1f} dB"
    return _each(f"noise and talkers, with video: speech level within {most:g} dB, every video", split, held, found)


def _talkers(results: LongResults, split: str, targets: LongTargets) -> list[Line]:
    chosen = results.of(split, "talkers")
    lines = []
    for name, least in targets.talkers.items():
        gains = results.gains(WITH_VIDEO, name, chosen)
        if gains:
            met = sum(gains) / len(gains) >= least
            found = with_interval(gains, 2)
            target = f"talkers, with video: {UNITS[name]} over audio-only by {least:g}, mean"
            lines.append([target, split, str(len(gains)), found, _met(met)])
    return lines


def _silence(results: LongResults, split: str, targets: LongTargets) -> list[Line]:
    least = targets.suppression_db
    if least is None:
        return []
    rows = [results.rows[WITH_VIDEO][video.id] for video in results.of(split, "silence")]
    values = [row["suppression_db"] for row in rows if row["suppression_db"] is not None]
    target = f"target silent, with video: others lowered by {least:g} dB, every video"
    found = f"least {min(values, default=0):.1f} dB"
    return _each(target, split, [value >= least for value in values], found)


def _bad(results: LongResults, split: str, targets: LongTargets) -> list[Line]:
    tolerance = targets.below.get("si_sdr_db")
    if tolerance is None:
        return []
    lines = []
    for condition in BAD:
        chosen: Sequence[LongVideo] = results.tried(condition, results.of(split, "noise", "talkers"))
        gains = results.gains(condition, "si_sdr_db", chosen)
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
