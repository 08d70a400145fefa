"""Is what was written as long as the audio, and in sync with the video? Asked before the file gets its name."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from avse.errors import MediaError
from avse.media.audio import AudioReader
from avse.media.encode import Encoding
from avse.media.video import audio_start_s, first_frame_s
from avse.signal.resample import StreamingResampler

MAX_ERROR_S = 0.01
"""Between audio and video; people notice 20 ms and more (ITU-R BT.1359)."""
SEARCH_S = 0.3
STRETCH_S = 1.0
"""Length of what is compared."""
SILENT = 1e-4
"""A stretch of less (root mean square) shows nothing."""


class WrittenTrack(NamedTuple):
    """An audio track of a file that was just written."""

    path: Path
    """Audio file with what it must hold."""
    own_track: int
    """Index of the track of that file."""
    written_track: int
    """Among the audio tracks of the written file."""
    start_s: float
    """When its first sample is heard on the source's clock."""
    encoding: Encoding


def check_in_sync(written: Path, *, first_frame_at_s: float, output: Path, tracks: list[WrittenTrack]) -> None:
    """Compare the audio tracks of a file with what they must hold, and their times with the video's.

    Args:
        written: the file, perhaps under a temporary name.
        first_frame_at_s: when the first video frame is shown in the file that it was copied from.
        output: name for the messages.
        tracks: the new audio tracks.

    Raises:
        MediaError: a track is too short or too long, or the audio is early or late.
    """
    shift_s = first_frame_s(written) - first_frame_at_s
    for track in tracks:
        wanted = _Stretch(track.path, track.own_track)
        try:
            decoded = _Stretch(written, track.written_track)
        except MediaError:  # which names the temporary file
            raise MediaError(
                f"output {output} must hold {wanted.n_samples / wanted.rate:.3f} s of audio but none of it can be read "
                "back; make space, or use .mkv"
            ) from None
        expected = wanted.n_samples * track.encoding.sample_rate / wanted.rate
        if abs(decoded.n_samples - expected) > track.encoding.length_slack:
            raise MediaError(
                f"output {output} must hold {wanted.n_samples / wanted.rate:.3f} s of audio but holds "
                f"{decoded.n_samples / decoded.rate:.3f} s; make space, or use .mkv"
            )
        error_s = (audio_start_s(written, track=track.written_track) - shift_s - track.start_s) + _late_s(
            wanted, decoded
        )
        if abs(error_s) > MAX_ERROR_S:
            raise MediaError(
                f"output {output} must hold audio in sync with its video but it is {1000 * error_s:.0f} ms late "
                f"as {track.encoding.codec}; use .mkv"
            )


class _Stretch:
    """Length of a track, and its loudest channel near the start of the audible part."""

    def __init__(self, path: Path, track: int) -> None:
        with AudioReader(path, track=track) as reader:
            self.rate = reader.info.sample_rate
            n_kept = round((STRETCH_S + 2 * SEARCH_S) * self.rate)
            self.n_samples, self.first = 0, 0
            self.channels = np.zeros((reader.info.n_channels, 0), dtype=np.float32)
            for block in reader.blocks(1024):
                quiet = not self.channels.shape[1] and np.sqrt(np.mean(np.square(block))) < SILENT
                if quiet:
                    self.first = self.n_samples + block.shape[1]
                elif self.channels.shape[1] < n_kept:
                    self.channels = np.concatenate([self.channels, block], axis=1)
                self.n_samples += block.shape[1]


def _late_s(wanted: _Stretch, decoded: _Stretch) -> float:
    """How much later the audio lies among the samples of `decoded` than among those of `wanted`, seconds."""
    if not wanted.channels.shape[1] or not decoded.channels.shape[1]:
        return 0.0
    loudest = int(np.argmax(np.square(wanted.channels).mean(axis=1)))
    a = wanted.channels[loudest]
    b = decoded.channels[min(loudest, len(decoded.channels) - 1)]
    if decoded.rate != wanted.rate:
        resampler = StreamingResampler(source_rate=decoded.rate, target_rate=wanted.rate, n_channels=1)
        b = np.concatenate([resampler.push(b[None]), resampler.finish()], axis=1)[0]
    begins_s = decoded.first / decoded.rate - wanted.first / wanted.rate
    # By numpy: scipy takes longer to import than a short file takes to enhance.
    n_lags = len(a) + len(b) - 1
    strength = np.fft.irfft(np.fft.rfft(b, n_lags) * np.fft.rfft(a[::-1], n_lags), n_lags)
    lags_s = begins_s + (np.arange(len(strength)) - (len(a) - 1)) / wanted.rate
    # A tone fits at every period: the smallest lag that fits about as well as any counts.
    good = (np.abs(lags_s) <= SEARCH_S) & (strength >= 0.97 * strength[np.abs(lags_s) <= SEARCH_S].max(initial=0.0))
    if not good.any() or strength.max() <= 0:
        return 0.0
    return float(lags_s[good][np.argmin(np.abs(lags_s[good]))])
