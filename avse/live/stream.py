"""Enhancement while somebody speaks: samples and video frames in as they come, enhanced samples out."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from avse.enhance.enhancer import Enhancer
from avse.enhance.stream import EnhancerStream, Mixing
from avse.errors import ConfigError, InputError
from avse.faces.detect import FaceDetector
from avse.faces.follow import MouthFollower
from avse.faces.people import TimedImage
from avse.models.enhancing import CausalModel
from avse.models.pretrained import DEFAULT_MODEL
from avse.types import Waveform

LARGEST_IMAGE = 16384
"""Pixels a side."""


class StreamingEnhancer:
    """Enhances a call or a stream; the samples are the same however they are cut into pushes.

    What may go wrong has an answer. A video frame that comes after its audio is used for the audio from then on; one
    that is out of order, or at no finite time, is skipped and counted (`n_dropped_video_frames`); one whose time jumps
    far ahead is skipped as soon as those after it show that it was wrong. When video frames stop, or the face goes, the
    audio alone counts after 0.2 s, until they come back. A sample that is not a finite number counts as silence
    (`n_bad_samples`). Another sample rate or number of channels needs another stream and is refused.
    """

    def __init__(
        self,
        enhancer: Enhancer | None = None,
        *,
        sample_rate: int,
        n_channels: int = 1,
        speaker: str = "largest",
        detector: FaceDetector | None = None,
        mixing: Mixing | None = None,
        offset_s: float = 0.0,
    ) -> None:
        """Begin a stream.

        Args:
            enhancer: with a causal model; the default model by default.
            sample_rate: Hz of the samples.
            n_channels: of the samples.
            speaker: `largest`, `left` or `right` of the faces, when one is first seen.
            detector: finds faces in one video frame; the bundled cascade by default.
            mixing: how much of the input stays; none by default.
            offset_s: how late the video frames' times are against the audio's.

        Raises:
            ConfigError: the model cannot work live.
            InputError: `speaker` is none of these.
        """
        enhancer = enhancer or Enhancer.load(DEFAULT_MODEL)
        if not isinstance(enhancer.model, CausalModel):
            raise ConfigError(f"model must be a causal one but is {enhancer.model.name}; use {DEFAULT_MODEL}")
        self.follower = MouthFollower(crop_size=enhancer.model.crop_size, speaker=speaker, detector=detector)
        self._stream = EnhancerStream(
            enhancer.model,
            sample_rate=sample_rate,
            n_channels=n_channels,
            mouth=self.follower,
            mixing=mixing,
            offset_s=offset_s,
        )
        self.sample_rate, self.n_channels = sample_rate, n_channels
        self.latency_s = enhancer.model.stft.window / enhancer.model.stft.sample_rate
        """How much later a sample comes out than it goes in, without the time of computing and rate conversion."""
        self._flat = n_channels == 1
        self._has_ended = False
        self.n_bad_samples = 0
        """Samples that were no finite numbers."""

    def push(
        self, samples: Waveform, video_frames: Iterable[TimedImage] = (), *, sample_rate: int | None = None
    ) -> Waveform:
        """Take what came since the last call, give what is ready.

        Args:
            samples: `(samples,)` or `(channels, samples)`, full scale +-1.
            video_frames: in order; each has `time_s`, seconds from the first sample, and `image`, `(height, width, 3)`
                RGB.
            sample_rate: Hz of these samples, to be checked; taken as given before if None.

        Returns:
            Enhanced samples in the same form, a little later in all, perhaps none yet.

        Raises:
            InputError: the rate, the channels or the form is another than before; samples are no floating point
                numbers, an image is not `(height, width, 3)` uint8, or the stream was flushed. Nothing was taken then.
        """
        if sample_rate is not None and sample_rate != self.sample_rate:
            raise InputError(
                f"sample rate must stay {self.sample_rate} Hz but is {sample_rate} Hz; begin another stream for it"
            )
        block = np.atleast_2d(_as_samples(samples))
        if block.ndim != 2 or len(block) != self.n_channels:
            raise InputError(
                f"samples must be of {self.n_channels} channel(s) but have the shape {np.shape(samples)}; "
                "begin another stream for them"
            )
        if self._has_ended:
            raise InputError("stream must be open to take samples but was flushed; begin another one")
        video_frames = list(video_frames)
        for video_frame in video_frames:
            _check_video_frame(video_frame)
        bad = ~np.isfinite(block)
        if bad.any():
            self.n_bad_samples += int(np.count_nonzero(bad))
            block = np.where(bad, np.float32(0), block)
        for video_frame in video_frames:
            self.follower.push(video_frame.image, time_s=video_frame.time_s)
        self._flat = np.ndim(samples) == 1
        return self._shaped(self._stream.push(block))

    def flush(self) -> Waveform:
        """End the stream: the rest of the samples, in the form of those pushed; none the second time."""
        if self._has_ended:
            return self._shaped(np.zeros((self.n_channels, 0), dtype=np.float32))
        self._has_ended = True
        return self._shaped(self._stream.finish())

    @property
    def face_seen(self) -> bool:
        """Whether a face is seen now."""
        return self._stream.gain.face_seen  # type: ignore[union-attr]

    @property
    def trust(self) -> float:
        """How much the mouth changes the output now, 0 to 1; 0 when no face is seen."""
        return self._stream.gain.trust  # type: ignore[union-attr]

    @property
    def n_dropped_video_frames(self) -> int:
        """Video frames skipped since they came out of order."""
        return self.follower.n_dropped

    def _shaped(self, enhanced: Waveform) -> Waveform:
        return enhanced[0] if self._flat else enhanced


def _as_samples(samples: Any) -> Waveform:
    """Float32; whole numbers are refused, for their full scale is not known.

    Raises:
        InputError: these are no floating point numbers.
    """
    array = np.asarray(samples)
    if not np.issubdtype(array.dtype, np.floating):
        raise InputError(f"samples must be floating point, full scale +-1, but are {array.dtype}; convert them")
    with np.errstate(over="ignore"):  # what is too large becomes infinite, and counts as silence
        return array.astype(np.float32, copy=False)


def _check_video_frame(video_frame: Any) -> None:
    image, time_s = getattr(video_frame, "image", None), getattr(video_frame, "time_s", None)
    if not isinstance(time_s, int | float | np.floating | np.integer) or isinstance(time_s, bool):
        raise InputError(f"video frame must have time_s in seconds but has {time_s!r}; give it a VideoFrame")
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        form = f"{image.shape} {image.dtype}" if isinstance(image, np.ndarray) else type(image).__name__
        raise InputError(f"image must be (height, width, 3) uint8, RGB, but is {form}; convert it")
    if not 16 <= min(image.shape[:2]) <= max(image.shape[:2]) <= LARGEST_IMAGE:
        raise InputError(f"image must have 16 to {LARGEST_IMAGE} pixels a side but is {image.shape}; resize it")
