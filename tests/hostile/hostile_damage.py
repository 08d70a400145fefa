"""Hostile media that are damaged, joined, wrongly described or oddly named."""

import struct
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import hostile_media as hm
import numpy as np
import soundfile
from hostile_case import Case, Expected, media, write_audio
from hostile_media import Audio, Video


def damaged_cases() -> list[Case]:
    """Every case of these kinds."""
    makers = (_cuts, _holes, _tracks, _joined, _headers, _samples, _names)
    return [case for maker in makers for case in maker()]


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
                yield media(f"hole_{1000 * length_s:.0f}_{codec}{suffix}", (audio,), expected)
    for name, jump_s in (("flipped", 2**31 / 1000), ("days", 86400.0 * 3)):
        yield Case(
            f"jump_{name}.mkv", partial(_jump, jump_s=jump_s), Expected(refused="must continue in time but jumps")
        )
    yield Case(
        "jump_flipped.flv", partial(_jump, jump_s=2_000_000.0), Expected(refused="must continue in time but jumps")
    )


def _jump(path: Path, *, jump_s: float) -> None:
    """Audio that continues days later."""
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
            yield media(f"tracks_{n}{suffix}", tracks, Expected(n_frames=25, flash_s=0.52, tolerance_s=0.003))
        yield media(
            f"tracks_audio_first{suffix}", (Audio(codec=codec), Video()),
            Expected(n_frames=25, flash_s=0.52, tolerance_s=0.003),
        )  # fmt: skip
        yield media(f"video_alone{suffix}", (Video(),), Expected(refused="must have audio but has none"))


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
        ("channels_65535", {"n_channels": 65535}, Expected(refused="must have 1 to 64 channels but has 65535;")),
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
    for suffix, kind, chunk, offset, field in (
        (".aiff", "AIFF", b"COMM", 8, ">H"), (".au", "AU", b".snd", 20, ">I"), (".caf", "CAF", b"desc", 36, ">I"),
        (".w64", "W64", b"fmt ", 26, "<H"), (".rf64.wav", "RF64", b"fmt ", 10, "<H"),
    ):  # fmt: skip
        yield Case(
            f"header_channels_60000{suffix}",
            partial(_many_channels, kind=kind, chunk=chunk, offset=offset, field=field),
            Expected(refused="must have 1 to 64 channels but has 60000;"),
        )
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


def _many_channels(path: Path, *, kind: str, chunk: bytes, offset: int, field: str) -> None:
    """A file whose header states 60,000 channels."""
    soundfile.write(path, hm.waveform(Audio()).T, 16000, format=kind, subtype="PCM_16")
    data = bytearray(path.read_bytes())
    struct.pack_into(field, data, data.find(chunk) + offset, 60_000)
    path.write_bytes(data)


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
        yield Case(name, partial(write_audio, kind="WAV", subtype="PCM_16"), Expected())
    for name in ("http:host.mp4", "talk:1.mp4", "https:x.mkv", "rtmp:a.mov", "tcp:127.0.0.1:9.ts", "crypto:a.mp4"):
        exact = {"slack_s": 0.25, "click_s": None} if name.endswith(".ts") else {}
        yield media(name, (Audio(codec="aac"),), Expected(**{"tolerance_s": 0.004, "slack_s": 0.1, **exact}))
