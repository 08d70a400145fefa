"""Audio as a microphone gives it and a loudspeaker takes it, or as a file would give it now."""

import queue
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

import numpy as np

from avse.errors import InputError, MissingExtraError
from avse.media.audio import AudioReader
from avse.types import Waveform

BLOCK_S = 0.016
"""Audio that is taken and given at once."""
MOST_WAITING_S = 0.5
"""Enhanced audio that may wait for a slow loudspeaker; older audio is dropped, so that the delay does not grow."""


class AudioSource(Protocol):
    """Gives audio at the pace of the world."""

    sample_rate: int
    n_channels: int

    def blocks(self, *, now_s: Callable[[], float]) -> Iterator[Waveform]:
        """Blocks `(channels, samples)` as soon as their last sample has sounded; `now_s` counts from the first."""
        ...


class FileAudio:
    """A file's audio as if it were heard now. A context manager."""

    def __init__(self, path: Path) -> None:
        """Open a file; raises as `avse.media.audio.AudioReader` does."""
        self._reader = AudioReader(path)
        self.sample_rate, self.n_channels = self._reader.info.sample_rate, self._reader.info.n_channels

    def blocks(self, *, now_s: Callable[[], float]) -> Iterator[Waveform]:
        """As of `AudioSource`."""
        size, position = max(1, round(BLOCK_S * self.sample_rate)), 0
        for large in self._reader.blocks(size):
            for start in range(0, large.shape[1], size):
                block = large[:, start : start + size]
                position += block.shape[1]
                time.sleep(max(0.0, position / self.sample_rate - now_s()))
                yield block

    def __enter__(self) -> "FileAudio":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._reader.__exit__(kind, error, trace)


class Microphone:
    """A microphone's audio. A context manager."""

    def __init__(self, device: int | str | None, *, sample_rate: int, stopped: Callable[[], bool]) -> None:
        """Open a microphone.

        Args:
            device: number or name as `avse-live --list-devices` shows; None takes the system's.
            sample_rate: Hz.
            stopped: True when no more audio is wanted.

        Raises:
            MissingExtraError: sounddevice is not installed.
            InputError: there is no such device, or not at this rate.
        """
        self.sample_rate, self.n_channels, self._stopped = sample_rate, 1, stopped
        self._waiting: queue.Queue[Waveform] = queue.Queue()
        sounddevice = load_sounddevice()
        self._stream = _opened(
            sounddevice.InputStream,
            "microphone",
            device=device,
            channels=1,
            samplerate=sample_rate,
            blocksize=round(BLOCK_S * sample_rate),
            dtype="float32",
            callback=self._take,
        )

    def _take(self, block: Any, n_samples: int, times: Any, status: Any) -> None:
        self._waiting.put(np.ascontiguousarray(block.T))

    def blocks(self, *, now_s: Callable[[], float]) -> Iterator[Waveform]:
        """As of `AudioSource`."""
        while not self._stopped():
            try:
                yield self._waiting.get(timeout=0.1)
            except queue.Empty:
                continue

    def __enter__(self) -> "Microphone":
        self._stream.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()


class Playback:
    """Audio that waits to be played, at most `MOST_WAITING_S` of it; when there is none, silence is played."""

    def __init__(self, *, sample_rate: int, n_channels: int) -> None:
        """Set up."""
        self._most = round(MOST_WAITING_S * sample_rate)
        self._waiting: queue.SimpleQueue[Waveform] = queue.SimpleQueue()
        self._begun = np.zeros((n_channels, 0), dtype=np.float32)
        self._n_waiting = 0
        self.n_dropped = 0
        """Samples that the loudspeaker was too slow for."""

    def write(self, samples: Waveform) -> None:
        """Let samples wait, `(channels, samples)`."""
        self._waiting.put(samples)
        self._n_waiting += samples.shape[1]

    def drain(self) -> None:
        """Wait until all is played, for as long as it may take."""
        until_s = time.monotonic() + 2 * MOST_WAITING_S
        while not self.is_empty and time.monotonic() < until_s:
            time.sleep(BLOCK_S)

    @property
    def is_empty(self) -> bool:
        """True when nothing waits to be played."""
        return self._waiting.empty() and self._begun.shape[1] == 0

    def take(self, n_samples: int) -> Waveform:
        """The next samples to play, `(channels, n_samples)`."""
        while not self._waiting.empty():
            self._begun = np.concatenate([self._begun, self._waiting.get()], axis=1)
        too_many = max(0, self._begun.shape[1] - max(self._most, n_samples))
        self.n_dropped += too_many
        played, self._begun = np.split(self._begun[:, too_many:], [n_samples], axis=1)
        return np.pad(played, ((0, 0), (0, n_samples - played.shape[1])))


class Loudspeaker(Playback):
    """A loudspeaker or headphones. A context manager."""

    def __init__(self, device: int | str | None, *, sample_rate: int, n_channels: int) -> None:
        """Open a loudspeaker; arguments and errors as of `Microphone`."""
        super().__init__(sample_rate=sample_rate, n_channels=n_channels)
        self._stream = _opened(
            load_sounddevice().OutputStream,
            "loudspeaker",
            device=device,
            channels=n_channels,
            samplerate=sample_rate,
            blocksize=round(BLOCK_S * sample_rate),
            dtype="float32",
            callback=self._give,
        )

    def _give(self, block: Any, n_samples: int, times: Any, status: Any) -> None:
        block[:] = self.take(n_samples).T

    def __enter__(self) -> "Loudspeaker":
        self._stream.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.drain()
        self._stream.stop()
        self._stream.close()


def load_sounddevice() -> Any:
    """The package that knows the sound card.

    Raises:
        MissingExtraError: it, or the PortAudio library beneath it, is not installed.
    """
    try:
        import sounddevice
    except (ImportError, OSError) as error:
        raise MissingExtraError(
            f"sounddevice must be installed for live audio but is not ({error}); pip install 'avse[live]', "
            "on Linux with the system's libportaudio2"
        ) from None
    return sounddevice


def _opened(kind: Callable[..., Any], name: str, **options: Any) -> Any:
    try:
        return kind(**options)
    except (ValueError, load_sounddevice().PortAudioError) as error:
        raise InputError(
            f"{name} {options['device']!r} must be there and run at {options['samplerate']} Hz but does not ({error}); "
            "see the list of devices"
        ) from None
