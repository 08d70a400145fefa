"""What a camera shows of a mouth: the scenario of a long video, and the conditions that it is tried in."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt

from avse.faces.crop import CROP_WIDTH
from avse.faces.mouth import MouthTrack
from avse.signal.decibel import power_ratio
from avse.types import Flags, Waveform
from recipes.speech_benchmark.conditions import late
from recipes.speech_benchmark.videos import SEGMENT_S

COVERED_S = (1.0, 2.0)
"""From when to when the lips are covered in every segment, seconds."""
LOW_FACE_PIXELS = 40
"""Size of the face in a video of low resolution."""
STILL_BELOW_DB = -30.0
"""Speech has not begun while its level lies so far below the clip's loudest."""
BEFORE_ONSET_S = 0.15
"""Lips open so long before speech is heard."""


def in_segments(times_s: npt.NDArray[np.float64], segments: Sequence[int]) -> Flags:
    """Which times lie in some segments of a video, `(n,)`."""
    return np.isin(np.floor(times_s / SEGMENT_S + 1e-9).astype(int), segments)


def hide(mouth: MouthTrack, where: Flags) -> MouthTrack:
    """Take the face away in some frames."""
    crops = mouth.crops[:].copy()
    crops[where] = 0
    return replace(mouth, crops=crops, present=mouth.present & ~where)


def hold_still(mouth: MouthTrack, where: Flags, still: npt.NDArray[np.uint8]) -> MouthTrack:
    """Show a mouth that does not speak in some frames.

    Args:
        mouth: of the video.
        where: `(n,)` the frames.
        still: `(frames, height, width, 3)` of the same mouth at rest, shown forwards and backwards in turn, so that it
            moves as little as a closed mouth does.
    """
    crops = mouth.crops[:].copy()
    there_and_back = np.concatenate([np.arange(len(still)), np.arange(len(still) - 2, 0, -1)])
    crops[where] = still[np.resize(there_and_back, int(where.sum()))]
    return replace(mouth, crops=crops, present=mouth.present | where)


def still_frames(waveform: Waveform, mouth: MouthTrack, *, sample_rate: int) -> npt.NDArray[np.uint8]:
    """The frames of a clip before its speaker opens the mouth, `(frames, height, width, 3)`; one at least.

    Args:
        waveform: `(samples,)` the clip's clean audio.
        mouth: of the clip.
        sample_rate: Hz.
    """
    hop = sample_rate // 50
    power = np.square(waveform[: len(waveform) // hop * hop], dtype=np.float64).reshape(-1, hop).mean(axis=1)
    loud = np.flatnonzero(power > power.max() * power_ratio(STILL_BELOW_DB))
    onset_s = float(loud[0]) * hop / sample_rate if len(loud) else 0.0
    shown = np.flatnonzero(mouth.present)
    quiet = shown[mouth.timestamps_s[shown] < onset_s - BEFORE_ONSET_S]
    return mouth.crops[quiet if len(quiet) else shown[:1]]


def show_instead(mouth: MouthTrack, other: MouthTrack, segments: Sequence[int]) -> MouthTrack:
    """Cut to another mouth in some segments."""
    kept, taken = ~in_segments(mouth.timestamps_s, segments), in_segments(other.timestamps_s, segments)
    times_s = np.concatenate([mouth.timestamps_s[kept], other.timestamps_s[taken]])
    order = np.argsort(times_s, kind="stable")
    return replace(
        mouth,
        timestamps_s=times_s[order],
        crops=np.concatenate([mouth.crops[:][kept], other.crops[:][taken]])[order],
        present=np.concatenate([mouth.present[kept], other.present[taken]])[order],
    )


def _frozen(own: MouthTrack, _: MouthTrack) -> MouthTrack:
    first = own.crops[int(np.argmax(own.present))]
    return replace(own, crops=np.repeat(first[None], len(own.crops), axis=0))


def _late(own: MouthTrack, _: MouthTrack) -> MouthTrack:
    return late(own)


def _covered(own: MouthTrack, _: MouthTrack) -> MouthTrack:
    crops = own.crops[:].copy()
    in_segment_s = own.timestamps_s % SEGMENT_S
    crops[(in_segment_s >= COVERED_S[0]) & (in_segment_s < COVERED_S[1])] = 128
    return replace(own, crops=crops)


def _low_resolution(own: MouthTrack, _: MouthTrack) -> MouthTrack:
    """As many pixels as a small face has, enlarged again."""
    height, width = own.crops.shape[1:3]
    small = max(1, round(CROP_WIDTH * LOW_FACE_PIXELS)), max(1, round(CROP_WIDTH * LOW_FACE_PIXELS * height / width))
    crops = np.stack([
        cv2.resize(cv2.resize(crop, small, interpolation=cv2.INTER_AREA), (width, height)) for crop in own.crops[:]
    ])  # fmt: skip
    return replace(own, crops=crops)


Spoil = Callable[[MouthTrack, MouthTrack], MouthTrack | None]
CONDITIONS: dict[str, Spoil] = {
    "none": lambda own, stranger: None,
    "own": lambda own, stranger: own,
    "frozen": _frozen,
    "late": _late,
    "stranger": lambda own, stranger: stranger,
    "covered": _covered,
    "low_resolution": _low_resolution,
}
"""What is shown, from the video's own mouth and a stranger's; None is audio-only."""
BAD = tuple(CONDITIONS)[2:]
