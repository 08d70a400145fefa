"""Videos, recordings, video and words to vectors of a VATT."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from avse.clips.cut import Clip, ClipConfig, cut_video
from avse.clips.windows import as_pixels, window_of
from avse.errors import InputError, MediaError
from avse.media.still import read_image
from avse.media.suffixes import STILLS
from avse.models import zoo
from avse.models.pretrained import path_of
from avse.models.vatt import VATT, VATTConfig
from avse.nn.encoders.tokens import word_indices
from avse.search.embeddings import Embeddings, Vectors


class Embedder:
    """A VATT that turns videos, recordings, video and words into vectors."""

    def __init__(self, weights: Path, *, device: str = "cpu") -> None:
        """Load.

        Args:
            weights: file of a VATT, or the name of an installed one.
            device: `cpu`, `cuda` and so on.

        Raises:
            ConfigError: the weights are of something else, or there is no such device.
        """
        zoo.check_device(device)
        self.model = zoo.load_as(VATT, weights).to(device)
        self.digest = hashlib.sha256(path_of(str(weights)).read_bytes()).hexdigest()[:16]
        self.device = device

    @property
    def config(self) -> VATTConfig:
        """Of the network."""
        return self.model.config

    def embed_file(self, path: Path) -> Embeddings:
        """All clips of a video, each as long as the network's; one is in memory at a time.

        Raises:
            MediaError: the video cannot be decoded, has no video, or is too short.
        """
        rows = list(self._clips(path))
        if not rows:
            raise MediaError(f"video {path} must be {self._length_s() / 2:g} s long or more but is not; leave it out")
        return Embeddings(**{name: np.array([row[name] for row in rows]) for name in rows[0]}, model=self.digest)

    def video(self, path: Path) -> Vectors:
        """A video, or a still image, `(windows, dim)` to compare with audio."""
        if path.suffix.lower() in STILLS:
            still = np.repeat(read_image(path)[None], self.config.n_frames, axis=0)
            return self._encode(Clip(0.0, np.ascontiguousarray(still), None, []))[0][None]
        return self.embed_file(path).video_va

    def audio(self, waveform: Vectors) -> Vectors:
        """Audio at the network's rate, `(samples,)` to `(windows, dim)` to compare with video."""
        n_samples = self.config.n_samples
        padded = np.pad(waveform, (0, -len(waveform) % n_samples or (n_samples if not len(waveform) else 0)))
        windows = torch.from_numpy(padded.reshape(-1, n_samples)).to(self.device)
        return _unit(self.model.embed_audio(windows).cpu().numpy())

    def words(self, text: str) -> Vectors:
        """A text, `(1, dim)` to compare with video."""
        numbers = word_indices([text], n_words=self.config.n_words, vocabulary=self.config.vocabulary)
        if not numbers.any():
            raise InputError(f"text must have a word or more but is {text!r}; say something")
        return _unit(self.model.embed_text(numbers.to(self.device)).cpu().numpy())

    def _length_s(self) -> float:
        return self.config.n_frames / self.config.fps

    def _clips(self, path: Path) -> Iterator[dict[str, Any]]:
        config = self.config
        size = (config.height, config.width)
        clips = cut_video(
            path,
            config=ClipConfig(
                duration_s=self._length_s(),
                fps=config.fps,
                height=config.height,
                sample_rate=config.sample_rate,
                mouth=size if config.mouths else None,
            ),
            captions=[],
        )
        for clip in clips:
            video_va, video_vt = self._encode(clip)
            _, waveform = self._window(clip)
            audio_va = self.audio(waveform)[0] if clip.waveform is not None else np.full_like(video_va, np.nan)
            end_s = clip.start_s + len(clip.frames) / config.fps
            yield {
                "path": str(path), "start_s": clip.start_s, "end_s": end_s, "video_va": video_va, "audio_va": audio_va,
                "video_vt": video_vt,
            }  # fmt: skip

    def _window(self, clip: Clip) -> tuple[npt.NDArray[np.uint8], Vectors]:
        config = self.config
        return window_of(
            clip,
            0,
            n_frames=config.n_frames,
            n_samples=config.n_samples,
            sample_rate=config.sample_rate,
            fps=config.fps,
        )

    def _encode(self, clip: Clip) -> tuple[Vectors, Vectors]:
        frames = as_pixels(self._window(clip)[0], (self.config.height, self.config.width))
        vectors = self.model.embed_video(torch.from_numpy(frames)[None].to(self.device))
        video_va, video_vt = (_unit(vector.cpu().numpy()[0]) for vector in vectors)
        return video_va, video_vt


def _unit(vectors: npt.NDArray[Any]) -> Vectors:
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    unit: Vectors = (vectors / np.maximum(lengths, 1e-12)).astype(np.float32)
    return unit
