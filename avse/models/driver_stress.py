"""Driver stress from several modalities: a CNN for each, an LSTM over all, a classifier.

Rastgoo, Nakisa, Maire, Rakotonirainy, Chandran, "Automatic driver stress level classification using multimodal deep
learning", Expert Systems with Applications 138:112793, 2019. Confirmed: ECG, vehicle and context data, each through its
own CNN, merged into a two-layer LSTM, trained as one network; three levels.

**Deviations and unknowns.** The paper's layer tables, window lengths, rates, list of variables, LSTM width, dropout,
optimiser and validation protocol could not be read; those here are our own. Beyond the paper: any set of modalities,
each at its own rate; what is missing is masked, and training leaves modalities out so that the network can do without;
encoders may also be recurrent or transformers.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from avse.nn.encoders.pretrained import SeriesTokens
from avse.nn.encoders.series import ENCODERS, SeriesCNN
from avse.nn.fusion import ConcatLSTM

KINDS: dict[str, type[SeriesCNN] | type[SeriesTokens]] = {**ENCODERS, "tokens": SeriesTokens}
"""Encoders by the name that configurations use."""


@dataclass(frozen=True)
class ModalityConfig:
    """What a modality's windows look like."""

    channels: tuple[str, ...]
    """Names, in order."""
    rate_hz: float
    """Samples a second."""


@dataclass(frozen=True)
class DriverStressConfig:
    """What is needed to build the network again."""

    modalities: Mapping[str, ModalityConfig]
    """By name."""
    levels: tuple[str, ...] = ("low", "medium", "high")
    """Names of what is distinguished, in order."""
    window_s: float = 30.0
    """Length of a window, for which there is one answer."""
    context_s: float = 300.0
    """How far back the LSTM looks."""
    calibration_s: float = 0.0
    """Means over so many seconds at a drive's start are taken from its channels; 0 for none."""
    encoder: str = "cnn"
    """`cnn`, `gru`, `transformer`, or `tokens`: VATT's encoder of audio."""
    dim: int = 32
    """Features of each modality's frames."""
    frame_rate_hz: float = 1.0
    """Encoders halve their modality's rate until it is no more than this, and once at least."""
    lstm_dim: int = 48
    """Width of the LSTM."""
    n_layers: int = 2
    """LSTM layers."""
    dropout: float = 0.3
    """Share dropped in training."""


class DriverStress(nn.Module):
    """Windows of several modalities to a level of stress for each."""

    name: ClassVar[str] = "driver_stress"

    def __init__(self, config: DriverStressConfig, *, encoders: Mapping[str, SeriesCNN | SeriesTokens]) -> None:
        """Set up.

        Args:
            config: sizes and rates.
            encoders: of each modality, for twice its channels: values, and where they are real.
        """
        super().__init__()
        self.config = config
        self.encoders = nn.ModuleDict(encoders)
        for name, modality in config.modalities.items():
            n_channels = len(modality.channels)
            self.register_buffer(f"mean_{name}", torch.zeros(n_channels, 1))
            self.register_buffer(f"std_{name}", torch.ones(n_channels, 1))
        # Of a window's frames both what is usual and how much it varies.
        dims = [2 * int(encoder.dim) for encoder in encoders.values()]
        self.fusion = ConcatLSTM(dims, dim=config.lstm_dim, n_layers=config.n_layers, dropout=config.dropout)
        self.drop = nn.Dropout(config.dropout)
        self.classify = nn.Sequential(nn.Dropout(config.dropout), nn.Linear(config.lstm_dim, len(config.levels)))

    @classmethod
    def build(cls, config: DriverStressConfig) -> "DriverStress":
        """Build the network with its own encoders."""
        encoders = {
            name: KINDS[config.encoder](
                2 * len(m.channels),
                rate_hz=m.rate_hz,
                dim=config.dim,
                n_halvings=max(1, math.ceil(math.log2(m.rate_hz / config.frame_rate_hz))),
                dropout=0.0,
            )
            for name, m in config.modalities.items()
        }
        return cls(config, encoders=encoders)

    @staticmethod
    def config_of(**header: Any) -> DriverStressConfig:
        """The configuration that a weights file's header holds."""
        modalities = {
            name: ModalityConfig(tuple(m["channels"]), m["rate_hz"]) for name, m in header["modalities"].items()
        }
        return DriverStressConfig(**{**header, "modalities": modalities, "levels": tuple(header["levels"])})

    def normalise_as(self, means: Mapping[str, Tensor], stds: Mapping[str, Tensor]) -> None:
        """Take the training drivers' means and standard deviations, `(channels,)` by modality."""
        for name in self.config.modalities:
            getattr(self, f"mean_{name}").copy_(means[name][:, None])
            getattr(self, f"std_{name}").copy_(stds[name][:, None])

    def forward(self, values: Mapping[str, Tensor], masks: Mapping[str, Tensor]) -> Tensor:
        """Judge windows that follow each other.

        Args:
            values: `(batch, steps, channels, time)` by modality, in their own units.
            masks: the same shapes, bool, True = real data; a window without any is a missing modality.

        Returns:
            `(batch, steps, levels)` logits; a step knows of those before it and of none after.
        """
        features = [self.encode(name, values[name], masks[name]) for name in self.config.modalities]
        present = torch.stack([masks[name].any(dim=3).any(dim=2) for name in self.config.modalities], dim=-1)
        logits: Tensor = self.classify(self.fusion([self.drop(feature) for feature in features], present))
        return logits

    def encode(self, name: str, values: Tensor, mask: Tensor) -> Tensor:
        """Features of one modality's windows, `(batch, steps, features)`; arguments as of `forward`."""
        real = mask.to(values)
        even = (values - getattr(self, f"mean_{name}")) / getattr(self, f"std_{name}") * real
        frames = self.encoders[name](torch.cat([even, real], dim=2).flatten(0, 1))
        std = (frames.var(dim=1, correction=0) + 1e-5).sqrt()
        window = torch.cat([frames.mean(dim=1), std], dim=-1)
        return window.reshape(*values.shape[:2], -1)
