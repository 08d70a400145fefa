"""A long video of the list, built from the clips, noises and voices it names."""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from avse.data.bank import read_mono
from avse.data.crops import load_mouth
from avse.data.joined import JoinedVideo, join_clips
from avse.data.manifest import Item
from avse.data.mix import cut_looped, mix, sum_at_equal_level
from avse.errors import ConfigError
from avse.faces.mouth import MouthTrack
from avse.jobs.places import Place, under
from avse.signal.clock import samples_from_seconds
from avse.types import Waveform
from recipes.speech_benchmark.mouths import hide, hold_still, in_segments, show_instead, still_frames
from recipes.speech_benchmark.videos import SEGMENT_S, Interferer, LongVideo

RATE = 16_000
MUTE_FADE_S = 0.01
SHORTEST_SEGMENT_S = 1.0
"""A rest that is shorter is not scored."""


class Segment(NamedTuple):
    """A piece of a video that is scored by itself."""

    samples: slice
    is_silent: bool
    """The target does not speak."""


class LongMixture(NamedTuple):
    """A long video in memory."""

    noisy: Waveform
    """`(samples,)`; may exceed full scale."""
    clean: Waveform
    """`(samples,)`; zero where the target is silent."""
    own: MouthTrack
    """What the scenario shows."""
    stranger: MouthTrack
    """Another person's mouth, for as long."""
    segments: list[Segment]


class LongReader:
    """Builds long videos; remembers the recordings used last."""

    def __init__(self, items: Sequence[Item], *, root: Place, crops: Place) -> None:
        """Set up.

        Args:
            items: of the corpus, and of the generated talkers if they are wanted.
            root: folder that relative paths start from; may be a URL.
            crops: folder of the crops stage; may be a URL.
        """
        self._items = {item.id: item for item in items}
        self._crops = crops
        self._read = lru_cache(maxsize=64)(lambda path: read_mono(under(root, path), sample_rate=RATE))

    def read(self, video: LongVideo) -> LongMixture:
        """Build one video.

        Raises:
            AvseError: a clip is not in the manifest, or a file cannot be read.
        """
        joined, other = self._join(video.clips), self._join(video.stranger_clips)
        speech = joined.waveform
        noise = sum_at_equal_level([self._source(source, len(speech)) for source in video.sources])
        # The SNR is that of the whole speech, so that muting some of it leaves the noise as loud as it is.
        noise = mix(speech, noise, snr_db=video.snr_db) - speech
        clean = _muted(speech, video.muted)
        return LongMixture(clean + noise, clean, self._own(video, joined, other), other.mouth, _segments(video, clean))

    def _own(self, video: LongVideo, joined: JoinedVideo, other: JoinedVideo) -> MouthTrack:
        mouth = joined.mouth
        times_s = mouth.timestamps_s
        if video.muted:
            first = slice(0, int(joined.starts[1]))
            in_first = times_s < joined.starts[1] / RATE
            clip = MouthTrack(times_s[in_first], mouth.crops[in_first], mouth.present[in_first], mouth.report)
            still = still_frames(joined.waveform[first], clip, sample_rate=RATE)
            mouth = hold_still(mouth, in_segments(times_s, video.muted), still)
        if video.replaced:
            mouth = show_instead(mouth, other.mouth, video.replaced)
        return hide(mouth, in_segments(times_s, video.hidden)) if video.hidden else mouth

    def _join(self, clips: Sequence[str]) -> JoinedVideo:
        if missing := [clip for clip in clips if clip not in self._items]:
            raise ConfigError(
                f"clip {missing[0]} must be in the manifest but is not; delete the list and prepare again"
            )
        return join_clips(
            [self._read(self._items[clip].audio) for clip in clips],
            [load_mouth(self._crops / f"{clip}.npz") for clip in clips],
            sample_rate=RATE,
        )

    def _source(self, source: Interferer, n_samples: int) -> Waveform:
        if not source.paths:
            return np.random.default_rng(source.seed).standard_normal(n_samples).astype(np.float32)
        recordings = np.concatenate([self._read(path) for path in source.paths])
        offset = samples_from_seconds(source.offset_s, sample_rate=RATE) % len(recordings)
        return cut_looped(recordings, offset=offset, n_samples=n_samples)


def _muted(speech: Waveform, segments: Sequence[int]) -> Waveform:
    """Speech that is silent throughout some segments: it fades out before them and in after them."""
    length = samples_from_seconds(SEGMENT_S, sample_rate=RATE)
    n_fade = samples_from_seconds(MUTE_FADE_S, sample_rate=RATE)
    ramp = np.linspace(0, 1, n_fade, dtype=np.float32)
    gain = np.ones(len(speech), dtype=np.float32)
    for start in (number * length for number in segments):
        for piece, values in ((slice(max(0, start - n_fade), start), ramp[::-1]),
                              (slice(start + length, start + length + n_fade), ramp)):  # fmt: skip
            gain[piece] = np.minimum(gain[piece], values[: len(gain[piece])])
    for start in (number * length for number in segments):
        gain[start : start + length] = 0
    return speech * gain


def _segments(video: LongVideo, clean: Waveform) -> list[Segment]:
    length = samples_from_seconds(SEGMENT_S, sample_rate=RATE)
    shortest = samples_from_seconds(SHORTEST_SEGMENT_S, sample_rate=RATE)
    return [
        Segment(slice(start, min(start + length, len(clean))), number in video.muted)
        for number, start in enumerate(range(0, len(clean), length))
        if len(clean) - start >= shortest
    ]
