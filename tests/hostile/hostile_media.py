"""Media of every kind, written with PyAV, soundfile or by hand, each with a flash and a click at one moment."""

import os
import struct
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

EVENT_S = 0.5
"""When every file flashes and clicks, on its own clock."""
LAYOUTS = {1: "mono", 2: "stereo", 3: "3.0", 4: "4.0", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}
FORMATS = {
    "aac": "fltp", "alac": "s16p", "flac": "s16", "libopus": "flt", "libmp3lame": "fltp", "ac3": "fltp",
    "eac3": "fltp", "mp2": "s16", "wmav2": "fltp", "pcm_s16le": "s16", "pcm_s24le": "s32", "pcm_f32le": "flt",
    "pcm_u8": "u8", "pcm_s16be": "s16", "pcm_alaw": "s16", "pcm_mulaw": "s16", "adpcm_ima_wav": "s16p",
}  # fmt: skip


@dataclass(frozen=True)
class Audio:
    """An audio track."""

    codec: str = "aac"
    rate: int = 16000
    n_channels: int = 1
    duration_s: float = 1.0
    start_s: float = 0.0
    layout: str | None = None
    holes_s: tuple[tuple[float, float], ...] = ()
    """Starts and lengths of stretches whose packets are not written, though time continues."""
    language: str | None = None


@dataclass(frozen=True)
class Video:
    """A video track that turns from black to white at `EVENT_S`."""

    codec: str = "libx264"
    pix_fmt: str = "yuv420p"
    size: tuple[int, int] = (64, 48)
    times_s: tuple[float, ...] = tuple(k / 25 for k in range(25))
    options: dict[str, str] = field(default_factory=dict)


def waveform(audio: Audio) -> np.ndarray:
    """`(channels, samples)`: each channel hums at its own pitch and clicks at `EVENT_S` on the file's clock."""
    n_samples = round(audio.duration_s * audio.rate)
    times_s = np.arange(n_samples) / audio.rate
    hum = [0.02 * np.sin(2 * np.pi * (200 + 60 * c) * times_s) for c in range(audio.n_channels)]
    click_s = EVENT_S - audio.start_s
    click = 0.7 * np.exp(-0.5 * ((times_s - click_s) / 0.0015) ** 2) * np.cos(2 * np.pi * 300 * (times_s - click_s))
    return (np.stack(hum) + click).astype(np.float32)


def write(path: Path, *tracks: Audio | Video, options: dict[str, str] | None = None) -> None:
    """Write a container with these tracks, in this order."""
    with _own_schedule(), av.open(f"file:{path}", "w", options=options or {}) as container:
        encoders = [
            _audio_packets(container, track) if isinstance(track, Audio) else _video_packets(container, track)
            for track in tracks
        ]
        packets = [packet for encoder in encoders for packet in encoder()]
        for packet in sorted(packets, key=lambda p: p.dts * p.time_base):
            container.mux(packet)


@contextmanager
def _own_schedule():
    """As root, SVT-AV1 makes the thread that calls it one of real time, before which the rest of the machine waits."""
    if not hasattr(os, "sched_getscheduler"):
        yield
        return
    policy, parameters = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        yield
    finally:
        os.sched_setscheduler(0, policy, parameters)


def _audio_packets(container, audio: Audio):
    quad = "quad" if audio.codec == "libopus" and audio.n_channels == 4 else None
    layout = audio.layout or quad or LAYOUTS.get(audio.n_channels, f"{audio.n_channels} channels")
    stream = container.add_stream(audio.codec, rate=audio.rate, layout=layout)
    stream.format = FORMATS[audio.codec]
    stream.time_base = Fraction(1, audio.rate)
    if audio.codec in ("wmav2", "mp2", "libmp3lame", "ac3", "eac3"):
        stream.bit_rate = 192_000 if audio.n_channels < 3 else 448_000
    if audio.codec == "libopus" and (audio.n_channels > 8 or audio.n_channels in (5, 7)):
        stream.options = {"mapping_family": "255"}
    if audio.language:
        stream.metadata["language"] = audio.language

    def encode():
        samples = np.ascontiguousarray(waveform(audio).T).reshape(1, -1)
        resampler = av.AudioResampler(format=FORMATS[audio.codec], layout=layout, rate=audio.rate)
        for start in range(0, samples.shape[1] // audio.n_channels, 1024):
            part = samples[:, start * audio.n_channels : (start + 1024) * audio.n_channels]
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(part), "flt", layout)
            frame.sample_rate, frame.time_base = audio.rate, Fraction(1, audio.rate)
            frame.pts = start + round(audio.start_s * audio.rate)
            for converted in resampler.resample(frame):
                yield from stream.encode(converted)
        for converted in resampler.resample(None):
            if converted is not None:
                yield from stream.encode(converted)
        yield from stream.encode(None)

    def kept():
        for packet in encode():
            time_s = float(packet.pts * packet.time_base)
            if not any(start <= time_s < start + length for start, length in audio.holes_s):
                yield packet

    return kept


def _video_packets(container, video: Video):
    stream = container.add_stream(video.codec, rate=25)
    stream.width, stream.height = video.size
    stream.pix_fmt = video.pix_fmt
    stream.thread_count = 1
    stream.codec_context.time_base = Fraction(1, 90000)
    if video.codec in ("mpeg4", "mpeg2video", "libsvtav1", "prores", "wmv2", "msmpeg4v3"):
        stream.codec_context.time_base = Fraction(1, 25)
    quiet = {"libsvtav1": {"preset": "12"}, "libx265": {"x265-params": "log-level=none"}}
    stream.options = {**quiet.get(video.codec, {}), **video.options}

    def encode():
        for time_s in video.times_s:
            shade = 235 if time_s >= EVENT_S - 1e-9 else 20
            image = np.full((video.size[1], video.size[0], 3), shade, np.uint8)
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            base = stream.codec_context.time_base
            frame.pts, frame.time_base = round(Fraction(time_s) / base), base
            yield from stream.encode(frame)
        yield from stream.encode(None)

    return encode


def wav_header(
    *, n_channels: int = 1, rate: int = 16000, bits: int = 16, data_size: int | None = None, n_bytes: int = 32000,
    kind: int = 1, block: int | None = None,
) -> bytes:  # fmt: skip
    """The 44 bytes of a RIFF WAVE header, with any values in its fields."""
    block = (n_channels * bits // 8) % 65536 if block is None else block
    data_size = n_bytes if data_size is None else data_size
    return (
        b"RIFF" + struct.pack("<I", (36 + data_size) % 2**32) + b"WAVEfmt "
        + struct.pack("<IHHIIHH", 16, kind, n_channels, rate, (rate * block) % 2**32, block, bits)
        + b"data" + struct.pack("<I", data_size)
    )  # fmt: skip


def wav_samples(*, rate: int = 16000, duration_s: float = 1.0) -> bytes:
    """16-bit samples with the click."""
    return (waveform(Audio(rate=rate, duration_s=duration_s)) * 32767).astype("<i2").tobytes()


def patch(path: Path, found: bytes, *, offset: int, new: bytes) -> None:
    """Overwrite bytes at a distance from a mark."""
    data = bytearray(path.read_bytes())
    start = data.index(found) + offset
    data[start : start + len(new)] = new
    path.write_bytes(data)
