"""Clips from shards: windows of the model's length and size, changed a little."""

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.utils.data import Dataset

from avse.clips.captions import captions_between
from avse.clips.cut import Clip, decode_clip
from avse.clips.windows import as_pixels, resized, window_of
from avse.data.bank import WaveformBank
from avse.data.manifest import data_root, read_manifest
from avse.data.mix import cut_looped, mix
from avse.data.shard_index import IndexedShards, has_index
from avse.data.shards import ShardReader
from avse.errors import ConfigError, MediaError
from avse.models.vatt import Clips, VATTConfig
from avse.nn.encoders.tokens import word_indices
from avse.signal.decibel import amplitude_ratio
from avse.types import Image, Waveform
from recipes.vatt.config import AugmentConfig

Rng = np.random.Generator


class ClipExample(NamedTuple):
    """A clip for the network; shapes as in `Clips`, without the batch."""

    frames: Tensor
    waveform: Tensor
    words: Tensor
    has_audio: bool
    has_text: bool


class ClipDataset(Dataset[list[ClipExample]]):
    """Windows of clips by (epoch, index); what is done to them depends on seed, epoch and index alone."""

    def __init__(
        self,
        folder: Path,
        *,
        model: VATTConfig,
        augment: AugmentConfig | None = None,
        n_windows: int = 1,
        n_texts: int = 1,
        seed: int = 0,
        keep: bool = False,
    ) -> None:
        """Open the shards.

        Args:
            folder: of one split's shards.
            model: whose windows' sizes and rates are wanted.
            augment: what is done to windows; None takes them as they are, one after another.
            n_windows: of a clip, each at random within its share of the clip; without `augment` as many as fit.
            n_texts: of a window.
            seed: of all chances.
            keep: keep decoded clips in memory.

        Raises:
            ConfigError: there are no clips, or they are of other rates than the model's.
        """
        self.shards, self.model, self.augment = open_shards(folder), model, augment
        self._check_rates(folder)
        self.n_windows, self.n_texts, self.seed = n_windows, n_texts, seed
        self._kept: dict[int, Clip] | None = {} if keep else None
        self._noises = _training_noises(augment.noises, model.sample_rate) if augment and augment.noises else None

    def _check_rates(self, folder: Path) -> None:
        first, model = self.shards[0], self.model
        about = json.loads(first["json"]) if "json" in first else {}
        own, wanted = (about.get("fps"), about.get("sample_rate")), (model.fps, model.sample_rate)
        if None not in own and own != wanted:
            raise ConfigError(
                f"clips of {folder} must be of {wanted[0]:g} video frames and {wanted[1]} samples a second but are of "
                f"{own[0]:g} and {own[1]}; set model.fps and model.sample_rate, or cut the videos again"
            )

    def __len__(self) -> int:
        return len(self.shards)

    @property
    def n_tokens(self) -> int:
        """Of video and audio that training sees of an example."""
        return self.n_windows * self.model.n_tokens

    def clip(self, index: int) -> Clip:
        """A clip as it was cut."""
        if self._kept is None:
            return decode_clip(self.shards[index])
        if index not in self._kept:
            self._kept[index] = decode_clip(self.shards[index])
        return self._kept[index]

    def clips(self) -> Iterator[Clip]:
        """All clips; one that is damaged is reported and skipped."""
        for index in range(len(self.shards)):
            try:
                yield self.clip(index)
            except MediaError as error:
                _report(error)

    def __getitem__(self, which: tuple[int, int]) -> list[ClipExample]:
        epoch, index = which
        try:
            clip = self.clip(index)
        except MediaError as error:
            # A damaged clip among millions must not stop a job; it takes part in neither loss.
            _report(error)
            return [self._nothing()] * self.n_windows
        if self.augment is None:
            return self.windows(clip)
        rng = np.random.default_rng([self.seed, epoch, index])
        spare = max(0, len(clip.frames) - self.model.n_frames)
        starts = (np.arange(self.n_windows) + rng.random(self.n_windows)) / self.n_windows * (spare + 1)
        return [self.window(clip, min(spare, int(start)), rng) for start in starts]

    def windows(self, clip: Clip) -> list[ClipExample]:
        """All whole windows of a clip as they are, one after another; of a clip that is shorter, that one."""
        n_frames = self.model.n_frames
        return [self.window(clip, i * n_frames) for i in range(max(1, len(clip.frames) // n_frames))]

    def window(self, clip: Clip, first: int, rng: Rng | None = None) -> ClipExample:
        """A window for the network.

        Args:
            clip: that it is of.
            first: frame to begin with; beyond the end the last one is repeated, and there is no audio.
            rng: for what is done to it; None does nothing.
        """
        model = self.model
        frames, waveform = window_of(
            clip,
            first,
            n_frames=model.n_frames,
            n_samples=model.n_samples,
            sample_rate=model.sample_rate,
            fps=model.fps,
        )
        if self.augment and rng:
            video_frames = _cropped(frames, (model.height, model.width), self.augment, rng)
            pixels = np.ascontiguousarray(_coloured(video_frames, self.augment, rng).transpose(0, 3, 1, 2))
            waveform = self._noisy(waveform, rng)
            waveform *= amplitude_ratio(rng.uniform(-self.augment.gain_db, self.augment.gain_db))
            deviation = self.augment.noise * float(np.abs(waveform).max())
            waveform += deviation * rng.standard_normal(len(waveform), dtype=np.float32)
        else:
            pixels = as_pixels(frames, (model.height, model.width))
        start_s, end_s = first / model.fps, (first + model.n_frames) / model.fps
        texts = captions_between(clip.captions, start_s=start_s, end_s=end_s, n=self.n_texts)
        filled = [texts[i % len(texts)] if texts else "" for i in range(self.n_texts)]
        return ClipExample(
            torch.from_numpy(pixels),
            torch.from_numpy(waveform),
            word_indices(filled, n_words=model.n_words, vocabulary=model.vocabulary),
            clip.waveform is not None,
            bool(texts),
        )

    def _noisy(self, waveform: Waveform, rng: Rng) -> Waveform:
        if self._noises is None or not self.augment or not waveform.any() or rng.random() < 0.5:
            return waveform
        noise = self._noises.waveforms[rng.integers(len(self._noises))]
        piece = cut_looped(noise, offset=int(rng.integers(len(noise))), n_samples=len(waveform))
        return mix(waveform, piece, snr_db=rng.uniform(*self.augment.noise_snr_db)) if piece.any() else waveform

    def _nothing(self) -> ClipExample:
        model = self.model
        return ClipExample(
            torch.zeros(model.n_frames, 3, model.height, model.width),
            torch.zeros(model.n_samples),
            torch.zeros(self.n_texts, model.n_words, dtype=torch.int64),
            has_audio=False,
            has_text=False,
        )


def open_shards(folder: Path) -> IndexedShards | ShardReader:
    """Shards by their index where there is one, else by what is found in them."""
    return IndexedShards(folder) if has_index(folder) else ShardReader(folder)


def collate(clips: Iterable[list[ClipExample]]) -> Clips:
    """The windows of several clips to a batch."""
    examples = [example for windows in clips for example in windows]
    frames, waveform, words, has_audio, has_text = zip(*examples, strict=True)
    return Clips(
        torch.stack(frames), torch.stack(waveform), torch.stack(words), torch.tensor(has_audio), torch.tensor(has_text)
    )


def _training_noises(manifest: Path, sample_rate: int) -> WaveformBank:
    items = [item for item in read_manifest(manifest) if not item.is_speech and item.split == "train"]
    return WaveformBank(items, root=data_root(), sample_rate=sample_rate)


def _report(error: MediaError) -> None:
    print(f"vatt: {error}", file=sys.stderr)


def _cropped(frames: Image, size: tuple[int, int], augment: AugmentConfig, rng: Rng) -> Image:
    """The same random part of every video frame, stretched to the size and perhaps flipped."""
    height, width = frames.shape[1:3]
    share, aspect = rng.uniform(*augment.area), np.exp(rng.uniform(*np.log(augment.aspect)))
    rows = int(np.clip(round(height * np.sqrt(share / aspect)), 1, height))
    columns = int(np.clip(round(width * np.sqrt(share * aspect)), 1, width))
    top, left = rng.integers(height - rows + 1), rng.integers(width - columns + 1)
    cut = resized(frames[:, top : top + rows, left : left + columns], size)
    return cut[:, :, ::-1] if rng.random() < augment.flip_probability else cut


def _coloured(frames: Image, augment: AugmentConfig, rng: Rng) -> npt.NDArray[np.float32]:
    """Video frames in [0, 1] of another light, contrast, saturation and hue, the same for the whole clip."""
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
    clipped: npt.NDArray[np.float32] = np.clip(coloured, 0, 1, out=coloured)
    return clipped
