"""Scores of long videos, as the score stage wrote them, and means over groups of them."""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from avse.errors import ConfigError
from recipes.speech_benchmark.compare import below_audio_only, is_lowered, lowered
from recipes.speech_benchmark.mixture_scores import read_rows
from recipes.speech_benchmark.mouths import BAD
from recipes.speech_benchmark.score_segments import Row, mean_of
from recipes.speech_benchmark.videos import LongVideo, read_videos

AUDIO_ONLY, WITH_VIDEO = "none", "own"


class LongResults(NamedTuple):
    """All that the tables are made of."""

    videos: list[LongVideo]
    """Those that are scored in all of noisy, audio-only and with video."""
    rows: dict[str, dict[str, Row]]
    """By condition (`noisy` among them), then by video."""

    def of(self, split: str, *scenarios: str, length_s: float | None = None) -> list[LongVideo]:
        """Videos of a split, in some scenarios, perhaps of one nominal length."""
        return [
            video
            for video in self.videos
            if video.split == split and video.scenario in scenarios and length_s in (None, video.length_s)
        ]

    def lengths_s(self, *scenarios: str) -> list[float]:
        """Nominal lengths of the videos in some scenarios, rising."""
        return sorted({video.length_s for video in self.videos if video.scenario in scenarios})

    def splits(self) -> list[str]:
        """In the order of the list."""
        return list(dict.fromkeys(video.split for video in self.videos))

    def mean(self, condition: str, metric: str, chosen: Iterable[LongVideo]) -> float | None:
        """Mean over the videos for which it could be computed; None if there is none."""
        return mean_of([self.rows[condition][video.id] for video in chosen], metric)

    def gains(self, condition: str, metric: str, chosen: Iterable[LongVideo]) -> list[float]:
        """How much higher than audio-only each video is; minus infinity where only audio-only has a score."""
        pairs = [(self.rows[condition][v.id][metric], self.rows[AUDIO_ONLY][v.id][metric]) for v in chosen]
        return [float("-inf") if given is None else given - audio for given, audio in pairs if audio is not None]

    def lowered_share(self, chosen: Iterable[LongVideo]) -> float | None:
        """Share of the segments in which the speech is lowered with video; None if nothing can be compared."""
        found = [
            is_lowered(d) for v in chosen for d in lowered(self.rows[WITH_VIDEO][v.id], self.rows[AUDIO_ONLY][v.id])
        ]
        return sum(found) / len(found) if found else None

    def below_share(self, condition: str, chosen: Iterable[LongVideo]) -> float | None:
        """Share of the videos that are below audio-only; None if there are none."""
        found = [below_audio_only(self.rows[condition][v.id], self.rows[AUDIO_ONLY][v.id]) for v in chosen]
        return sum(found) / len(found) if found else None

    def tried(self, condition: str, chosen: Iterable[LongVideo]) -> list[LongVideo]:
        """Those of some videos that have scores in a condition."""
        return [video for video in chosen if video.id in self.rows.get(condition, {})]


def read_long_results(videos: Path, *, noisy: Path, folder: Path) -> LongResults:
    """Read all scores of one model.

    Args:
        videos: the list.
        noisy: scores of the noisy input.
        folder: with the model's `long_*.jsonl`; those of bad videos may be missing.

    Raises:
        ConfigError: scores of the noisy input, audio-only or with video are missing.
    """
    files = {"noisy": noisy, **{c: folder / f"long_{c}.jsonl" for c in (AUDIO_ONLY, WITH_VIDEO, *BAD)}}
    rows = {
        c: {row["id"]: row for row in read_rows(path)} for c, path in files.items() if c not in BAD or path.is_file()
    }
    scored = [v for v in read_videos(videos) if all(v.id in rows[c] for c in ("noisy", AUDIO_ONLY, WITH_VIDEO))]
    if not scored:
        raise ConfigError(f"{folder} must hold scores of the videos in {videos} but holds none; score them again")
    return LongResults(scored, rows)
