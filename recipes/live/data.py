"""Training and validation examples from a manifest: audio, and the movement of a mouth."""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.utils.data import Dataset

from avse.data.bank import read_mono
from avse.data.channel import Channel
from avse.data.corpus import join_faces, load_corpus
from avse.data.dataset import MixtureDataset
from avse.data.manifest import data_root
from avse.errors import ConfigError
from avse.models.live import VIDEO_RATE_HZ
from avse.signal.motion import motion_of
from recipes.live.config import TrainConfig
from recipes.progress import bar


class MotionExample(NamedTuple):
    """One training example, or a batch of them with a first axis more."""

    noisy: Tensor
    """`(samples,)`."""
    clean: Tensor
    """`(samples,)`."""
    motion: Tensor
    """`(video frames, 2, height, width)` of the mouth, as `avse.signal.motion` makes it."""
    present: Tensor
    """`(video frames,)` 1 where there is a video frame, else 0."""
    matched: Tensor
    """Scalar, 1 if the mouth is the speaker's and in time, else 0."""


class MotionDataset(Dataset[MotionExample]):
    """Mixtures with the movement of the mouth in place of its video frames."""

    def __init__(self, mixtures: MixtureDataset) -> None:
        """Wrap a dataset whose frames lie as far apart as video frames do."""
        self.mixtures = mixtures

    def __len__(self) -> int:
        return len(self.mixtures)

    def __getitem__(self, key: tuple[int, int]) -> MotionExample:
        """Mix one example; `key` is epoch and index."""
        example = self.mixtures[key]
        motion = motion_of(example.crops.numpy(), example.present.numpy())
        return MotionExample(
            example.noisy, example.clean, torch.from_numpy(motion), example.present.float(), example.matched.float()
        )


def collate(examples: list[MotionExample]) -> MotionExample:
    """Stack examples into a batch."""
    return MotionExample(*(torch.stack(field) for field in zip(*examples, strict=True)))


def load_dataset(config: TrainConfig, *, split: str) -> MotionDataset:
    """Read a split's recordings and crops into memory.

    Args:
        config: of the run.
        split: `train` or `valid`; validation examples are as they were recorded.
    """
    sample_rate, training = config.model.sample_rate, split == "train"
    corpus = load_corpus(config.manifest, config.crops, split=split, sample_rate=sample_rate, progress=bar)
    if config.n_joined_clips > 1:
        corpus = join_faces(corpus, n_clips=config.n_joined_clips, seed=config.loop.seed, sample_rate=sample_rate)
    mixtures = MixtureDataset(
        corpus,
        config=config.mix if training else config.mix.undisturbed(),
        seed=config.loop.seed,
        hop=round(sample_rate / VIDEO_RATE_HZ),
        sample_rate=sample_rate,
        n_audio_only=config.n_audio_only if training else config.n_valid_audio_only,
        channel=_channel(config) if training else None,
    )
    return MotionDataset(mixtures)


def _channel(config: TrainConfig) -> Channel:
    folder = data_root() / config.responses
    paths = sorted(folder.glob("*.flac"))
    if not paths and config.channel.measured_share > 0:
        raise ConfigError(f"responses {folder} must hold room responses (.flac) but holds none; name another folder")
    responses = [read_mono(path, sample_rate=config.model.sample_rate) for path in paths]
    return Channel(config.channel, responses=responses, sample_rate=config.model.sample_rate)
