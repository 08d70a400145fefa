"""Encoding audio into a container: which codec, rate and layout it can hold, and the encoder itself."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction

import av
import numpy as np

from avse.errors import MediaError
from avse.media.layout import writable_layout
from avse.types import Waveform

RATES_HZ = {
    "aac": (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000),
    "libopus": (48000,),
    "libmp3lame": (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000),
    "mp2": (32000, 44100, 48000),
    "ac3": (32000, 44100, 48000),
    "wmav2": (8000, 11025, 16000, 22050, 32000, 44100, 48000),
}
"""Sample rates that a codec knows; codecs that are not named here take any."""
SAMPLE_FORMATS = {
    "aac": "fltp", "libopus": "flt", "libmp3lame": "fltp", "mp2": "s16", "ac3": "fltp", "wmav2": "fltp", "alac": "s32p",
    "flac": "s32", "pcm_s16le": "s16", "pcm_s24le": "s32", "pcm_f32le": "flt",
}  # fmt: skip
BIT_RATES = {
    "aac": (64_000, 96_000, 192_000),
    "libopus": (24_000, 64_000, 256_000),
    "libmp3lame": (32_000, 96_000, 160_000),
    "mp2": (64_000, 128_000, 192_000),
    "ac3": (64_000, 96_000, 106_000),
    "wmav2": (48_000, 96_000, 128_000),
}
"""Bits a second for each channel of a lossy codec: least, usual (transparent for speech) and most by default."""
MP2_BIT_RATES = (64_000, 96_000, 128_000, 160_000, 192_000, 224_000, 256_000, 320_000, 384_000)
MAX_CHANNELS = {"aac": 8, "alac": 6, "flac": 8, "libopus": 64, "libmp3lame": 2, "mp2": 2, "ac3": 6, "wmav2": 2}
MAX_FLAC_RATE_HZ = 655_350
INEXACT = ("mpegts", "flv", "mpeg", "asf")
"""Formats that do not say how much of the first and last coded frame is padding."""


@dataclass(frozen=True)
class Encoding:
    """How audio is stored in a container."""

    codec: str
    """FFmpeg's name of the encoder."""
    sample_rate: int
    """Hz."""
    layout: str
    """FFmpeg's name."""
    bit_rate: int | None
    """Bits a second; None for codecs without loss."""
    sample_format: str
    """FFmpeg's name."""
    length_slack: float
    """Samples by which the decoded length may differ from what was encoded."""
    options: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class StoredAs:
    """How audio was stored where it comes from, as far as it is known."""

    codec: str = ""
    """FFmpeg's name."""
    bit_rate: int | None = None
    """Bits a second, if lossy."""
    layout: str = ""
    """FFmpeg's name of the channel layout."""
    bits: int = 24
    """Of a sample; 16 keeps FLAC at 16."""


def encoding_for(
    format_name: str, *, sample_rate: int, n_channels: int, source: StoredAs, bit_rate: int | None = None
) -> Encoding:
    """Choose how a container stores audio: as the source is stored where that can be, without loss where it is usual.

    Args:
        format_name: FFmpeg's name of the container; `ipod` is .m4a and .m4v.
        sample_rate: Hz.
        n_channels: of the audio.
        source: how it was stored.
        bit_rate: bits a second that the user asks for.

    Raises:
        MediaError: the container cannot hold so many channels; the text says what it holds.
    """
    codec = _codec(format_name, sample_rate=sample_rate, n_channels=n_channels, source_codec=source.codec)
    most = MAX_CHANNELS.get(codec, 64)
    if n_channels > most:
        raise MediaError(f"it holds at most {most} channels as {codec} but there are {n_channels}")
    rates = RATES_HZ.get(codec, (sample_rate,))
    rate = min((r for r in rates if r >= sample_rate), default=max(rates))
    slack = 0.0 if rate == sample_rate and codec != "libopus" else 4.0
    if format_name in INEXACT:
        slack = 3.0 * 2048
    # Channels without places; FFmpeg's encoder also swaps those of 5.0 and 6.1.
    options = {"mapping_family": "255"} if codec == "libopus" and (n_channels > 8 or n_channels in (5, 7)) else {}
    named = "quad" if codec == "libopus" and n_channels == 4 else writable_layout(source.layout, n_channels)
    return Encoding(
        codec=codec,
        sample_rate=rate,
        layout=named,
        bit_rate=_bit_rate(codec, n_channels, bit_rate, source.bit_rate),
        sample_format="s16" if codec == "flac" and source.bits == 16 else SAMPLE_FORMATS[codec],
        length_slack=slack,
        options=options,
    )


def _codec(format_name: str, *, sample_rate: int, n_channels: int, source_codec: str) -> str:
    fits_aac = n_channels <= MAX_CHANNELS["aac"] and sample_rate <= RATES_HZ["aac"][-1]
    fits_flac = n_channels <= MAX_CHANNELS["flac"] and sample_rate <= MAX_FLAC_RATE_HZ
    pcm = "pcm_s16le" if "s16" in source_codec else "pcm_s24le"
    is_lossless = source_codec in ("alac", "flac")
    # AVI says nothing of an encoder's delay, so that AAC and MP3 come late by 64 ms and more (16 kHz).
    usual = {
        "mov": "aac" if fits_aac and not source_codec.startswith("pcm_") else pcm,
        "mp4": "aac" if (fits_aac and not is_lossless) or not fits_flac else "flac",
        "ipod": "aac" if fits_aac and not is_lossless else "alac",
        "matroska": "flac" if fits_flac else "pcm_f32le",
        "avi": "pcm_s16le",
        "webm": "libopus", "ogg": "libopus", "opus": "libopus",
        "asf": "wmav2", "mp3": "libmp3lame", "flac": "flac",
        "mpeg": "mp2" if n_channels <= MAX_CHANNELS["mp2"] else "ac3",
    }  # fmt: skip
    return usual.get(format_name, "aac")


def _bit_rate(codec: str, n_channels: int, asked: int | None, source: int | None) -> int | None:
    if codec not in BIT_RATES:
        return None
    least, usual, most = (n_channels * rate for rate in BIT_RATES[codec])
    chosen = asked or min(max(source or usual, least), most)
    if codec == "mp2":
        return min(MP2_BIT_RATES, key=lambda rate: abs(rate - chosen))
    return chosen


class AudioTrack:
    """Encodes float blocks into a stream of a container that it adds."""

    def __init__(
        self, output: "av.container.OutputContainer", encoding: Encoding, *, source_rate: int, start_s: float = 0.0
    ) -> None:
        """Add a stream; its header is written with the first packet that is muxed.

        Args:
            output: the container.
            encoding: of the stream.
            source_rate: Hz of the blocks.
            start_s: when the first sample is heard.

        Raises:
            av.FFmpegError: the container refuses the codec.
            ValueError: the same.
        """
        self._output, self._rate = output, source_rate
        # The blocks keep the order of their channels: they are only named as the encoder knows them.
        self._layout = encoding.layout
        self.stream = output.add_stream(encoding.codec, rate=encoding.sample_rate, layout=self._layout)
        self.stream.time_base = Fraction(1, encoding.sample_rate)
        self.stream.format = encoding.sample_format
        if encoding.bit_rate is not None:
            self.stream.bit_rate = encoding.bit_rate
        self.stream.options = dict(encoding.options)
        self._resampler = av.AudioResampler(
            format=encoding.sample_format, layout=self._layout, rate=encoding.sample_rate
        )
        self._position = round(start_s * source_rate)

    @property
    def time_s(self) -> float:
        """Up to where samples have been given."""
        return self._position / self._rate

    def write(self, block: Waveform) -> None:
        """Encode samples, `(channels, samples)`, perhaps none."""
        if block.shape[1] == 0:
            return
        for packets in self._packets(block):
            self._output.mux(packets)

    def finish(self) -> None:
        """Encode what the resampler and the encoder still hold."""
        for converted in self._resampler.resample(None):
            if converted is not None:
                self._output.mux(self.stream.encode(converted))
        self._output.mux(self.stream.encode(None))

    def _packets(self, block: Waveform) -> Iterator[list["av.packet.Packet"]]:
        # Packed: PyAV reads beyond the end of a list of 8 or more planes, which kills the process.
        packed = np.ascontiguousarray(block.T, dtype=np.float32).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(packed, format="flt", layout=self._layout)
        frame.sample_rate, frame.pts, frame.time_base = self._rate, self._position, Fraction(1, self._rate)
        self._position += block.shape[1]
        for converted in self._resampler.resample(frame):
            yield self.stream.encode(converted)
