"""Clips of one speaker joined end to end, audio and mouth crops both, so that short clips make a long video.

A clip takes as long as the longer of its two streams: 47,648 samples at 16 kHz last 2.978 s, but the 75 video frames
beside them last 3.0 s, so the next clip begins at sample 48,000. Joining audio with audio and frames with frames
instead would put the lips 22 ms later with every clip, half a second after 23 of them.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from avse.errors import InputError
from avse.faces.mouth import MouthTrack
from avse.faces.report import FaceReport
from avse.signal.clock import samples_from_seconds
from avse.types import Waveform

FADE_S = 0.005
"""Each clip's audio rises from zero and falls to zero within this time: a step between two clips would click."""


class JoinedVideo(NamedTuple):
    """Several clips as one video."""

    waveform: Waveform
    """`(samples,)`; zeros where a clip's audio ended before its video."""
    mouth: MouthTrack
    """Of all clips, timed from the first sample of the first."""
    starts: npt.NDArray[np.int64]
    """`(clips + 1,)` first sample of each clip, and the number of samples at the end."""


def join_clips(waveforms: Sequence[Waveform], mouths: Sequence[MouthTrack], *, sample_rate: int) -> JoinedVideo:
    """Join clips in the order given; a clip may be given several times.

    Args:
        waveforms: each `(samples,)`, at least one.
        mouths: one for each waveform, timed from its first sample, with crops of one size.
        sample_rate: Hz of all waveforms.

    Raises:
        InputError: there is no clip, or not one mouth for each waveform, or crops of several sizes.
    """
    sizes = {tuple(mouth.crops.shape[1:]) for mouth in mouths}
    if not waveforms or len(waveforms) != len(mouths) or len(sizes) > 1:
        raise InputError(
            "clips to join must be one or more waveforms, each with a mouth, and crops of one size, but are "
            f"{len(waveforms)} waveforms and {len(mouths)} mouths with crops of {sorted(sizes)}; check the list"
        )
    pairs = list(zip(waveforms, mouths, strict=True))
    lengths = [clip_samples(waveform, mouth, sample_rate=sample_rate) for waveform, mouth in pairs]
    starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    joined = np.zeros(starts[-1], dtype=np.float32)
    for waveform, start in zip(waveforms, starts, strict=False):
        joined[start : start + len(waveform)] = _faded(waveform, sample_rate=sample_rate)
    return JoinedVideo(joined, _join_mouths(mouths, starts[:-1] / sample_rate), starts)


def clip_samples(waveform: Waveform, mouth: MouthTrack, *, sample_rate: int) -> int:
    """Samples that a clip takes: until its audio and its last video frame have both ended.

    Args:
        waveform: `(samples,)`.
        mouth: timed from the first sample; the last frame lasts as long as the usual one.
        sample_rate: Hz.
    """
    times_s = mouth.timestamps_s
    if len(times_s) < 2:
        return len(waveform)
    end_s = max(0.0, float(times_s[-1] + np.median(np.diff(times_s))))
    return max(len(waveform), samples_from_seconds(end_s, sample_rate=sample_rate))


def _join_mouths(mouths: Sequence[MouthTrack], starts_s: npt.NDArray[np.float64]) -> MouthTrack:
    """All frames in order; one that a clip's first frame (before its audio) would put before its forerunner is dropped.

    Args:
        mouths: of the clips.
        starts_s: `(clips,)` where each begins.
    """
    times_s = np.concatenate([start_s + mouth.timestamps_s for start_s, mouth in zip(starts_s, mouths, strict=True)])
    crops = np.concatenate([mouth.crops[:] for mouth in mouths])
    present = np.concatenate([mouth.present for mouth in mouths])
    rising = times_s > np.maximum.accumulate(np.concatenate([[-np.inf], times_s[:-1]]))
    present = present[rising]
    report = FaceReport(
        max(mouth.report.n_faces for mouth in mouths), float(present.mean()) if len(present) else 0.0, "joined clips"
    )
    return MouthTrack(times_s[rising], crops[rising], present, report)


def _faded(waveform: Waveform, *, sample_rate: int) -> Waveform:
    n_fade = min(samples_from_seconds(FADE_S, sample_rate=sample_rate), len(waveform) // 2)
    faded = waveform.astype(np.float32, copy=True)
    ramp = (0.5 - 0.5 * np.cos(np.pi * (np.arange(n_fade) + 0.5) / max(1, n_fade))).astype(np.float32)
    faded[:n_fade] *= ramp
    faded[len(faded) - n_fade :] *= ramp[::-1]
    return faded
