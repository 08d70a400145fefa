"""More than 300 hostile media files, each with the answer that reading it must give."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import hostile_media as hm
import numpy as np
from hostile_case import ALL_VIDEO, INEXACT, Case, Expected, media, write_audio
from hostile_damage import damaged_cases
from hostile_media import Audio, Video
from rotation import turn

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
    makers = (_containers, _audio_files, _rates, _channels, _video_codecs, _offsets, _frame_rates, _sizes)
    return [*(case for maker in makers for case in maker()), *damaged_cases()]


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
            yield media(f"container_{codec}{suffix}", (Video(codec=video), Audio(codec=codec, rate=rate)), expected)


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
                f"{kind}_{subtype.lower()}.{kind}", partial(write_audio, kind=kind.upper(), subtype=subtype, rate=rate),
                Expected(rate=rate, slack_s=slack, tolerance_s=0.003),
            )  # fmt: skip
    for suffix, codec in (
        (".m4a", "aac"), (".m4a", "alac"), (".opus", "libopus"), (".mka", "flac"), (".mp3", "libmp3lame"),
        (".aac", "aac"), (".wma", "wmav2"), (".ac3", "ac3"), (".mka", "pcm_f32le"),
    ):  # fmt: skip
        rate = _codec_rate(codec)
        exact = {} if suffix in (".m4a", ".mka", ".opus", ".mp3") else {"slack_s": 0.25}
        yield media(
            f"audio_{codec}{suffix}", (Audio(codec=codec, rate=rate),),
            Expected(rate=rate, tolerance_s=0.003, click_s=None if exact else hm.EVENT_S, **exact),
        )  # fmt: skip


def _rates() -> Iterator[Case]:
    for rate in RATES:
        yield Case(
            f"rate_{rate}.wav", partial(write_audio, kind="WAV", subtype="PCM_16", rate=rate), Expected(rate=rate)
        )
        yield Case(
            f"rate_{rate}.flac", partial(write_audio, kind="FLAC", subtype="PCM_16", rate=rate), Expected(rate=rate)
        )
        for suffix, codec in ((".mkv", "flac"), (".mov", "pcm_s16le"), (".mp4", "aac"), (".m4a", "alac")):
            if codec != "aac" or rate <= 96000:
                exact = _exactness(suffix, codec)
                yield media(
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
                yield media(f"channels_{n}_{codec}{suffix}", (Audio(codec=codec, rate=rate, n_channels=n),), expected)
        yield Case(
            f"channels_{n}.wav",
            partial(write_audio, kind="WAV", subtype="PCM_16", n_channels=n),
            Expected(n_channels=n),
        )
    for layout in ("2.1", "quad", "5.0(side)", "5.1(side)", "6.1(back)", "7.1(wide)", "octagonal", "hexagonal"):
        n = {"2.1": 3, "quad": 4, "5.0(side)": 5, "5.1(side)": 6, "6.1(back)": 7, "hexagonal": 6}.get(layout, 8)
        name = layout.replace("(", "_").replace(")", "")
        yield media(
            f"layout_{name}.mov", (Audio(codec="pcm_s16le", n_channels=n, layout=layout),), Expected(n_channels=n)
        )
        yield media(f"layout_{name}.mkv", (Audio(codec="flac", n_channels=n, layout=layout),), Expected(n_channels=n))
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
        yield media(f"video_{codec}_{pix_fmt}{suffix}", tracks, frames)


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
                yield media(name, (Video(times_s=times), Audio(codec=codec, start_s=audio_s)), expected)


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
            yield media(f"fps_{name}{suffix}", tracks, expected)
    rush = tuple(k / 90000 for k in range(1000))
    yield media("fps_90000.mp4", (Video(times_s=rush), Audio()), Expected(n_frames=4, tolerance_s=0.003))


def _sizes() -> Iterator[Case]:
    for width, height in ((2, 2), (16, 16), (16, 1024), (1024, 16), (66, 50), (130, 98)):
        tracks = (Video(codec="ffv1", size=(width, height)), Audio(codec="flac"))
        yield media(f"size_{width}x{height}.mkv", tracks, ALL_VIDEO)
    for width, height in ((33, 21), (1, 1), (3, 51)):
        tracks = (Video(codec="ffv1", pix_fmt="yuv444p", size=(width, height)), Audio(codec="flac"))
        yield media(f"size_{width}x{height}.mkv", tracks, ALL_VIDEO)
    for degrees in (90, 180, 270):
        yield Case(f"turned_{degrees}.mp4", partial(_turned, degrees=degrees), Expected(n_frames=25, flash_s=0.52,
                                                                                     tolerance_s=0.003))  # fmt: skip
    yield Case("size_12000x8000.avi", _too_large, Expected(refused="must have at most 36 million pixels"))


def _turned(path: Path, *, degrees: int) -> None:
    hm.write(path, Video(), Audio())
    turn(path, degrees)


def _too_large(path: Path) -> None:
    """An AVI whose header says that its frames are 12,000 x 8,000 pixels."""
    hm.write(path, Video(codec="rawvideo", pix_fmt="bgr24"), Audio(codec="pcm_s16le"))
    hm.patch(path, b"strf", offset=12, new=(12000).to_bytes(4, "little") + (8000).to_bytes(4, "little"))
