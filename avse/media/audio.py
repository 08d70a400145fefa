"""Audio from any file, block by block, with its exact rate, channels and length.

libsndfile reads what it knows (wav, flac, ogg, mp3, ...) to the exact sample; FFmpeg, through PyAV, reads the audio of
every other container, and what libsndfile gives up on.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from avse.errors import MediaError
from avse.media.audio_decoder import AudioDecoder
from avse.media.audio_writer import BLOCK_SAMPLES, AudioWriter, check_writable_suffix
from avse.media.blocks import joined
from avse.media.container import check_file
from avse.media.limits import MAX_AMPLITUDE, check_audio_format
from avse.media.mp3_joined import is_joined
from avse.media.suffixes import WRITABLE
from avse.types import Waveform

__all__ = [
    "BLOCK_SAMPLES",
    "WRITABLE",
    "AudioInfo",
    "AudioReader",
    "AudioWriter",
    "Waveform",
    "check_file",
    "check_writable_suffix",
    "probe_audio",
    "read_audio",
]


LOSSLESS = ("PCM_S8", "PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE")
SHORT_S = 0.02
"""A file that holds less than its header says is reported as cut off if so much or more is missing."""


@dataclass(frozen=True)
class AudioInfo:
    """What a file's audio is like."""

    path: Path
    sample_rate: int
    """Hz."""
    n_channels: int
    n_samples: int | None
    """Per channel; None where only reading to the end shows it."""
    subtype: str
    """Sample type that a written copy should have, in libsndfile's names; PCM_16 for what was coded with loss."""
    layout: str = ""
    """FFmpeg's name of the channel layout; empty where the file has none."""
    bit_rate: int | None = None
    """Bits a second of a lossy codec, where the container says."""


class AudioReader:
    """One pass over a file's audio, in bounded memory. A context manager."""

    def __init__(self, path: Path, *, track: int = 0) -> None:
        """Open a file.

        Args:
            path: an audio file, or any container with audio.
            track: index among its audio tracks.

        Raises:
            MediaError: the file is missing, a folder, empty, damaged, without this track, or beyond the limits of
                `avse.media.limits`.
        """
        check_file(path, kind="audio")
        self._path, self._track = path, track
        self._stack = ExitStack()
        self._decoder: AudioDecoder | None = None
        self._file = None if track else _open_libsndfile(path)
        self.problems: list[str] = []
        """What of the audio could not be decoded so far, one line each."""
        try:
            if self._file is None:
                self._decoder = self._stack.enter_context(AudioDecoder(path, track=track, problems=self.problems))
                self.info = _decoder_info(self._decoder)
            else:
                self._stack.enter_context(self._file)
                self.info = _libsndfile_info(path, self._file)
            check_audio_format(path, sample_rate=self.info.sample_rate, n_channels=self.info.n_channels)
        except MediaError:
            self._stack.close()
            raise

    def blocks(self, n_samples: int = BLOCK_SAMPLES) -> Iterator[Waveform]:
        """Read from the start to the end.

        Args:
            n_samples: samples per channel in each block but the last.

        Yields:
            `(channels, samples)` float32, full scale +-1.

        Raises:
            MediaError: a sample is not a finite number or far beyond full scale, or there are none at all.
        """
        position = 0
        # FFmpeg's blocks are some 20 ms long: a network takes half the time where it gets more at once.
        blocks = joined(self._decoder.blocks(), n_samples) if self._decoder else self._libsndfile_blocks(n_samples)
        for block in blocks:
            self._check_samples(block, position)
            position += block.shape[1]
            yield block
        if position == 0:
            raise MediaError(f"audio {self._path} must hold samples but is empty; record or export it again")
        self._report_missing_end(position)

    def __enter__(self) -> "AudioReader":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _check_samples(self, block: Waveform, position: int) -> None:
        within = np.abs(block) <= MAX_AMPLITUDE  # False for NaN
        if within.all():
            return
        index = int(np.argmin(within.all(axis=0)))
        time_s = (position + index) / self.info.sample_rate
        if np.isfinite(block[:, index]).all():
            raise MediaError(
                f"audio {self._path} must lie within +-{MAX_AMPLITUDE:g} (full scale is 1) but is "
                f"{np.abs(block[:, index]).max():.3g} at {time_s:.2f} s; scale it down"
            )
        raise MediaError(
            f"audio {self._path} must hold finite numbers but is NaN or infinite at {time_s:.2f} s; export it again"
        )

    def _libsndfile_blocks(self, n_samples: int) -> Iterator[Waveform]:
        position = 0
        while self._file is not None:
            try:
                block = self._file.read(n_samples, dtype="float32", always_2d=True)
            except (soundfile.LibsndfileError, RuntimeError):
                yield from self._after_damage(position)
                return
            if len(block) == 0:
                return
            position += len(block)
            yield np.ascontiguousarray(block.T)

    def _after_damage(self, position: int) -> Iterator[Waveform]:
        """What FFmpeg decodes beyond a place where libsndfile gave up."""
        try:
            self._decoder = self._stack.enter_context(AudioDecoder(self._path, problems=self.problems))
        except MediaError:
            time_s = position / self.info.sample_rate
            self.problems.append(f"what follows {time_s:.1f} s could not be decoded and is missing")
            return
        self._decoder.force_format(self.info.sample_rate, self.info.n_channels)
        done = 0
        for block in self._decoder.blocks():
            new = block[:, max(0, position - done) :]
            done += block.shape[1]
            if new.shape[1]:
                yield new

    def _report_missing_end(self, n_decoded: int) -> None:
        expected = self.info.n_samples
        missing_s = 0.0 if expected is None else (expected - n_decoded) / self.info.sample_rate
        if expected is not None and missing_s >= SHORT_S:
            self.problems[:] = [problem for problem in self.problems if not problem.startswith("the end")]
            self.problems.append(
                f"the last {missing_s:.1f} of {expected / self.info.sample_rate:.1f} s could not be decoded; "
                "the file is cut off or damaged"
            )


def probe_audio(path: Path) -> AudioInfo:
    """Rate, channels and length of a file's audio, without reading it.

    Raises:
        MediaError: as `AudioReader`.
    """
    with AudioReader(path) as reader:
        return reader.info


def read_audio(path: Path, *, track: int = 0) -> tuple[Waveform, int]:
    """Read all of a file's audio.

    Args:
        path: an audio file, or any container with audio.
        track: index among its audio tracks.

    Returns:
        `(channels, samples)` and the sample rate in Hz.

    Raises:
        MediaError: as `AudioReader` and its `blocks`.
    """
    with AudioReader(path, track=track) as reader:
        return np.concatenate(list(reader.blocks()), axis=1), reader.info.sample_rate


def _open_libsndfile(path: Path) -> soundfile.SoundFile | None:
    """The file, or None if it is for FFmpeg: of another kind, or with a header that says that nothing follows."""
    # Absolute: libsndfile takes a file named "-" for the standard input. Bytes: names need not be UTF-8.
    name = str(path.absolute())
    try:
        file = soundfile.SoundFile(name if sys.platform == "win32" else os.fsencode(name))
    except (soundfile.LibsndfileError, TypeError):  # TypeError: a suffix such as .raw, which has no header
        return None
    # A recorder that crashed leaves a data size of 0; players read on to the end. Ogg has an order of channels of its
    # own, which libsndfile leaves as it is.
    ended_early = file.frames == 0 or (file.format == "MP3" and is_joined(path))
    if ended_early or (file.format == "OGG" and file.channels > 2):
        file.close()
        return None
    return file


def _libsndfile_info(path: Path, file: soundfile.SoundFile) -> AudioInfo:
    subtype = file.subtype if file.subtype in LOSSLESS else "PCM_16"
    lossy_rate = None
    if file.format in ("MP3", "OGG") and file.frames and file.samplerate:
        lossy_rate = round(8 * path.stat().st_size * file.samplerate / file.frames)
    return AudioInfo(path, file.samplerate, file.channels, file.frames, subtype, bit_rate=lossy_rate)


def _decoder_info(decoder: AudioDecoder) -> AudioInfo:
    # Integers of 24 or 32 bits; float stands for lossy codecs, and for float PCM.
    subtype = {"s32": "PCM_24", "s32p": "PCM_24"}.get(decoder.sample_format, "PCM_16")
    return AudioInfo(
        decoder.path, decoder.sample_rate, decoder.n_channels, None, subtype, decoder.layout, decoder.bit_rate
    )
