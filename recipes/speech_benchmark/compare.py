"""A long video enhanced with video, compared with audio-only."""

from recipes.speech_benchmark.score_segments import Row

LOWERED_DB = 6.0
"""Speech that is so much softer with video than audio-only counts as lowered."""
TOLERANCE = {"si_sdr_db": 0.2, "pesq_wb": 0.02}
"""A video is below audio-only where either metric is lower by more than this."""


def lowered(with_video: Row, audio_only: Row) -> list[float]:
    """How much softer the speech is with video than audio-only in each segment, dB.

    A segment whose speech is gone with video is infinitely softer; one where it is gone without is not compared.
    """
    pairs = [
        (audio.get("level_db"), video.get("level_db"))
        for audio, video in zip(audio_only["segments"], with_video["segments"], strict=True)
        if "level_db" in audio
    ]
    return [float("inf") if video is None else audio - video for audio, video in pairs if audio is not None]


def is_lowered(difference_db: float) -> bool:
    """Whether a segment counts as lowered."""
    return difference_db > LOWERED_DB


def below_audio_only(with_video: Row, audio_only: Row) -> bool:
    """Whether a video is below audio-only by more than `TOLERANCE`; a score that only audio-only has counts, too."""
    for name, tolerance in TOLERANCE.items():
        audio, video = audio_only[name], with_video[name]
        if audio is not None and (video is None or audio - video > tolerance):
            return True
    return False
