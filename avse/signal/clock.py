"""Samples, audio frames, video frames and seconds: the only home of the formulas between them.

Everything is measured from one zero, the first sample of the audio. Audio frame `i` of a centred
short-time transform is the window whose *centre* lies at sample `i * hop`. A video frame is shown from
its timestamp until the next frame's. Audio and video meet only here, through those timestamps and never
through "frame number / 25": a slip of one frame costs nothing in a loss curve and everything in use.
"""

import numpy as np
import numpy.typing as npt

from avse.errors import InputError
from avse.signal.stft_config import StftConfig

HOLD_S = 0.2
"""A video frame serves for so long: two missing frames at 12 fps are bridged."""


def samples_from_seconds(duration_s: float, *, sample_rate: int) -> int:
    """Number of samples nearest to a duration; halves round up.

    Args:
        duration_s: seconds, at least 0.
        sample_rate: Hz.
    """
    return int(np.floor(duration_s * sample_rate + 0.5))


def n_audio_frames(n_samples: int, *, hop: int) -> int:
    """Frames of a centred short-time transform over `n_samples` samples, `hop` samples apart.

    The last frame's centre lies at the end or up to a hop beyond it: with hops longer than half a window the end
    of the audio would otherwise lie in no frame at all.

    Examples:
        >>> n_audio_frames(16000, hop=256)  # 62.5 hops: the last frame is centred beyond the end
        64
    """
    return 1 + -(-n_samples // hop)


def n_video_frames(n_samples: int, *, sample_rate: int, rate_hz: float) -> int:
    """Video frames of an even rate, the first at the first sample, that are taken before a recording ends.

    Args:
        n_samples: length of the recording.
        sample_rate: Hz.
        rate_hz: video frames per second.
    """
    # A frame due at the very end does not count, whatever the rounding.
    return int(np.ceil(n_samples / sample_rate * rate_hz - 1e-6))


def audio_frame_times_s(n_frames: int, *, hop: int, sample_rate: int, first_frame: int = 0) -> npt.NDArray[np.float64]:
    """Times in seconds of the centres of audio frames.

    Args:
        n_frames: how many.
        hop: samples between frames.
        sample_rate: Hz.
        first_frame: index of the first one, for work in chunks.

    Returns:
        `(n_frames,)` seconds.
    """
    return (first_frame + np.arange(n_frames, dtype=np.float64)) * (hop / sample_rate)


def video_frame_indices(
    n_frames: int, *, stft: StftConfig, rate_hz: float, first_frame: int = 0
) -> npt.NDArray[np.int64]:
    """Which video frame of an even series is the last one when each audio frame is complete.

    Args:
        n_frames: how many audio frames.
        stft: of the audio.
        rate_hz: video frames a second, the first at 0.
        first_frame: index of the first one, for work in chunks.

    Returns:
        `(n_frames,)` numbers of video frames, rising.
    """
    centres_s = audio_frame_times_s(n_frames, hop=stft.hop, sample_rate=stft.sample_rate, first_frame=first_frame)
    # A video frame due at the very end of a frame counts, whatever the rounding.
    return np.floor((centres_s + stft.lookahead_s) * rate_hz + 1e-6).astype(np.int64)


def video_frame_at(
    times_s: npt.NDArray[np.float64], timestamps_s: npt.NDArray[np.float64], *, max_hold_s: float = HOLD_S
) -> npt.NDArray[np.int64]:
    """The video frame that is nearest to each time, or -1 where there is none.

    The nearest frame, not the one last shown, halves the worst distance between audio and video.

    Args:
        times_s: `(n,)` times to look at, seconds.
        timestamps_s: `(n_video_frames,)` when each video frame was taken, seconds, rising strictly.
        max_hold_s: a frame serves times at most this far from it; farther away lies a gap.

    Returns:
        `(n,)` indices into `timestamps_s`, -1 in a gap.

    Raises:
        InputError: the timestamps do not rise.

    Examples:
        A variable rate, and a gap after 0.4 s:

        >>> timestamps_s = np.array([0.0, 0.04, 0.1, 0.4])
        >>> video_frame_at(np.array([0.03, 0.08, 0.9]), timestamps_s).tolist()
        [1, 2, -1]
    """
    if len(timestamps_s) == 0:
        return np.full(len(times_s), -1, dtype=np.int64)
    if np.any(np.diff(timestamps_s) <= 0):
        raise InputError("video timestamps must rise strictly; sort the frames and drop repeated ones")
    middles_s = (timestamps_s[1:] + timestamps_s[:-1]) / 2
    nearest = np.searchsorted(middles_s, times_s, side="right").astype(np.int64)
    return np.where(np.abs(timestamps_s[nearest] - times_s) <= max_hold_s, nearest, -1)


def latest_frame_at(
    times_s: npt.NDArray[np.float64],
    timestamps_s: npt.NDArray[np.float64],
    *,
    max_hold_s: float = HOLD_S,
    tolerance_s: float = 0.005,
) -> npt.NDArray[np.int64]:
    """The last video frame taken by each time, or -1 where there is none: what a live program can know.

    Args:
        times_s: `(n,)` times to look at, seconds.
        timestamps_s: `(n_video_frames,)` when each video frame was taken, seconds, rising strictly.
        max_hold_s: a frame serves for at most this long.
        tolerance_s: a frame that is due so little later counts as there, for clocks are rounded.

    Returns:
        `(n,)` indices into `timestamps_s`, -1 in a gap.

    Examples:
        The frame of 0.1 s is nearer to 0.08 s, but has not been taken yet:

        >>> latest_frame_at(np.array([0.03, 0.08, 0.9]), np.array([0.0, 0.04, 0.1, 0.4])).tolist()
        [0, 1, -1]
    """
    if len(timestamps_s) == 0:
        return np.full(len(times_s), -1, dtype=np.int64)
    index = np.searchsorted(timestamps_s, times_s + tolerance_s, side="right").astype(np.int64) - 1
    held_s = times_s - timestamps_s[np.maximum(index, 0)]
    return np.where((index >= 0) & (held_s <= max_hold_s), index, -1)
