"""Audio files, verified and written atomically."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

import av
import numpy as np
import soundfile

from avse.errors import MediaError
from avse.media.audio_decoder import AudioDecoder
from avse.media.checked_file import CheckedFile
from avse.media.container import open_output
from avse.media.encode import AudioTrack, StoredAs, encoding_for
from avse.media.mp3_length import write_length
from avse.media.output import atomic_write
from avse.media.suffixes import FFMPEG_AUDIO, LIBSNDFILE, WRITABLE
from avse.media.tags import Tags
from avse.types import Waveform

BLOCK_SAMPLES = 65536
SHORTEST_S = 0.02
"""Of less audio a resampler or a codec may keep nothing: a frame of Opus is as long."""
FLOATING = ("FLOAT", "DOUBLE")
FORMATS = {".m4a": "ipod", ".mp3": "mp3", ".opus": "opus", ".flac": "flac"}
"""FFmpeg's names of what it writes here, by suffix."""
OGG_ORDER = {
    3: (0, 2, 1), 5: (0, 2, 1, 3, 4), 6: (0, 2, 1, 4, 5, 3), 7: (0, 2, 1, 5, 6, 4, 3), 8: (0, 2, 1, 6, 7, 4, 5, 3),
}  # fmt: skip
"""Channels of the usual layouts in the order of Vorbis (specification, section 4.3.9)."""


class AudioWriter:
    """An audio file, written atomically. A context manager."""

    def __init__(
        self,
        path: Path,
        *,
        sample_rate: int,
        n_channels: int,
        subtype: str = "PCM_16",
        force: bool = False,
        bit_rate: int | None = None,
        tags: Tags | None = None,
    ) -> None:
        """Open a file for writing.

        Args:
            path: its suffix, one of `WRITABLE`, chooses the format.
            sample_rate: Hz; .opus files are at 48 kHz whatever it is, .mp3 and .m4a at the nearest that they know.
            n_channels: of every block.
            subtype: sample type in libsndfile's names; the format's own where it does not know this one.
            force: replace a file that exists.
            bit_rate: bits a second of a lossy format; a sensible one by default.
            tags: title, artist and cover to store.

        Raises:
            MediaError: unknown suffix, a format that the file cannot hold, or a place that cannot be written.
        """
        check_writable_suffix(path)
        self._path, self._n_samples = path, 0
        self._stack = ExitStack()
        temporary = self._stack.enter_context(atomic_write(path, force=force))
        sink: _LibsndfileSink | _FFmpegSink
        try:
            # libsndfile stores no cover.
            is_flac_with_cover = path.suffix.lower() == ".flac" and tags is not None and tags.cover is not None
            if path.suffix.lower() in FFMPEG_AUDIO or is_flac_with_cover:
                bits = 24 if subtype not in ("PCM_S8", "PCM_U8", "PCM_16") else 16
                sink = _FFmpegSink(
                    temporary, rate=sample_rate, n_channels=n_channels, bit_rate=bit_rate, bits=bits, tags=tags
                )
            else:
                sink = _LibsndfileSink(temporary, rate=sample_rate, n_channels=n_channels, subtype=subtype, tags=tags)
        except (soundfile.LibsndfileError, av.FFmpegError, ValueError, MediaError) as error:
            reason = getattr(error, "error_string", None) or error
            refusal = MediaError(
                f"output {path} must hold {n_channels} channels at {sample_rate} Hz but cannot "
                f"({str(reason).strip(' .')}); write a .wav"
            )
            self._stack.__exit__(MediaError, refusal, None)
            raise refusal from None
        self._sink, self._temporary, self._rate = sink, temporary, sample_rate

    def write(self, block: Waveform) -> None:
        """Append samples; beyond full scale they are clipped where the sample type cannot hold them.

        Args:
            block: `(channels, samples)`.

        Raises:
            MediaError: the disk is full, or the encoder fails.
        """
        with self._named_errors():
            self._sink.write(block)
        self._n_samples += block.shape[1]

    def __enter__(self) -> "AudioWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                with self._named_errors():
                    self._sink.close()
                self._verify()
            else:
                self._sink.abandon()
        except BaseException as failure:
            self._stack.__exit__(type(failure), failure, failure.__traceback__)
            raise
        self._stack.__exit__(kind, error, trace)

    @contextmanager
    def _named_errors(self) -> Iterator[None]:
        try:
            yield
        except (soundfile.LibsndfileError, av.FFmpegError, OSError) as error:
            reason = getattr(error, "strerror", None) or getattr(error, "error_string", None) or error
            raise MediaError(
                f"output {self._path} must be written whole but was not ({str(reason).strip(' .')}); "
                "make space or choose another place"
            ) from None

    def _verify(self) -> None:
        """Compare the length of what lies on the disk with what was given, before it gets its name."""
        try:
            rate, n_samples = self._sink.stored_length(self._temporary)
        except (MediaError, soundfile.LibsndfileError):  # which name the temporary file
            is_short = self._n_samples < SHORTEST_S * self._rate
            advice = "it is too short for its codec: write a .wav" if is_short else "make space or choose another place"
            raise MediaError(
                f"output {self._path} must hold {self._n_samples} samples at {self._rate} Hz but cannot be read back; "
                f"{advice}"
            ) from None
        expected = self._n_samples * rate / self._rate
        if abs(n_samples - expected) > self._sink.slack:
            raise MediaError(
                f"output {self._path} must hold {expected / rate:.2f} s but only {n_samples / rate:.2f} s of it were "
                "stored; make space or choose another place"
            )


class _LibsndfileSink:
    slack = 0.0

    def __init__(self, path: Path, *, rate: int, n_channels: int, subtype: str, tags: Tags | None) -> None:
        kind = LIBSNDFILE[path.suffix.lower()]
        known = soundfile.check_format(kind, subtype)
        self._subtype = subtype if known else soundfile.default_subtype(kind)
        raw: BinaryIO = path.open("w+b")
        self._raw = CheckedFile(raw)
        try:
            self._file = soundfile.SoundFile(self._raw, "w", rate, n_channels, self._subtype, format=kind)
        except BaseException:
            raw.close()
            raise
        for name, value in (tags.text if tags else {}).items():
            if name in ("title", "artist", "album", "date", "genre", "comment", "copyright"):
                setattr(self._file, name, value)

    def write(self, block: Waveform) -> None:
        samples = block if self._subtype in FLOATING else np.clip(block, -1, 1)
        if self._file.format == "OGG" and len(samples) in OGG_ORDER:
            samples = samples[list(OGG_ORDER[len(samples)])]
        self._file.write(np.ascontiguousarray(samples.T))
        self._raw.check()

    def close(self) -> None:
        # libsndfile loses what the disk says when the last page of an Ogg file is written.
        self._file.close()
        self._raw.close()
        self._raw.check()

    def abandon(self) -> None:
        with suppress(soundfile.LibsndfileError):
            self._file.close()
        self._raw.close()

    def stored_length(self, path: Path) -> tuple[int, int]:
        with path.open("rb") as raw, soundfile.SoundFile(raw) as file:
            if file.format != "OGG":
                return file.samplerate, file.frames
            return file.samplerate, sum(len(block) for block in file.blocks(BLOCK_SAMPLES, dtype="float32"))


class _FFmpegSink:
    def __init__(
        self, path: Path, *, rate: int, n_channels: int, bit_rate: int | None, bits: int, tags: Tags | None
    ) -> None:
        suffix = path.suffix.lower()
        encoding = encoding_for(
            FORMATS[suffix], sample_rate=rate, n_channels=n_channels, source=StoredAs(bits=bits), bit_rate=bit_rate
        )
        # An MP4 counts its length in thousandths by default, too coarse to end on the right sample.
        fine = {"movie_timescale": str(encoding.sample_rate)} if suffix == ".m4a" else {}
        self._container = open_output(path, options=fine)
        self._closed = False
        try:
            self._track = AudioTrack(self._container, encoding, source_rate=rate)
            self._path, self._rate, self.slack = path, encoding.sample_rate, encoding.length_slack
            if tags is not None:
                tags.write(self._container, suffix=path.suffix)
        except BaseException:
            self.abandon()
            raise

    def write(self, block: Waveform) -> None:
        self._track.write(block)

    def close(self) -> None:
        self._track.finish()
        self._closed = True
        self._container.close()
        if self._path.suffix.lower() == ".mp3":
            write_length(self._path, round(self._track.time_s * self._rate), sample_rate=self._rate)

    def abandon(self) -> None:
        if not self._closed:
            self._closed = True
            with suppress(av.FFmpegError, OSError):
                self._container.close()

    def stored_length(self, path: Path) -> tuple[int, int]:
        problems: list[str] = []
        with AudioDecoder(path, problems=problems) as decoder:
            return decoder.sample_rate, sum(block.shape[1] for block in decoder.blocks())


def check_writable_suffix(path: Path) -> None:
    """Validate that an audio file of this name can be written.

    Raises:
        MediaError: its suffix is not one of `WRITABLE`.
    """
    if path.suffix.lower() not in WRITABLE:
        raise MediaError(f"output {path} must end in one of {' '.join(WRITABLE)} but does not; change its name")
