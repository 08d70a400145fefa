"""One call: audio and video frames in, enhanced audio out."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from avse.enhance.enhancer import Enhancer
from avse.enhance.stream import Mixing
from avse.errors import InputError
from avse.faces.detect import FaceDetector
from avse.live.stream import StreamingEnhancer
from avse.server.messages import AUDIO, Message, StillFrame, audio_message, frame_of, samples_of
from avse.types import Waveform

RATES = (8000, 192_000)
"""Hz that a stream may have."""
MAX_STREAM_CHANNELS = 2
MAX_AHEAD_FRAMES = 100
"""Video frames that may wait for their audio; of more, the oldest are dropped."""
MAX_AHEAD_PIXELS = 64_000_000
"""Of all video frames that wait, 3 bytes each: 30 frames of 1080 lines. A small JPEG may hold a large image."""


@dataclass(frozen=True)
class StreamOptions:
    """What a client wants; the first message of a stream."""

    sample_rate: int
    """Hz."""
    n_channels: int = 1
    speaker: str = "largest"
    mix: float = 1.0
    atten_lim_db: float | None = None

    @classmethod
    def from_json(cls, row: Any) -> "StreamOptions":
        """Read them.

        Raises:
            InputError: a field is missing, unknown or out of range.
        """
        if not isinstance(row, dict) or "sample_rate" not in row:
            raise InputError('the first message must be JSON with "sample_rate" but is not; see the protocol')
        known = set(cls.__dataclass_fields__)
        if other := sorted(set(row) - known):
            raise InputError(f"options must be of {', '.join(sorted(known))} but {other[0]!r} is not; drop it")
        options = cls(**row)
        rate, n_channels = options.sample_rate, options.n_channels
        if not isinstance(rate, int) or not RATES[0] <= rate <= RATES[1]:
            raise InputError(f"sample_rate must be {RATES[0]} to {RATES[1]} Hz but is {rate!r}; resample the audio")
        if not isinstance(n_channels, int) or not 1 <= n_channels <= MAX_STREAM_CHANNELS:
            raise InputError(f"n_channels must be 1 to {MAX_STREAM_CHANNELS} but is {n_channels!r}; mix them down")
        return options


class StreamSession:
    """Enhances one call; not for several threads."""

    def __init__(self, enhancer: Enhancer, options: StreamOptions, *, detector: FaceDetector | None = None) -> None:
        """Begin.

        Args:
            enhancer: with a causal model.
            options: of the client.
            detector: finds faces; a session of its own has one of its own.

        Raises:
            InputError: an option is out of range.
        """
        self.options = options
        mixing = Mixing(mix=options.mix, attenuation_limit_db=options.atten_lim_db)
        self._stream = StreamingEnhancer(
            enhancer, sample_rate=options.sample_rate, n_channels=options.n_channels, speaker=options.speaker,
            mixing=mixing, detector=detector,
        )  # fmt: skip
        self._frames: list[StillFrame] = []
        self._n_given = 0
        self.n_samples = 0
        """Taken so far, per channel."""
        self.n_dropped = 0
        """Video frames that were dropped since too many came."""

    def take(self, message: Message) -> bytes | None:
        """Take a message; a message of enhanced audio if some is ready.

        Raises:
            InputError: the message is no audio and no video frame.
        """
        if message.kind != AUDIO:
            self._frames.append(frame_of(message))
            while len(self._frames) > MAX_AHEAD_FRAMES or self._n_pixels > MAX_AHEAD_PIXELS:
                self._frames.pop(0)
                self.n_dropped += 1
            return None
        samples = samples_of(message, n_channels=self.options.n_channels)
        self.n_samples += samples.shape[1]
        frames, self._frames = self._frames, []
        return self._message(self._stream.push(samples, frames))

    def finish(self) -> tuple[bytes | None, dict[str, Any]]:
        """End the call: the last audio, and what there was."""
        last = self._message(np.atleast_2d(self._stream.flush()))
        about = {
            "event": "end", "duration_s": round(self.n_samples / self.options.sample_rate, 4),
            "n_dropped_frames": self.n_dropped + self._stream.n_dropped_video_frames,
            "n_bad_samples": self._stream.n_bad_samples,
        }  # fmt: skip
        return last, about

    @property
    def _n_pixels(self) -> int:
        return sum(frame.image.shape[0] * frame.image.shape[1] for frame in self._frames)

    @property
    def latency_s(self) -> float:
        """How much later audio comes out than it goes in, without the time of computing."""
        return self._stream.latency_s

    def _message(self, enhanced: Waveform) -> bytes | None:
        if not enhanced.shape[-1]:
            return None
        time_s = self._n_given / self.options.sample_rate
        self._n_given += enhanced.shape[-1]
        return audio_message(enhanced, time_s=time_s)
