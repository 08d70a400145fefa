"""More than 300 hostile media files, each with the answer that reading it must give."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import hostile_media as hm
import numpy as np
import soundfile
from hostile_media import Audio, Video


@dataclass(frozen=True)
class Expected:
    """What reading gives. Where `refused` is set, a MediaError that matches; the rest does not count then."""

    rate: int = 16000
    n_channels: int = 1
    duration_s: float = 1.0
    slack_s: float = 0.0
    """By which the length may differ: codecs and containers that do not say what is padding."""
    n_frames: int | None = None
    """Video frames; None without video."""
    click_s: float | None = hm.EVENT_S
    """When the click is heard, from the first sample; None where it is not in the file, or not known."""
    tolerance_s: float = 0.002
    """Of the click."""
    flash_s: float | None = None
    """When the flash is seen, from the first audio sample."""
    refused: str | None = None
    problem: str | None = None
    """A reported problem that matches."""
    may_refuse: bool = False
    """Damaged: either refused, or read in part with a problem reported, or decoded whole."""


@dataclass(frozen=True)
class Case:
    """A file, and what is expected of it."""

    name: str
    make: Callable[[Path], None]
    expected: Expected


ALL_VIDEO = Expected(n_frames=25, flash_s=0.52)
INEXACT = {"slack_s": 0.25, "tolerance_s": 0.004}
CONTAINERS = {
    ".mp4": (["aac", "alac", "flac", "ac3", "libmp3lame", "libopus"], "libx264"),
    ".mov": (["aac", "alac", "pcm_s16le", "pcm_s24le", "pcm_f32le"], "libx264"),
    ".mkv": (["aac", "flac", "libopus", "libmp3lame", "ac3", "eac3", "alac", "pcm_s16le", "pcm_f32le"], "libx264"),
    ".webm": (["libopus"], "libvpx"),
    ".avi": (["pcm_s16le", "pcm_u8", "ac3", "libmp3lame"], "mpeg4"),
    ".mpg": (["mp2", "ac3"], "mpeg2video"),
    ".ts": (["aac", "mp2", "ac3"], "libx264"),
    ".wmv": (["wmav2"], "wmv2"),
    ".flv": (["aac", "libmp3lame"], "libx264"),
    ".3gp": (["aac"], "libx264"),
}
LOSSLESS = ("alac", "flac", "pcm_s16le", "pcm_s24le", "pcm_f32le", "pcm_u8", "pcm_s16be")
RATES = (8000, 11025, 16000, 22050, 44100, 48000, 96000, 192000)


def all_cases() -> list[Case]:
    """Every case, each name once."""
    makers = (
        _containers, _audio_files, _rates, _channels, _video_codecs, _offsets, _frame_rates, _sizes, _cuts, _holes,
        _tracks, _joined, _headers, _samples, _names,
    )  # fmt: skip
    return [case for maker in makers for case in maker()]


def _write(path: Path, *tracks: Audio | Video) -> None:
    hm.write(path, *tracks)


def _media(name: str, tracks: tuple[Audio | Video, ...], expected: Expected) -> Case:
    return Case(name, partial(_write_tracks, tracks=tracks), expected)


def _write_tracks(path: Path, *, tracks: tuple[Audio | Video, ...]) -> None:
    hm.write(path, *tracks)


def _exactness(suffix: str, codec: str) -> dict[str, float]:
    if codec in LOSSLESS and suffix not in (".mpg", ".ts", ".wmv", ".flv"):
        return {}
    if codec == "aac" and suffix in (".mp4", ".mov", ".3gp", ".m4a"):
        return {"tolerance_s": 0.003}
    if suffix == ".avi":
        return {"slack_s": 0.25, "tolerance_s": 0.15}  # AVI does not say how late an encoder is
    return dict(INEXACT)


def _codec_rate(codec: str) -> int:
    return 48000 if codec in ("libopus", "mp2", "ac3", "eac3") else 44100 if codec == "libmp3lame" else 16000


def _containers() -> Iterator[Case]:
    for suffix, (codecs, video) in CONTAINERS.items():
        for codec in codecs:
            rate = _codec_rate(codec)
            exact = _exactness(suffix, codec)
            is_odd = suffix == ".avi" and codec in ("ac3", "libmp3lame")
            expected = Expected(
                rate=rate, n_frames=25, flash_s=None if is_odd else 0.52 if not exact.get("slack_s") else None, **exact,
                click_s=None if exact.get("slack_s") else hm.EVENT_S,
            )  # fmt: skip
            yield _media(f"container_{codec}{suffix}", (Video(codec=video), Audio(codec=codec, rate=rate)), expected)


def _audio_files() -> Iterator[Case]:
    kinds = {
        "wav": ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW", "ALAW", "IMA_ADPCM", "MS_ADPCM"],
        "flac": ["PCM_S8", "PCM_16", "PCM_24"], "ogg": ["VORBIS", "OPUS"], "aiff": ["PCM_16", "PCM_24", "FLOAT"],
        "w64": ["PCM_16", "FLOAT"], "caf": ["PCM_16", "ALAC_16"], "au": ["PCM_16", "FLOAT"], "mp3": ["MPEG_LAYER_III"],
        "rf64": ["PCM_16"],
    }  # fmt: skip
    for kind, subtypes in kinds.items():
        for subtype in subtypes:
            slack = 0.1 if "ADPCM" in subtype or subtype == "ALAC_16" else 0.0
            rate = 48000 if subtype == "OPUS" else 16000
            yield Case(
                f"{kind}_{subtype.lower()}.{kind}", partial(_soundfile, kind=kind.upper(), subtype=subtype, rate=rate),
                Expected(rate=rate, slack_s=slack, tolerance_s=0.003),
            )  # fmt: skip
    for suffix, codec in (
        (".m4a", "aac"), (".m4a", "alac"), (".opus", "libopus"), (".mka", "flac"), (".mp3", "libmp3lame"),
        (".aac", "aac"), (".wma", "wmav2"), (".ac3", "ac3"), (".mka", "pcm_f32le"),
    ):  # fmt: skip
        rate = _codec_rate(codec)
        exact = {} if suffix in (".m4a", ".mka", ".opus", ".mp3") else {"slack_s": 0.25}
        yield _media(
            f"audio_{codec}{suffix}", (Audio(codec=codec, rate=rate),),
            Expected(rate=rate, tolerance_s=0.003, click_s=None if exact else hm.EVENT_S, **exact),
        )  # fmt: skip


def _soundfile(path: Path, *, kind: str, subtype: str, rate: int = 16000, n_channels: int = 1) -> None:
    samples = hm.waveform(Audio(rate=rate, n_channels=n_channels))
    soundfile.write(path, samples.T, rate, format=kind, subtype=subtype)


def _rates() -> Iterator[Case]:
    for rate in RATES:
        yield Case(
            f"rate_{rate}.wav", partial(_soundfile, kind="WAV", subtype="PCM_16", rate=rate), Expected(rate=rate)
        )
        yield Case(
            f"rate_{rate}.flac", partial(_soundfile, kind="FLAC", subtype="PCM_16", rate=rate), Expected(rate=rate)
        )
        for suffix, codec in ((".mkv", "flac"), (".mov", "pcm_s16le"), (".mp4", "aac"), (".m4a", "alac")):
            if codec != "aac" or rate <= 96000:
                exact = _exactness(suffix, codec)
                yield _media(
                    f"rate_{rate}_{codec}{suffix}", (Audio(codec=codec, rate=rate),), Expected(rate=rate, **exact)
                )


def _channels() -> Iterator[Case]:
    for n in (*range(1, 9), 10, 16, 24, 64):
        for suffix, codec, most in (
            (".mp4", "aac", 8), (".mkv", "flac", 8), (".mov", "pcm_s16le", 64), (".webm", "libopus", 10),
            (".mkv", "pcm_s16le", 64), (".avi", "pcm_s16le", 8),
        ):  # fmt: skip
            if n <= most:
                rate = 48000 if codec == "libopus" else 16000
                exact = {} if codec != "libopus" else INEXACT
                expected = Expected(rate=rate, n_channels=n, **{"tolerance_s": 0.004, **exact})
                yield _media(f"channels_{n}_{codec}{suffix}", (Audio(codec=codec, rate=rate, n_channels=n),), expected)
        yield Case(
            f"channels_{n}.wav", partial(_soundfile, kind="WAV", subtype="PCM_16", n_channels=n), Expected(n_channels=n)
        )
    for layout in ("2.1", "quad", "5.0(side)", "5.1(side)", "6.1(back)", "7.1(wide)", "octagonal", "hexagonal"):
        n = {"2.1": 3, "quad": 4, "5.0(side)": 5, "5.1(side)": 6, "6.1(back)": 7, "hexagonal": 6}.get(layout, 8)
        name = layout.replace("(", "_").replace(")", "")
        yield _media(
            f"layout_{name}.mov", (Audio(codec="pcm_s16le", n_channels=n, layout=layout),), Expected(n_channels=n)
        )
        yield _media(f"layout_{name}.mkv", (Audio(codec="flac", n_channels=n, layout=layout),), Expected(n_channels=n))
    for tag, n in ((127, 8), (126, 8), (128, 8), (125, 7), (121, 6), (122, 6), (118, 5)):
        yield Case(f"layout_tag_{tag}.mov", partial(_layout_tag, tag=tag, n=n), Expected(n_channels=n))


def _layout_tag(path: Path, *, tag: int, n: int) -> None:
    """QuickTime's own layouts, whose order of channels FFmpeg calls custom."""
    hm.write(path, Audio(codec="pcm_s16le", n_channels=n))
    hm.patch(path, b"chan", offset=8, new=(tag << 16 | n).to_bytes(4, "big") + bytes(4))


def _video_codecs() -> Iterator[Case]:
    kinds = [
        ("libx264", "yuv420p", ".mp4"), ("libx264", "yuv422p", ".mkv"), ("libx264", "yuv444p", ".mkv"),
        ("libx264", "yuv420p10le", ".mkv"), ("libx264", "gray", ".mkv"), ("libx265", "yuv420p", ".mp4"),
        ("libx265", "yuv420p10le", ".mkv"), ("mpeg4", "yuv420p", ".mp4"), ("mpeg4", "yuv420p", ".avi"),
        ("ffv1", "yuv420p", ".mkv"), ("ffv1", "yuv444p16le", ".mkv"), ("ffv1", "gray", ".mkv"),
        ("ffv1", "bgr0", ".mkv"),
        ("mjpeg", "yuvj420p", ".mov"), ("mjpeg", "yuvj444p", ".avi"), ("libvpx", "yuv420p", ".webm"),
        ("libvpx-vp9", "yuv420p", ".webm"), ("libsvtav1", "yuv420p", ".mkv"), ("libsvtav1", "yuv420p", ".mp4"),
        ("prores", "yuv422p10le", ".mov"), ("png", "rgb24", ".mov"), ("rawvideo", "yuv420p", ".mkv"),
        ("mpeg2video", "yuv420p", ".ts"), ("huffyuv", "yuv422p", ".avi"), ("msmpeg4v3", "yuv420p", ".avi"),
        ("qtrle", "rgb24", ".mov"),
    ]  # fmt: skip
    for codec, pix_fmt, suffix in kinds:
        audio = {".webm": "libopus", ".avi": "pcm_s16le", ".ts": "mp2"}.get(suffix, "aac")
        audio = "flac" if suffix == ".mkv" else audio
        rate = _codec_rate(audio)
        exact = _exactness(suffix, audio)
        frames = Expected(
            rate=rate, n_frames=25, flash_s=None if exact.get("slack_s") else 0.52, **exact,
            click_s=None if exact.get("slack_s") else hm.EVENT_S,
        )  # fmt: skip
        size = (128, 96) if codec == "libsvtav1" else (64, 48)
        tracks = (Video(codec=codec, pix_fmt=pix_fmt, size=size), Audio(codec=audio, rate=rate))
        yield _media(f"video_{codec}_{pix_fmt}{suffix}", tracks, frames)


def _offsets() -> Iterator[Case]:
    for suffix, codec in ((".mp4", "aac"), (".mkv", "flac"), (".mov", "pcm_s16le")):
        for video_s in (0.0, 0.04, 0.24, 0.4):
            for audio_s in (0.0, 0.04, 0.2, 0.4):
                times = tuple(video_s + k / 25 for k in range(25))
                flash_s = min(t for t in times if t >= hm.EVENT_S - 1e-9)
                # MP4 keeps of the AAC encoder's 1024 samples what lies after time zero where the track starts late.
                late = min(audio_s, 1024 / 16000) if codec == "aac" else 0.0
                expected = Expected(
                    n_frames=25, slack_s=late, click_s=hm.EVENT_S - audio_s + late, flash_s=flash_s - audio_s + late,
                    tolerance_s=0.003,
                )  # fmt: skip
                name = f"offset_video_{1000 * video_s:.0f}_audio_{1000 * audio_s:.0f}{suffix}"
                yield _media(name, (Video(times_s=times), Audio(codec=codec, start_s=audio_s)), expected)


def _frame_rates() -> Iterator[Case]:
    series = {
        "1": np.arange(3), "5": np.arange(10) / 5, "12": np.arange(20) / 12, "24": np.arange(48) / 24,
        "ntsc": np.arange(30) * 1001 / 30000, "60": np.arange(60) / 60, "240": np.arange(240) / 240,
        "variable": np.cumsum([0, 0.04, 0.04, 0.3, 0.02, 0.1, 0.033, 0.04]),
        "late_rush": np.r_[0, 0.9 + np.arange(5) / 50],
    }  # fmt: skip
    for name, times in series.items():
        for suffix, codec in ((".mp4", "aac"), (".mkv", "flac")):
            exact = _exactness(suffix, codec)
            flash_s = float(next(t for t in times if t >= hm.EVENT_S - 1e-9))
            expected = Expected(duration_s=2.0, n_frames=len(times), flash_s=flash_s, **{**exact, "tolerance_s": 0.003})
            tracks = (Video(times_s=tuple(map(float, times))), Audio(codec=codec, duration_s=2.0))
            yield _media(f"fps_{name}{suffix}", tracks, expected)
    rush = tuple(k / 90000 for k in range(1000))
    yield _media("fps_90000.mp4", (Video(times_s=rush), Audio()), Expected(n_frames=4, tolerance_s=0.003))


def _sizes() -> Iterator[Case]:
    for width, height in ((2, 2), (16, 16), (16, 1024), (1024, 16), (66, 50), (130, 98)):
        tracks = (Video(codec="ffv1", size=(width, height)), Audio(codec="flac"))
        yield _media(f"size_{width}x{height}.mkv", tracks, ALL_VIDEO)
    for width, height in ((33, 21), (1, 1), (3, 51)):
        tracks = (Video(codec="ffv1", pix_fmt="yuv444p", size=(width, height)), Audio(codec="flac"))
        yield _media(f"size_{width}x{height}.mkv", tracks, ALL_VIDEO)
    for degrees in (90, 180, 270):
        yield Case(f"turned_{degrees}.mp4", partial(_turned, degrees=degrees), Expected(n_frames=25, flash_s=0.52,
                                                                                     tolerance_s=0.003))  # fmt: skip
    yield Case("size_12000x8000.avi", _too_large, Expected(refused="must have at most 36 million pixels"))


def _turned(path: Path, *, degrees: int) -> None:
    hm.write(path, Video(), Audio())
    hm.turn(path, degrees)


def _too_large(path: Path) -> None:
    """An AVI whose header says that its frames are 12,000 x 8,000 pixels."""
    hm.write(path, Video(codec="rawvideo", pix_fmt="bgr24"), Audio(codec="pcm_s16le"))
    hm.patch(path, b"strf", offset=12, new=(12000).to_bytes(4, "little") + (8000).to_bytes(4, "little"))


def _cuts() -> Iterator[Case]:
    bases: dict[str, tuple[Audio | Video, ...]] = {
        ".mp4": (Video(), Audio()), ".mov": (Video(), Audio(codec="pcm_s16le")), ".mkv": (Video(), Audio(codec="flac")),
        ".ts": (Video(), Audio()), ".avi": (Video(codec="mpeg4"), Audio(codec="pcm_s16le")),
        ".webm": (Video(codec="libvpx"), Audio(codec="libopus", rate=48000)), ".m4a": (Audio(),),
        ".flac": (Audio(codec="flac"),), ".mp3": (Audio(codec="libmp3lame"),), ".wav": (Audio(codec="pcm_s16le"),),
        ".opus": (Audio(codec="libopus", rate=48000),), ".aiff": (Audio(codec="pcm_s16be"),),
    }  # fmt: skip
    for suffix, tracks in bases.items():
        for percent in (1, 10, 50, 90, 99):
            yield Case(
                f"cut_{percent}{suffix}", partial(_cut, tracks=tracks, percent=percent),
                Expected(may_refuse=True, click_s=None),
            )  # fmt: skip
        yield Case(f"zeroed{suffix}", partial(_zeroed, tracks=tracks), Expected(may_refuse=True, click_s=None))


def _cut(path: Path, *, tracks: tuple[Audio | Video, ...], percent: int) -> None:
    hm.write(path, *tracks)
    data = path.read_bytes()
    path.write_bytes(data[: max(1, len(data) * percent // 100)])


def _zeroed(path: Path, *, tracks: tuple[Audio | Video, ...]) -> None:
    hm.write(path, *tracks)
    data = bytearray(path.read_bytes())
    start, end = len(data) * 4 // 10, len(data) * 6 // 10
    data[start:end] = bytes(end - start)
    path.write_bytes(data)


def _holes() -> Iterator[Case]:
    for suffix, codec in ((".mkv", "pcm_s16le"), (".mkv", "flac"), (".mov", "pcm_s16le"), (".mp4", "aac")):
        for length_s in (0.2, 0.3):
            audio = Audio(codec=codec, duration_s=2.0, holes_s=((0.9, length_s),))
            if suffix == ".mkv":
                expected = Expected(duration_s=2.0, problem="is missing; silence there", tolerance_s=0.003,
                                    slack_s=0.15)  # fmt: skip
                yield _media(f"hole_{1000 * length_s:.0f}_{codec}{suffix}", (audio,), expected)
    for name, jump_s in (("flipped", 2**31 / 1000), ("days", 86400.0 * 3)):
        yield Case(f"jump_{name}.mkv", partial(_jump, jump_s=jump_s), Expected(refused="must go on in time but jumps"))
    yield Case("jump_flipped.flv", partial(_jump, jump_s=2_000_000.0), Expected(refused="must go on in time but jumps"))


def _jump(path: Path, *, jump_s: float) -> None:
    """Audio that goes on days later."""
    import av

    with av.open(f"file:{path}", "w") as container:
        codec = "libmp3lame" if path.suffix == ".flv" else "pcm_s16le"
        audio = Audio(codec=codec, rate=44100)
        encode = hm._audio_packets(container, audio)
        for number, packet in enumerate(list(encode())):
            if number > 10:
                shift = round(jump_s / float(packet.time_base))
                packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
            container.mux(packet)


def _tracks() -> Iterator[Case]:
    for suffix, codec in ((".mp4", "aac"), (".mkv", "flac"), (".mov", "pcm_s16le")):
        for n in (2, 3):
            others = tuple(Audio(codec=codec, n_channels=2, language="deu") for _ in range(n - 1))
            tracks = (Video(), Audio(codec=codec, language="eng"), *others)
            yield _media(f"tracks_{n}{suffix}", tracks, Expected(n_frames=25, flash_s=0.52, tolerance_s=0.003))
        yield _media(
            f"tracks_audio_first{suffix}", (Audio(codec=codec), Video()),
            Expected(n_frames=25, flash_s=0.52, tolerance_s=0.003),
        )  # fmt: skip
        yield _media(f"video_alone{suffix}", (Video(),), Expected(refused="must have audio but has none"))


def _joined() -> Iterator[Case]:
    kinds = {".mp3": "libmp3lame", ".aac": "aac", ".ts": "aac"}
    for suffix, codec in kinds.items():
        for name, first, second in (
            ("rate", Audio(codec=codec, rate=44100), Audio(codec=codec, rate=22050)),
            ("channels", Audio(codec=codec, rate=44100), Audio(codec=codec, rate=44100, n_channels=2)),
            ("mono", Audio(codec=codec, rate=44100, n_channels=2), Audio(codec=codec, rate=44100)),
        ):
            yield Case(
                f"joined_{name}{suffix}", partial(_join, parts=(first, second)),
                Expected(
                    rate=44100, n_channels=first.n_channels, duration_s=2.0, slack_s=0.3, click_s=None,
                    # The header of the second MP3 is a frame that holds no audio.
                    problem="could not be decoded" if suffix == ".mp3" else None,
                ),
            )  # fmt: skip


def _join(path: Path, *, parts: tuple[Audio, ...]) -> None:
    data = b""
    for part in parts:
        hm.write(path, part)
        data += path.read_bytes()
    path.write_bytes(data)


def _headers() -> Iterator[Case]:
    body = hm.wav_samples()
    fields: list[tuple[str, dict[str, int], Expected]] = [
        ("channels_0", {"n_channels": 0, "block": 2}, Expected(refused="must have 1 to 64 channels but has 0")),
        ("channels_65535", {"n_channels": 65535, "block": 2}, Expected(refused="channels|must be media")),
        ("channels_65", {"n_channels": 65}, Expected(refused="must have 1 to 64 channels but has 65")),
        ("rate_0", {"rate": 0}, Expected(refused="sample rate|must be media")),
        ("rate_1", {"rate": 1}, Expected(refused="from 1000 to 768000 Hz but has 1 Hz")),
        ("rate_999", {"rate": 999}, Expected(refused="from 1000 to 768000 Hz but has 999 Hz")),
        ("rate_2_ghz", {"rate": 2**31 - 1}, Expected(refused="from 1000 to 768000 Hz")),
        ("rate_4_ghz", {"rate": 2**32 - 1}, Expected(refused="sample rate|must be media")),
        ("data_size_0", {"data_size": 0}, Expected()),
        ("data_size_4_gb", {"data_size": 2**32 - 1}, Expected()),
        ("bits_0", {"bits": 0}, Expected(may_refuse=True, click_s=None)),
        ("bits_7", {"bits": 7}, Expected(may_refuse=True, click_s=None)),
        ("bits_65535", {"bits": 65535}, Expected(may_refuse=True, click_s=None)),
        ("block_0", {"block": 0}, Expected(may_refuse=True, click_s=None)),
        ("kind_65534", {"kind": 65534}, Expected(may_refuse=True, click_s=None)),
    ]
    for name, values, expected in fields:
        data = hm.wav_header(**{"n_bytes": len(body), **values}) + body
        yield Case(f"header_{name}.wav", partial(_bytes, data=data), expected)
    yield Case("header_shorter_than_content.mp4", _short_header, Expected(slack_s=0.06, tolerance_s=0.003))
    texts = {
        "text.wav": b"I am a letter.\n" * 50, "riff_only.wav": b"RIFF", "zeros.mp4": bytes(5000),
        "one_byte.mkv": b"\x1a",
        "playlist.mp4": b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n/etc/hostname\n#EXT-X-ENDLIST\n",
        "remote_playlist.m3u8": b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n",
        "concat.mp4": b"ffconcat version 1.0\nfile /etc/hostname\n",
        "sdp.mp4": b"v=0\nc=IN IP4 127.0.0.1\nm=audio 9 RTP/AVP 0\n",
        "html.webm": b"<html>404 Not Found</html>" * 20,
    }  # fmt: skip
    for name, data in texts.items():
        yield Case(f"none_{name}", partial(_bytes, data=data), Expected(refused="must be|must have"))
    yield Case("none_empty.wav", partial(_bytes, data=b""), Expected(refused="has no bytes"))


def _bytes(path: Path, *, data: bytes) -> None:
    path.write_bytes(data)


def _short_header(path: Path) -> None:
    """An MP4 whose track header says that 0.4 of 1.0 s are there."""
    hm.write(path, Audio())
    data = path.read_bytes()
    for mark, offset in ((b"mdhd", 4 + 4 + 8 + 4),):
        start = data.index(mark) + offset
        data = data[:start] + (6400).to_bytes(4, "big") + data[start + 4 :]
    path.write_bytes(data)


def _samples() -> Iterator[Case]:
    values = {"nan": np.nan, "infinite": np.inf, "1e30": 1e30, "1e7": 1e7, "minus_1e38": -1e38}
    for name, value in values.items():
        wanted = "NaN or infinite at 0.50 s" if not np.isfinite(value) else "must lie within"
        yield Case(f"sample_{name}.wav", partial(_sample, value=value), Expected(refused=wanted))
    yield Case("sample_32768.wav", partial(_sample, value=32768.0), Expected(click_s=0.5))
    yield Case("sample_denormal.wav", partial(_sample, value=1e-40), Expected())


def _sample(path: Path, *, value: float) -> None:
    samples = hm.waveform(Audio())[0]
    samples[8000] = value
    soundfile.write(path, samples, 16000, subtype="FLOAT")


def _names() -> Iterator[Case]:
    for name in ("http:host.wav", "talk:1.wav", "pipe:0.wav", "data:,x.wav", "a b.wav", "-.wav", "%d.wav", "ü.wav",
                 "concat:a|b.wav", "subfile,,:.wav", "'quoted\".wav"):  # fmt: skip
        yield Case(name, partial(_soundfile, kind="WAV", subtype="PCM_16"), Expected())
    for name in ("http:host.mp4", "talk:1.mp4", "https:x.mkv", "rtmp:a.mov", "tcp:127.0.0.1:9.ts", "crypto:a.mp4"):
        exact = {"slack_s": 0.25, "click_s": None} if name.endswith(".ts") else {}
        yield _media(name, (Audio(codec="aac"),), Expected(**{"tolerance_s": 0.004, "slack_s": 0.1, **exact}))
