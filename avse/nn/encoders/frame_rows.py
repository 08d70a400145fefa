"""Encoders of the registry behind one interface: rows of numbers in, a row of features for each out.

What trains an encoder with the rest of a network (`avse.models.recognition`) holds it so, whether it is recurrent or
reads windows; and its configuration is plain numbers, so that it is built again from a weights file.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from avse.errors import ConfigError
from avse.nn.encoders.audio import SpectrumCNN
from avse.nn.encoders.clip_tokens import ClipTokens
from avse.nn.encoders.mouth import MouthCNN
from avse.nn.encoders.registry import build_encoder
from avse.nn.encoders.token_rows import WaveformRows, WordRows
from avse.nn.encoders.video import LipCNN
from avse.nn.encoders.voice import VoiceEncoder

KINDS: Mapping[type[nn.Module], str] = {
    MouthCNN: "mouth_cnn",
    LipCNN: "lip_cnn",
    SpectrumCNN: "spectrum_cnn",
    VoiceEncoder: "voice",
    ClipTokens: "clip_tokens",
    WaveformRows: "waveform_rows",
    WordRows: "word_rows",
}
"""Encoders that give a frame for each that they take, and their names in the registry."""


@dataclass(frozen=True)
class EncoderConfig:
    """What is needed to build an encoder of rows again."""

    kind: str
    """Of `avse.nn.encoders.registry.ENCODERS`, one of `KINDS`."""
    sizes: Mapping[str, Any]
    """As its class takes them."""
    shape: tuple[int, ...]
    """Of a row: `(channels, height, width)` of a video frame, with an axis of copies before it for `lip_cnn`;
    `(freqs,)`, `(samples,)`, or `(1,)` of a word."""

    @property
    def repeats_last(self) -> bool:
        """Whether a recording that ends is extended by its last row; samples and words by zeros."""
        return self.kind not in ("waveform_rows", "word_rows")

    @staticmethod
    def of(header: Mapping[str, Any] | None) -> "EncoderConfig | None":
        """From what a weights file's header holds."""
        return header and EncoderConfig(header["kind"], dict(header["sizes"]), tuple(header["shape"]))  # type: ignore[return-value]


class FrameRows(nn.Module):
    """An encoder of video frames, spectra, samples or words, given as rows."""

    def __init__(self, config: EncoderConfig) -> None:
        """Build it, untrained.

        Raises:
            ConfigError: the encoder is none of `KINDS`, or has no such sizes.
        """
        super().__init__()
        if config.kind not in KINDS.values():
            raise ConfigError(f"encoder must be one of {', '.join(KINDS.values())} but is {config.kind!r}; correct it")
        self.config = config
        self.encoder = build_encoder(config.kind, **config.sizes)
        self.dim = int(self.encoder.dim)  # type: ignore[arg-type]

    @classmethod
    def around(cls, encoder: nn.Module, shape: tuple[int, ...]) -> "FrameRows":
        """A copy of an encoder with its weights; `shape` is that of a row.

        Raises:
            ConfigError: it is none of `KINDS`.
        """
        kind = KINDS.get(type(encoder), type(encoder).__name__)
        rows = cls(EncoderConfig(kind, getattr(encoder, "sizes", {}), shape))
        rows.encoder.load_state_dict(encoder.state_dict())
        return rows.eval()

    def forward(self, rows: Tensor) -> Tensor:
        """Encode.

        Args:
            rows: `(batch, frames, numbers)`, the numbers of a row laid out as `shape` says.

        Returns:
            `(batch, frames, dim)`.
        """
        frames, encoder = rows.reshape(*rows.shape[:2], *self.config.shape), self.encoder
        if isinstance(encoder, MouthCNN | VoiceEncoder):
            features: Tensor = encoder(frames, encoder.initial_state(len(frames), frames))[0]
        elif isinstance(encoder, LipCNN):
            features = encoder(frames.flatten(1, 2))[:, :: self.config.shape[0]]
        elif isinstance(encoder, SpectrumCNN):
            features = encoder(frames.transpose(1, 2))
        else:
            features = encoder(frames)
        return features
