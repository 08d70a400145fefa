"""One small good file for every reader, and how to read it."""

import gzip
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import hostile_media as hm
import numpy as np
import soundfile
from hostile_media import Audio, Video

from avse.clips.captions import read_captions
from avse.drives.series import read_series
from avse.media.arrays import read_arrays
from avse.media.audio import AudioReader
from avse.media.remux import replace_audio
from avse.media.still import read_image
from avse.media.tags import read_tags
from avse.media.tensors import read_tensors
from avse.media.video import VideoReader

SRT = "1\n00:00:00,000 --> 00:00:01,000\nbin <i>blue</i> at f\n\n2\n00:00:01,000 --> 00:00:02,000\n{now}\n"


@dataclass(frozen=True)
class Reader:
    """A kind of file."""

    name: str
    suffix: str
    make: Callable[[Path], None]
    read: Callable[[Path], object]


def readers() -> list[Reader]:
    """All of them."""
    audio = (".mp4", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".ts", ".wmv", ".flv", ".m4a", ".opus", ".aac")
    found = [Reader(f"audio{suffix}", suffix, _container(suffix), _audio) for suffix in audio]
    kinds = {".wav": "PCM_16", ".flac": "PCM_16", ".ogg": "VORBIS", ".mp3": "MPEG_LAYER_III", ".aiff": "PCM_24",
             ".w64": "FLOAT", ".caf": "PCM_16", ".au": "PCM_16"}  # fmt: skip
    found += [
        Reader(f"audio{suffix}", suffix, _audio_file(suffix, subtype), _audio) for suffix, subtype in kinds.items()
    ]
    video = (".mp4", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".ts", ".wmv", ".flv")
    found += [Reader(f"video{suffix}", suffix, _container(suffix), _video) for suffix in video]
    found += [Reader(f"remux{suffix}", suffix, _container(suffix), _remux) for suffix in (".mp4", ".mkv", ".avi")]
    found += [Reader(f"tags{suffix}", suffix, _container(suffix), read_tags) for suffix in (".m4a", ".mkv")]
    found += [
        Reader("captions.srt", ".srt", lambda path: _text(path, SRT), read_captions),
        Reader("captions.vtt", ".vtt", lambda path: _text(path, "WEBVTT\n\n" + SRT), read_captions),
        Reader("captions.align", ".align", lambda path: _text(path, "0 23750 sil\n23750 29500 bin\n"), read_captions),
        Reader("table.csv", ".csv", lambda path: _text(path, TABLE), read_series),
        Reader("table.csv.gz", ".csv.gz", _packed_table, read_series),
        Reader("record.hea", ".hea", _record, read_series),
        Reader("arrays.npz", ".npz", _arrays, read_arrays),
        Reader("tensors.safetensors", ".safetensors", _tensors, read_tensors),
        Reader("image.png", ".png", _image, read_image),
        Reader("image.jpg", ".jpg", _image, read_image),
    ]
    return found


TABLE = "time (s),hand GSR (mV),ecg [mV]\n" + "".join(f"{k / 10},{k % 7},{k % 5}\n" for k in range(40))


def _container(suffix: str) -> Callable[[Path], None]:
    video = {".webm": "libvpx", ".avi": "mpeg4", ".mpg": "mpeg2video", ".wmv": "wmv2"}.get(suffix, "libx264")
    codec = {".webm": "libopus", ".avi": "pcm_s16le", ".mpg": "mp2", ".wmv": "wmav2", ".mkv": "flac",
             ".opus": "libopus", ".mov": "pcm_s16le"}.get(suffix, "aac")  # fmt: skip
    audio = Audio(codec=codec, rate=48000 if codec in ("libopus", "mp2") else 16000, duration_s=0.4)
    times = tuple(k / 25 for k in range(8))
    tracks = (audio,) if suffix in (".m4a", ".opus", ".aac") else (Video(codec=video, times_s=times), audio)
    return lambda path: hm.write(path, *tracks)


def _audio_file(suffix: str, subtype: str) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        soundfile.write(path, hm.waveform(Audio(duration_s=0.3)).T, 16000, subtype=subtype, format=suffix[1:].upper())

    return make


def _audio(path: Path) -> int:
    with AudioReader(path) as reader:
        return sum(block.shape[1] for block in reader.blocks())


def _video(path: Path) -> int:
    with VideoReader(path, max_height=120) as reader:
        return sum(1 for _ in reader.frames())


def _remux(path: Path) -> object:
    audio = path.with_name(f"{path.stem}_new.wav")
    soundfile.write(audio, hm.waveform(Audio(duration_s=0.4)).T, 16000)
    return replace_audio(path, {0: audio}, path.with_name(f"{path.stem}_out{path.suffix}"), force=True)


def _text(path: Path, text: str) -> None:
    path.write_text(text)


def _packed_table(path: Path) -> None:
    path.write_bytes(gzip.compress(TABLE.encode()))


def _record(path: Path) -> None:
    path.write_text(
        f"{path.stem} 2 15.5 100\n{path.stem}.dat 16 1000 16 0 0 0 0 ECG\n{path.stem}.dat 16 1000 16 0 0 0 0 GSR\n"
    )
    path.with_suffix(".dat").write_bytes(bytes(400))


def _arrays(path: Path) -> None:
    np.savez_compressed(path, crops=np.zeros((10, 4, 4), np.uint8), times_s=np.arange(10) / 25, chosen="left")


def _tensors(path: Path) -> None:
    import torch

    from avse.media.tensors import write_tensors

    write_tensors(path, {"weight": torch.zeros(3, 4)}, header={"model": "none"})


def _image(path: Path) -> None:
    import cv2

    cv2.imwrite(str(path), np.arange(48 * 64 * 3, dtype=np.uint8).reshape(48, 64, 3))
