"""Recognition from several modalities: features of each over time, fused by concatenation or by attention.

Three fusions of the literature (Michelsanti et al. 2021, section VII; Baltrusaitis et al. 2019, section 6):

- `early`: features side by side at every moment, then one network over time;
- `late`: a network over time for each modality, their vectors side by side, then a fully connected layer;
- `attention`: the same vectors weighed by a learned query (Vaswani et al. 2017) before the classifier.

An encoder of frames may be part of the network and trained with it (`InputConfig.network`), or have made the features
before. A missing modality is zero and marked as missing; training drops modalities at random, so that the network can
do without. Ensembles of networks with one modality each are combined by `avse.models.voting`.

**Deviations.** None of the three is of one paper: sizes and the network over time are our own.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from avse.errors import ConfigError
from avse.nn.encoders.frame_rows import EncoderConfig, FrameRows

COMMON_RATE_HZ = 25.0
"""Of the frames at which early fusion joins modalities."""


@dataclass(frozen=True)
class InputConfig:
    """What a modality's features look like."""

    dim: int
    """Features of a frame; 1 for words."""
    rate_hz: float
    """Frames per second; 0 where frames have no time, as words."""
    encoder: str
    """What makes the features, as `recipes.recognition.encoders` reads it."""
    vocabulary: int = 0
    """Above 0, frames are word numbers below this, as `word_indices` gives them."""
    network: EncoderConfig | None = None
    """An encoder that is part of the network: frames are what it reads, and `dim` is what it gives."""

    @property
    def width(self) -> int:
        """Numbers of a frame as the network takes it."""
        return math.prod(self.network.shape) if self.network else self.dim


@dataclass(frozen=True)
class RecognizerConfig:
    """What is needed to build the network again."""

    inputs: Mapping[str, InputConfig]
    """By modality."""
    labels: tuple[str, ...]
    """Names of the classes, in order."""
    fusion: Literal["early", "late", "attention"] = "late"
    """Where modalities meet."""
    dim: int = 48
    """Width of the networks over time."""
    dropout: float = 0.3
    """Share dropped in training."""
    window_s: float = 0.0
    """Median duration of the training examples, seconds: longer recordings are classified in windows of it."""


class OverTime(nn.Module):
    """Two residual convolutions over frames, then attention pooling and a mean: frames to one vector."""

    def __init__(self, n_in: int, *, dim: int, dropout: float) -> None:
        """Set up; `n_in` features a frame, `dim` features of the vector."""
        super().__init__()
        self.project = nn.Linear(n_in, dim)
        self.convolutions = nn.ModuleList(nn.Conv1d(dim, dim, 5, padding=2) for _ in range(2))
        self.score, self.join = nn.Linear(dim, 1), nn.Linear(2 * dim, dim)
        self.drop = nn.Dropout(dropout)

    def forward(self, frames: Tensor, mask: Tensor) -> Tensor:
        """Pool `(batch, frames, n_in)`, of which `mask` `(batch, frames)` is real, to `(batch, dim)`; 0 without any."""
        real = mask[..., None].to(frames)
        hidden = self.project(frames) * real
        for convolution in self.convolutions:
            hidden = hidden + self.drop(F.gelu(convolution(hidden.transpose(1, 2)).transpose(1, 2))) * real
        scores = self.score(hidden).masked_fill(~mask[..., None], -1e4)
        attended = (torch.softmax(scores, dim=1) * hidden).sum(dim=1)
        mean = hidden.sum(dim=1) / real.sum(dim=1).clamp_min(1)
        vector: Tensor = F.gelu(self.join(torch.cat([attended, mean], dim=-1)))
        return vector * mask.any(dim=1, keepdim=True).to(vector)


class Words(nn.Module):
    """Word numbers to features: an embedding and a GRU, the recurrent network of a text."""

    def __init__(self, vocabulary: int, *, dim: int) -> None:
        """Set up."""
        super().__init__()
        self.embed, self.over_words = nn.Embedding(vocabulary, dim, padding_idx=0), nn.GRU(dim, dim, batch_first=True)

    def forward(self, numbers: Tensor) -> Tensor:
        """Encode `(batch, words, 1)` to `(batch, words, dim)`."""
        encoded: Tensor = self.over_words(self.embed(numbers[..., 0].long()))[0]
        return encoded


class Recognizer(nn.Module):
    """Features of several modalities to a label."""

    name: ClassVar[str] = "recognizer"

    def __init__(self, config: RecognizerConfig) -> None:
        """Set up; `config` holds the sizes."""
        super().__init__()
        if not config.inputs or len(config.labels) < 2:
            raise ConfigError("a recognizer must have a modality and two labels or more but has fewer; correct it")
        self.config = config
        dim, names = config.dim, list(config.inputs)
        self.words = nn.ModuleDict(
            {name: Words(i.vocabulary, dim=dim) for name, i in config.inputs.items() if i.vocabulary}
        )
        self.encoders = nn.ModuleDict({name: FrameRows(i.network) for name, i in config.inputs.items() if i.network})
        sizes = {name: dim if i.vocabulary else i.dim for name, i in config.inputs.items()}
        for name, i in config.inputs.items():
            self.register_buffer(f"mean_{name}", torch.zeros(i.dim))
            self.register_buffer(f"std_{name}", torch.ones(i.dim))
        if config.fusion == "early":
            self.joined = OverTime(sum(sizes.values()) + len(names), dim=dim, dropout=config.dropout)
            n_fused = dim
        else:
            branches = {name: OverTime(n, dim=dim, dropout=config.dropout) for name, n in sizes.items()}
            self.branches = nn.ModuleDict(branches)
            n_fused = dim if config.fusion == "attention" else dim * len(names) + len(names)
        if config.fusion == "attention":
            self.query = nn.Parameter(torch.randn(dim) / dim**0.5)
            self.keys = nn.Linear(dim, dim)
        self.classify = nn.Sequential(
            nn.Dropout(config.dropout), nn.Linear(n_fused, dim), nn.GELU(), nn.Linear(dim, len(config.labels))
        )

    @classmethod
    def build(cls, config: RecognizerConfig) -> "Recognizer":
        """Build the network."""
        return cls(config)

    @staticmethod
    def config_of(**header: Any) -> RecognizerConfig:
        """The configuration that a weights file's header holds."""
        inputs = {
            name: InputConfig(**{**values, "network": EncoderConfig.of(values.get("network"))})
            for name, values in header["inputs"].items()
        }
        return RecognizerConfig(**{**header, "inputs": inputs, "labels": tuple(header["labels"])})

    def normalise_as(self, means: Mapping[str, Tensor], stds: Mapping[str, Tensor]) -> None:
        """Take the training examples' means and standard deviations, `(dim,)` by modality; words have none."""
        for name in means:
            getattr(self, f"mean_{name}").copy_(means[name])
            getattr(self, f"std_{name}").copy_(stds[name])

    def forward(self, frames: Mapping[str, Tensor], masks: Mapping[str, Tensor]) -> Tensor:
        """Classify.

        Args:
            frames: `(batch, frames, width)` by modality.
            masks: `(batch, frames)` bool, True = real; a modality without any is missing.

        Returns:
            `(batch, labels)` logits.
        """
        features = {name: self._features(name, frames[name], masks[name]) for name in self.config.inputs}
        present = torch.stack([masks[name].any(dim=1) for name in self.config.inputs], dim=1)
        if self.config.fusion == "early":
            fused = self._early(features, masks, present)
        else:
            vectors = [self.branches[name](features[name], masks[name]) for name in self.config.inputs]
            if self.config.fusion == "attention":
                fused = self._attend(vectors, present)
            else:
                fused = torch.cat([*vectors, present.to(vectors[0])], dim=1)
        logits: Tensor = self.classify(fused)
        return logits

    def encoded(self, name: str, frames: Tensor) -> Tensor:
        """A modality's features `(batch, frames, dim)` of `(batch, frames, width)`: the same, but for own encoders."""
        features: Tensor = self.encoders[name](frames) if name in self.encoders else frames
        return features

    def _features(self, name: str, frames: Tensor, mask: Tensor) -> Tensor:
        if name in self.words:
            encoded: Tensor = self.words[name](frames)
            return encoded * mask[..., None].to(encoded)
        encoded = self.encoded(name, frames.float())
        even: Tensor = (encoded - getattr(self, f"mean_{name}")) / getattr(self, f"std_{name}")
        return even * mask[..., None].to(even)

    def _attend(self, vectors: Sequence[Tensor], present: Tensor) -> Tensor:
        stacked = torch.stack(list(vectors), dim=1)
        scores = torch.tanh(self.keys(stacked)) @ self.query
        weights = torch.softmax(scores.masked_fill(~present, -1e4), dim=1)
        attended: Tensor = (weights[..., None] * stacked).sum(dim=1)
        return attended

    def _early(self, features: Mapping[str, Tensor], masks: Mapping[str, Tensor], present: Tensor) -> Tensor:
        rates = {name: i.rate_hz for name, i in self.config.inputs.items()}
        seconds = max([f.shape[1] / rates[n] for n, f in features.items() if rates[n]], default=0.0)
        n_steps = max(1, round(seconds * COMMON_RATE_HZ)) if seconds else max(f.shape[1] for f in features.values())
        rows, real = [], torch.zeros(len(present), n_steps, dtype=torch.bool, device=present.device)
        for name, feature in features.items():
            row, mask = _at_common_rate(feature, masks[name], rate_hz=rates[name], n_steps=n_steps)
            rows.append(row)
            real |= mask & bool(rates[name])
        # What has no time counts wherever something has; alone it is one step.
        real[:, 0] |= present.any(dim=1) & ~real.any(dim=1)
        there = present[:, None].expand(-1, n_steps, -1).to(rows[0])
        fused: Tensor = self.joined(torch.cat([*rows, there], dim=-1), real)
        return fused


def _at_common_rate(feature: Tensor, mask: Tensor, *, rate_hz: float, n_steps: int) -> tuple[Tensor, Tensor]:
    """Frames of any rate at the common one: the frame at each step's middle; what has no time, its mean throughout."""
    if not rate_hz:
        real = mask[..., None].to(feature)
        mean = (feature * real).sum(dim=1, keepdim=True) / real.sum(dim=1, keepdim=True).clamp_min(1)
        return mean.expand(-1, n_steps, -1), mask.any(dim=1, keepdim=True).expand(-1, n_steps)
    middle = (torch.arange(n_steps, device=feature.device) + 0.5) / COMMON_RATE_HZ * rate_hz
    index, inside = middle.long().clamp_max(feature.shape[1] - 1), middle < feature.shape[1]
    return feature[:, index] * inside[:, None].to(feature), mask[:, index] & inside
