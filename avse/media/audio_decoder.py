"""One audio track of a container as float blocks without gaps, whatever its timestamps and packets are like."""

from collections.abc import Iterator
from contextlib import ExitStack
from fractions import Fraction
from itertools import chain, islice
from pathlib import Path

import av
import numpy as np

from avse.errors import MediaError
from avse.media.container import decode, open_container
from avse.media.flac_position import flac_position
from avse.media.layout import DEFAULT, native_layout
from avse.media.limits import MAX_GAP_S, MAX_SILENCE_S, check_audio_format
from avse.media.stated_channels import stated_channels
from avse.types import Waveform

GAP_S = 0.05
"""A hole in the timestamps that is longer is filled with silence; a shorter one is rounding."""
DAMAGED_GAP_S = 0.003
"""The same where packets were damaged, so that each lost packet keeps its time."""
SILENCE_SAMPLES = 65536
"""Most samples of silence in a block."""


class AudioDecoder:
    """Decodes one track through FFmpeg. A context manager."""

    def __init__(self, path: Path, *, track: int = 0, problems: list[str]) -> None:
        """Open a track.

        Args:
            path: any container with audio.
            track: index among its audio tracks.
            problems: gets a line for each stretch that could not be decoded.

        Raises:
            MediaError: there is no such track, or no codec for it, or its format is beyond the limits.
        """
        self._stack = ExitStack()
        self.path, self._problems = path, problems
        self._container = self._stack.enter_context(open_container(path, kind="audio"))
        try:
            self._stream = self._choose(track)
            context = self._stream.codec_context
            self.layout, self.n_channels = native_layout(context)
            self.sample_rate: int = context.sample_rate
            n_channels = self.n_channels or stated_channels(path) or 0
            check_audio_format(path, sample_rate=self.sample_rate, n_channels=n_channels)
            self._silence_s = 0.0
            self._position = self._n_damaged = 0
            self._frames = self._from_first_frames()
        except MediaError:
            self._stack.close()
            raise
        self.sample_format: str = context.format.name if context.format else ""
        self.bit_rate: int | None = context.bit_rate or None
        self._is_flac = context.name == "flac" and self._container.format.name == "flac"

    def force_format(self, sample_rate: int, n_channels: int) -> None:
        """Convert to a rate and channel count that another reader began with."""
        if n_channels != self.n_channels:
            self.n_channels, self.layout = n_channels, DEFAULT.get(n_channels, f"{n_channels} channels")
        self.sample_rate = sample_rate

    def blocks(self) -> Iterator[Waveform]:
        """Decode from the start to the end.

        Yields:
            `(channels, samples)` float32 at the rate and with the channels that the track begins with.

        Raises:
            MediaError: the timestamps jump beyond the limits, or the decoded format cannot be converted.
        """
        last: Waveform | None = None
        for block in self._all_blocks():
            self._position += block.shape[1]
            if last is not None:
                yield last
            last = block
        if last is not None:
            # MP4 says how much of the last coded frame is audio; the rest is the encoder's padding. A header that
            # says less than that is wrong, and everything is kept.
            known = self._known_samples()
            padding = self._position - known if known else 0
            yield last[:, : last.shape[1] - padding] if 0 < padding < last.shape[1] else last
        if self._n_damaged:
            self._problems.append(f"the end, from {self._position / self.sample_rate:.2f} s on, could not be decoded")

    def _all_blocks(self) -> Iterator[Waveform]:
        start_s: float | None = None
        converter = _Converter(self.path, rate=self.sample_rate, layout=self.layout, n_channels=self.n_channels)
        for frame, packet in self._frames:
            time_s = self._time_s(frame, packet)
            if time_s is not None:
                start_s = time_s if start_s is None else start_s
                yield from self._silence(time_s - start_s)
            yield from converter.push(frame)
        yield from converter.finish()

    def __enter__(self) -> "AudioDecoder":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _choose(self, track: int) -> "av.AudioStream":
        streams = self._container.streams.audio
        if not streams:
            raise MediaError(f"{self.path} must have audio but has none; name a file with an audio track")
        if track >= len(streams):
            raise MediaError(f"{self.path} must have audio track {track + 1} but has {len(streams)}; name another")
        if streams[track].codec_context is None:
            raise MediaError(f"audio {self.path} must be of a known codec but is not; convert it, or it may be damaged")
        return streams[track]

    def _from_first_frames(self) -> Iterator[tuple["av.AudioFrame", "av.Packet"]]:
        """Decode two frames, the last of which has the format that counts.

        A header may say another, as of a second stream that is joined on, and FFmpeg labels the first frame with it.
        """
        frames = decode(self._container, self._stream, on_damage=self._count_damage)
        first = list(islice(frames, 2))
        if first:
            frame = first[-1][0]
            self.layout, self.n_channels = frame.layout.name, frame.layout.nb_channels
            self.sample_rate = frame.sample_rate
            check_audio_format(self.path, sample_rate=self.sample_rate, n_channels=self.n_channels)
        return chain(first, frames)

    def _known_samples(self) -> int:
        duration, time_base = self._stream.duration, self._stream.time_base
        return round(float(duration * time_base) * self.sample_rate) if duration and time_base else 0

    def _time_s(self, frame: "av.AudioFrame", packet: "av.packet.Packet") -> float | None:
        # FFmpeg counts on where FLAC's frames are missing, or loses count; but they are numbered.
        sample = flac_position(bytes(packet), n_samples=frame.samples) if self._is_flac else None
        if sample is not None:
            self._n_damaged += 1  # a hole in a FLAC file is always damage
            return float(Fraction(sample, self.sample_rate))
        return None if frame.time is None else float(frame.time)

    def _count_damage(self) -> None:
        self._n_damaged += 1

    def _silence(self, time_s: float) -> Iterator[Waveform]:
        """Silence up to a time, where the track has a hole before it."""
        now_s = self._position / self.sample_rate
        hole_s = time_s - now_s
        if hole_s > (DAMAGED_GAP_S if self._n_damaged else GAP_S):
            self._silence_s += hole_s
            if hole_s > MAX_GAP_S or self._silence_s > MAX_SILENCE_S:
                raise MediaError(
                    f"audio {self.path} must continue in time but jumps from {now_s:.1f} s to {time_s:.1f} s; "
                    "its timestamps are damaged: export it again"
                )
            reason = "could not be decoded" if self._n_damaged else "is missing"
            self._problems.append(f"{hole_s:.2f} s at {now_s:.2f} s {reason}; silence there")
            missing = round(hole_s * self.sample_rate)
            for start in range(0, missing, SILENCE_SAMPLES):
                yield np.zeros((self.n_channels, min(SILENCE_SAMPLES, missing - start)), dtype=np.float32)
        self._n_damaged = 0


class _Converter:
    """Turns decoded frames into float blocks of one rate and channel count, also where a stream changes them."""

    def __init__(self, path: Path, *, rate: int, layout: str, n_channels: int) -> None:
        self._path, self._rate, self._layout, self._n_channels = path, rate, layout, n_channels
        self._resampler: av.AudioResampler | None = None
        self._source: tuple[str, str, int] | None = None

    def push(self, frame: "av.AudioFrame") -> Iterator[Waveform]:
        frame.pts = None
        source = (frame.format.name, frame.layout.name, frame.sample_rate)
        try:
            if source != self._source:
                yield from self.finish()
                check_audio_format(self._path, sample_rate=frame.sample_rate, n_channels=frame.layout.nb_channels)
                # Packed: PyAV reads beyond the end of a list of 8 or more planes, which kills the process.
                layout = frame.layout if frame.layout.nb_channels == self._n_channels else self._layout
                self._resampler = av.AudioResampler(format="flt", layout=layout, rate=self._rate)
                self._source = source
            for converted in self._resampler.resample(frame) if self._resampler else ():
                yield self._block(converted)
        except (av.FFmpegError, ValueError) as error:  # damage that the decoder let pass
            raise MediaError(f"audio {self._path} must be whole but is damaged ({error}); export it again") from None

    def finish(self) -> Iterator[Waveform]:
        resampler, self._resampler = self._resampler, None
        for converted in resampler.resample(None) if resampler else ():
            if converted is not None:
                yield self._block(converted)

    def _block(self, frame: "av.AudioFrame") -> Waveform:
        return np.ascontiguousarray(frame.to_ndarray().reshape(-1, self._n_channels).T)
