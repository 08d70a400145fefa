"""Sound from any file, block by block, and back with the same rate, channels and length.

libsndfile reads what it knows (wav, flac, ogg, mp3, ...) to the exact sample; FFmpeg, through PyAV, reads the sound of
every other container.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import av
import numpy as np
import numpy.typing as npt
import soundfile

from avse.errors import MediaError
from avse.media.output import beside

Waveform = npt.NDArray[np.float32]

BLOCK_SAMPLES = 65536
GAP_S = 0.05
"""A hole in the timestamps of a container's sound that is longer is filled with silence; a shorter one is rounding."""
LOSSLESS = ("PCM_S8", "PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE")
FLOATING = ("FLOAT", "DOUBLE")
WRITABLE = {
    ".wav": "WAV",
    ".flac": "FLAC",
    ".ogg": "OGG",
    ".mp3": "MP3",
    ".aiff": "AIFF",
    ".aif": "AIFF",
    ".w64": "W64",
}
SOUNDS = (*WRITABLE, ".m4a", ".aac", ".opus", ".wma", ".oga")
"""Suffixes of sound files."""


@dataclass(frozen=True)
class AudioInfo:
    """What a file's sound is like."""

    path: Path
    sample_rate: int
    """Hz."""
    n_channels: int
    n_samples: int | None
    """Per channel; None where only reading to the end tells."""
    subtype: str
    """Sample type that a written copy should have, in libsndfile's names; PCM_16 for what was coded with loss."""


class AudioReader:
    """One pass over a file's sound, in bounded memory. A context manager."""

    def __init__(self, path: Path) -> None:
        """Open a file.

        Args:
            path: a sound file, or any container with sound.

        Raises:
            MediaError: the file is missing, a folder, empty, damaged, or without sound.
        """
        check_file(path, kind="sound")
        self._stack = ExitStack()
        self._container: av.container.InputContainer | None = None
        try:
            self._file = self._stack.enter_context(soundfile.SoundFile(str(path)))
        except soundfile.LibsndfileError:
            self._container = self._stack.enter_context(open_container(path, kind="sound"))
            self._stream = self._sound_stream(path)
            rate, channels = self._stream.rate, self._stream.channels
            self.info = AudioInfo(path, rate, channels, None, _subtype(self._stream.format.name))
        else:
            subtype = self._file.subtype if self._file.subtype in LOSSLESS else "PCM_16"
            self.info = AudioInfo(path, self._file.samplerate, self._file.channels, self._file.frames, subtype)

    def blocks(self, n_samples: int = BLOCK_SAMPLES) -> Iterator[Waveform]:
        """Read from the start to the end.

        Args:
            n_samples: samples per channel in each block but the last; FFmpeg's blocks are as long as it makes them.

        Yields:
            `(channels, samples)` float32, full scale +-1.

        Raises:
            MediaError: a sample is not a finite number, or there are none at all.
        """
        position = 0
        for block in self._ffmpeg_blocks() if self._container else self._libsndfile_blocks(n_samples):
            finite = np.isfinite(block)
            if not finite.all():
                time_s = (position + int(np.argmin(finite.all(axis=0)))) / self.info.sample_rate
                raise MediaError(
                    f"sound {self.info.path} must hold finite numbers but is NaN or infinite at {time_s:.2f} s; "
                    "export it anew"
                )
            position += block.shape[1]
            yield block
        if position == 0:
            raise MediaError(f"sound {self.info.path} must hold samples but is empty; record or export it anew")

    def __enter__(self) -> "AudioReader":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _libsndfile_blocks(self, n_samples: int) -> Iterator[Waveform]:
        while True:
            block = self._file.read(n_samples, dtype="float32", always_2d=True)
            if len(block) == 0:
                return
            yield np.ascontiguousarray(block.T)

    def _sound_stream(self, path: Path) -> "av.AudioStream":
        streams = self._container.streams.audio if self._container else ()
        if not streams:
            self._stack.close()
            raise MediaError(f"{path} must have sound but has none; name a file with a sound track")
        if streams[0].codec_context is None:
            self._stack.close()
            raise MediaError(f"sound {path} must be of a known codec but is not; convert it, or it may be damaged")
        return streams[0]

    def _ffmpeg_blocks(self) -> Iterator[Waveform]:
        info, stream, position = self.info, self._stream, 0
        start_s: float | None = None
        # MP4 says how much of the last coded frame is sound; the rest is the encoder's padding.
        known = round(float(stream.duration * stream.time_base) * info.sample_rate) if stream.duration else 0
        to_float = av.AudioResampler(format="fltp", layout=stream.layout, rate=info.sample_rate)
        for frame in decode(self._container, stream):
            if frame.time is not None:
                start_s = frame.time if start_s is None else start_s
                hole = round((frame.time - start_s) * info.sample_rate) - position
                if hole > GAP_S * info.sample_rate:
                    yield np.zeros((info.n_channels, hole), dtype=np.float32)
                    position += hole
            frame.pts = None
            try:
                blocks = to_float.resample(frame)
            except av.FFmpegError as error:  # damage that the decoder let pass
                raise MediaError(f"sound {info.path} must be whole but is damaged ({error}); export it anew") from None
            for converted in blocks:
                block = converted.to_ndarray()
                ends_inside_block = 0 < known - position < block.shape[1]
                yield block[:, : known - position] if ends_inside_block else block
                position += block.shape[1]


class AudioWriter:
    """A sound file, written beside its place and renamed when complete. A context manager."""

    def __init__(
        self, path: Path, *, sample_rate: int, n_channels: int, subtype: str = "PCM_16", force: bool = False
    ) -> None:
        """Open a file for writing.

        Args:
            path: its suffix, one of `WRITABLE`, chooses the format.
            sample_rate: Hz.
            n_channels: of every block.
            subtype: sample type in libsndfile's names; the format's own where it does not know this one.
            force: replace a file that exists.

        Raises:
            MediaError: unknown suffix, or the place cannot be written.
        """
        check_writable_suffix(path)
        kind = WRITABLE[path.suffix.lower()]
        known = soundfile.check_format(kind, subtype)
        self._subtype = subtype if known else soundfile.default_subtype(kind)
        self._stack = ExitStack()
        temporary = self._stack.enter_context(beside(path, force=force))
        try:
            self._file = self._stack.enter_context(
                soundfile.SoundFile(str(temporary), "w", sample_rate, n_channels, self._subtype, format=kind)
            )
        except soundfile.LibsndfileError as error:
            refusal = MediaError(
                f"output {path} must hold {n_channels} channels at {sample_rate} Hz but {kind} cannot "
                f"({error.error_string.strip(' .')}); write a .wav"
            )
            self._stack.__exit__(MediaError, refusal, None)
            raise refusal from None

    def write(self, block: Waveform) -> None:
        """Append samples; beyond full scale they are clipped where the sample type cannot hold them.

        Args:
            block: `(channels, samples)`.
        """
        samples = block if self._subtype in FLOATING else np.clip(block, -1, 1)
        self._file.write(np.ascontiguousarray(samples.T))

    def __enter__(self) -> "AudioWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)


def probe_audio(path: Path) -> AudioInfo:
    """Rate, channels and length of a file's sound, without reading it.

    Raises:
        MediaError: as `AudioReader`.
    """
    with AudioReader(path) as reader:
        return reader.info


def read_audio(path: Path) -> tuple[Waveform, int]:
    """Read all of a file's sound.

    Returns:
        `(channels, samples)` and the sample rate in Hz.

    Raises:
        MediaError: as `AudioReader` and its `blocks`.
    """
    with AudioReader(path) as reader:
        return np.concatenate(list(reader.blocks()), axis=1), reader.info.sample_rate


def check_writable_suffix(path: Path) -> None:
    """Make sure that a sound file of this name can be written.

    Raises:
        MediaError: its suffix is not one of `WRITABLE`.
    """
    if path.suffix.lower() not in WRITABLE:
        raise MediaError(f"output {path} must end in one of {' '.join(WRITABLE)} but does not; change its name")


def check_file(path: Path, *, kind: str) -> None:
    """Make sure that a file is there and holds something.

    Args:
        path: the file.
        kind: what it should be, for the message.

    Raises:
        MediaError: missing, a folder, unreadable, or of no length.
    """
    if path.is_dir():
        raise MediaError(f"{kind} {path} must be a file but is a folder; name a file in it")
    try:
        with path.open("rb") as file:
            empty = not file.read(1)
    except FileNotFoundError:
        raise MediaError(f"{kind} {path} must exist but does not; check the name") from None
    except OSError as error:
        raise MediaError(f"{kind} {path} must be readable but is not ({error.strerror}); check its rights") from None
    if empty:
        raise MediaError(f"{kind} {path} must hold data but has no bytes; record or download it again")


def open_container(path: Path, *, kind: str) -> "av.container.InputContainer":
    """Open a file through FFmpeg.

    Raises:
        MediaError: FFmpeg knows no such format, or the file is damaged.
    """
    try:
        return av.open(str(path))
    except (av.FFmpegError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise MediaError(
            f"{kind} {path} must be media that FFmpeg reads but is not ({reason}); it may be cut off or of another kind"
        ) from None


def decode(container: "av.container.InputContainer", stream: "av.stream.Stream") -> Iterator["av.frame.Frame"]:
    """Decode one stream and step over damaged packets, as a player does."""
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets)
            frames = packet.decode()
        except StopIteration:
            return
        except av.EOFError:
            return
        except av.FFmpegError:
            continue
        yield from frames


def _subtype(sample_format: str) -> str:
    """Sample type for a copy of what FFmpeg decodes to `sample_format`; float also stands for lossy codecs."""
    return {"s32": "PCM_24", "s32p": "PCM_24"}.get(sample_format, "PCM_16")
