"""A live session: audio and video come in, enhanced audio goes out, and it is known how late."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from avse.faces.people import TimedImage
from avse.live.device import AudioSource
from avse.live.stream import StreamingEnhancer
from avse.types import Waveform

TRUSTED = 0.5
"""A mouth that changes the output by more than this counts as steering."""


class Sink(Protocol):
    """Takes enhanced audio."""

    def write(self, samples: Waveform) -> None:
        """Take samples, `(channels, samples)`."""
        ...


@dataclass
class LiveState:
    """What a session is like, at a moment or over all of it."""

    duration_s: float = 0.0
    """Audio taken so far."""
    input_db: float = -np.inf
    """Level of the last block, dB of full scale."""
    output_db: float = -np.inf
    """Level of the last enhanced block, dB of full scale."""
    latencies_s: list[float] = field(default_factory=list)
    """Of each enhanced block: from when its first sample sounded to when it was given out."""
    busy_s: float = 0.0
    """Time spent enhancing, without that of the video frames, which run beside it."""
    face: str = "no face"
    """`no face`, `face`, or `face steers` when its mouth changes the output."""
    n_video_frames: int = 0
    """Video frames processed."""
    n_skipped_video_frames: int = 0
    """Video frames that came while one was still processed, and were skipped."""

    @property
    def real_time_factor(self) -> float:
        """Time spent enhancing for each second of audio."""
        return self.busy_s / max(self.duration_s, 1e-9)

    def latency_ms(self, percentile: float = 50) -> float:
        """A percentile of the latencies, 0 before the first."""
        return 1000 * float(np.percentile(self.latencies_s, percentile)) if self.latencies_s else 0.0


class LiveSession:
    """Enhances from a source to sinks until the source ends; the video frames are processed in a thread of their own.

    When that thread is late it leaves video frames out; no audio is ever skipped.
    """

    def __init__(
        self, enhancer: StreamingEnhancer, *, audio: AudioSource, sinks: list[Sink], started_s: float | None = None
    ) -> None:
        """Set up.

        Args:
            enhancer: of the audio's rate and channels.
            audio: where it comes from.
            sinks: where it goes.
            started_s: `time.monotonic()` of the first sample; when `run` is called by default.
        """
        self._enhancer, self._audio, self._sinks = enhancer, audio, sinks
        self._started_s = started_s
        self._n_given = 0
        self._newest: TimedImage | None = None
        self._arrived = threading.Event()
        self._stopped = threading.Event()
        self._errors: list[Exception] = []
        self.state = LiveState()

    def now_s(self) -> float:
        """Seconds since the first sample; 0 before."""
        return 0.0 if self._started_s is None else time.monotonic() - self._started_s

    def stopped(self) -> bool:
        """True once the session ends."""
        return self._stopped.is_set()

    def stop(self) -> None:
        """End the session after the block at hand."""
        self._stopped.set()

    def run(
        self, video_frames: Iterator[TimedImage] | None, *, show: Callable[[LiveState], None] = lambda state: None
    ) -> LiveState:
        """Enhance until the audio ends or `stop` is called.

        Args:
            video_frames: of the camera, at its own pace; None enhances audio-only.
            show: is called after every block.

        Raises:
            Exception: what went wrong while the source was read or video frames were taken, after the rest was given.
        """
        self._started_s = time.monotonic() if self._started_s is None else self._started_s
        threads = []
        if video_frames is not None:
            threads = [threading.Thread(target=self._guarded, args=(work,), daemon=True)
                       for work in (lambda: self._take(video_frames), self._look)]  # fmt: skip
        for thread in threads:
            thread.start()
        try:
            try:
                for block in self._audio.blocks(now_s=self.now_s):
                    self._enhance(block)
                    show(self.state)
                    if self.stopped():
                        break
            finally:
                # Also after Ctrl-C and when the source fails: what was taken until then is given.
                self._give(self._enhancer.flush())
        finally:
            self._stopped.set()
            self._arrived.set()
            for thread in threads:
                thread.join(timeout=2)
        if self._errors:
            raise self._errors[0]
        return self.state

    def _enhance(self, block: Waveform) -> None:
        state = self.state
        begun_s = time.monotonic()
        enhanced = self._enhancer.push(block)
        state.busy_s += time.monotonic() - begun_s
        state.duration_s += block.shape[1] / self._audio.sample_rate
        state.input_db = _level_db(block)
        steers = self._enhancer.trust > TRUSTED
        state.face = "no face" if not self._enhancer.face_seen else "face steers" if steers else "face"
        if enhanced.shape[1]:
            oldest_s = self._n_given / self._audio.sample_rate
            self._give(enhanced)
            state.output_db = _level_db(enhanced)
            state.latencies_s.append(self.now_s() - oldest_s)

    def _give(self, samples: Waveform) -> None:
        for sink in self._sinks:
            sink.write(samples)
        self._n_given += samples.shape[1]

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001 - reported to the thread that called `run`
            self._errors.append(error)

    def _take(self, video_frames: Iterator[TimedImage]) -> None:
        for video_frame in video_frames:
            if self.stopped():
                return
            self.state.n_skipped_video_frames += self._newest is not None
            self._newest = video_frame
            self._arrived.set()

    def _look(self) -> None:
        while not self.stopped():
            self._arrived.wait(timeout=0.1)
            self._arrived.clear()
            video_frame, self._newest = self._newest, None
            if video_frame is not None:
                self._enhancer.follower.push(video_frame.image, time_s=video_frame.time_s)
                self.state.n_video_frames += 1


def _level_db(samples: Waveform) -> float:
    return float(10 * np.log10(np.mean(np.square(samples, dtype=np.float64)) + 1e-12))
