"""Clips from shards, cut to the model's size and changed a little."""

import sys
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.utils.data import Dataset

from avse.data.clips import Clip, Frames, decode_clip
from avse.data.shards import ShardReader
from avse.errors import MediaError
from avse.models.vatt import Clips, VATTConfig
from avse.nn.encoders.tokens import word_numbers
from recipes.vatt.config import AugmentConfig

Rng = np.random.Generator


class Example(NamedTuple):
    """A clip for the network; shapes as in `Clips`, without the batch."""

    frames: Tensor
    waveform: Tensor
    words: Tensor
    has_sound: bool
    has_text: bool


class ClipDataset(Dataset[Example]):
    """Clips by (epoch, index); what is done to one depends on seed, epoch and index alone."""

    def __init__(
        self,
        folder: Path,
        *,
        model: VATTConfig,
        augment: AugmentConfig | None = None,
        n_texts: int = 1,
        seed: int = 0,
        repeat: int = 1,
    ) -> None:
        """Open the shards.

        Args:
            folder: of one split's shards.
            model: whose clips' sizes and rates are wanted.
            augment: what is done to clips; None takes the middle of each as it is.
            n_texts: of a clip.
            seed: of all chances.
            repeat: times that an epoch goes through the clips.
        """
        self.shards, self.model, self.augment = ShardReader(folder), model, augment
        self.n_texts, self.seed, self.repeat = n_texts, seed, repeat

    def __len__(self) -> int:
        return self.repeat * len(self.shards)

    def clip(self, number: int) -> Clip:
        """A clip as it was cut."""
        return decode_clip(self.shards[number])

    def __getitem__(self, which: tuple[int, int]) -> Example:
        epoch, index = which
        try:
            clip = self.clip(index % len(self.shards))
        except MediaError as error:
            # A damaged clip among millions must not stop a job; it takes part in neither loss.
            print(f"train: {error}", file=sys.stderr)
            return self._nothing()
        return self.example(clip, np.random.default_rng([self.seed, epoch, index]))

    def example(self, clip: Clip, rng: Rng) -> Example:
        """A clip for the network: a random stretch and crop of it in training, else the middle of all."""
        model, augment = self.model, self.augment
        spare = max(0, len(clip.frames) - model.n_frames)
        first = int(rng.integers(spare + 1)) if augment else spare // 2
        frames = clip.frames[first : first + model.n_frames]
        frames = np.concatenate([frames, np.repeat(frames[-1:], model.n_frames - len(frames), axis=0)])
        waveform = np.zeros(model.n_samples, dtype=np.float32)
        if clip.waveform is not None:
            start = round(first / model.fps * model.sample_rate)
            heard = clip.waveform[start : start + model.n_samples]
            waveform[: len(heard)] = heard
        if augment:
            frames = _cropped(frames, (model.height, model.width), augment, rng)
            frames = _coloured(frames, augment, rng)
            spread = augment.noise * float(np.abs(waveform).max())
            waveform += spread * rng.standard_normal(len(waveform), dtype=np.float32)
        else:
            frames = _resized(frames, (model.height, model.width)).astype(np.float32) / 255
        texts = [clip.texts[i % len(clip.texts)] for i in range(self.n_texts)] if clip.texts else [""] * self.n_texts
        return Example(
            torch.from_numpy(frames).permute(0, 3, 1, 2).contiguous(),
            torch.from_numpy(waveform),
            word_numbers(texts, n_words=model.n_words, vocabulary=model.vocabulary),
            clip.waveform is not None,
            bool(clip.texts),
        )

    def _nothing(self) -> Example:
        model = self.model
        return Example(
            torch.zeros(model.n_frames, 3, model.height, model.width),
            torch.zeros(model.n_samples),
            torch.zeros(self.n_texts, model.n_words, dtype=torch.int64),
            has_sound=False,
            has_text=False,
        )


def collate(examples: list[Example]) -> Clips:
    """Examples to a batch."""
    frames, waveform, words, has_sound, has_text = zip(*examples, strict=True)
    return Clips(
        torch.stack(frames), torch.stack(waveform), torch.stack(words), torch.tensor(has_sound), torch.tensor(has_text)
    )


def _resized(frames: Frames, size: tuple[int, int]) -> Frames:
    """Pictures of another size, `(height, width)`."""
    if frames.shape[1:3] == size:
        return frames
    smaller = size[0] < frames.shape[1]
    how = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    return np.stack([cv2.resize(frame, (size[1], size[0]), interpolation=how) for frame in frames])


def _cropped(frames: Frames, size: tuple[int, int], augment: AugmentConfig, rng: Rng) -> Frames:
    """The same random part of every picture, stretched to the size and perhaps flipped."""
    height, width = frames.shape[1:3]
    share, aspect = rng.uniform(*augment.area), np.exp(rng.uniform(*np.log(augment.aspect)))
    rows = int(np.clip(round(height * np.sqrt(share / aspect)), 1, height))
    columns = int(np.clip(round(width * np.sqrt(share * aspect)), 1, width))
    top, left = rng.integers(height - rows + 1), rng.integers(width - columns + 1)
    cut = _resized(frames[:, top : top + rows, left : left + columns], size)
    return cut[:, :, ::-1] if rng.random() < augment.flip_probability else cut


def _coloured(frames: Frames, augment: AugmentConfig, rng: Rng) -> npt.NDArray[np.float32]:
    """Pictures in [0, 1] of another light, contrast, saturation and hue, the same for the whole clip."""
    shift = rng.uniform(-augment.brightness, augment.brightness)
    contrast = 1 + rng.uniform(-augment.contrast, augment.contrast)
    saturation = 1 + rng.uniform(-augment.saturation, augment.saturation)
    turn = 2 * np.pi * rng.uniform(-augment.hue, augment.hue)
    # Luma stays; the two colour differences are scaled and turned (YIQ).
    to_yiq = np.array([[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]])
    cosine, sine = saturation * np.cos(turn), saturation * np.sin(turn)
    change = np.array([[1, 0, 0], [0, cosine, -sine], [0, sine, cosine]])
    matrix = (np.linalg.inv(to_yiq) @ change @ to_yiq * contrast).astype(np.float32)
    values = frames.astype(np.float32) / 255
    mean = float(values.mean())
    coloured = (values - mean) @ matrix.T
    coloured += np.float32(mean + shift)
    return np.clip(coloured, 0, 1, out=coloured)
