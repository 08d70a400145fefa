"""Every encoder by name: what it reads, and how it is built from plain numbers.

Models hold encoders of this list and never parts of their own, so that one model's encoder begins another's: the
weights load strictly, or not at all (`avse.models.transfer`).
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from torch import nn

from avse.errors import ConfigError
from avse.nn.encoders.audio import SpectrumCNN
from avse.nn.encoders.clip_tokens import ClipTokens
from avse.nn.encoders.mouth import MouthCNN
from avse.nn.encoders.pretrained import CropTokensConfig
from avse.nn.encoders.series import SeriesCNN, SeriesGRU, SeriesTransformer
from avse.nn.encoders.token_rows import WaveformRows, WordRows
from avse.nn.encoders.tokens import TokenEncoder, WaveformTokens, WordTokens
from avse.nn.encoders.video import LipCNN
from avse.nn.encoders.voice import VoiceEncoder
from avse.nn.transformer import SIZES, Transformer


class Entry(NamedTuple):
    """A kind of encoder."""

    reads: str
    """`video`, `audio`, `text` or `series`."""
    build: Callable[..., nn.Module]
    """From the numbers of a configuration."""


def _video_tokens(**sizes: Any) -> TokenEncoder:
    return CropTokensConfig(**sizes).build()


def _waveform_tokens(*, size: str, patch: int, n_positions: int, rate_hz: float) -> TokenEncoder:
    transformer = Transformer(SIZES[size])
    return TokenEncoder(
        WaveformTokens(transformer.dim, patch=patch, n_positions=n_positions, rate_hz=rate_hz), transformer
    )


def _word_tokens(*, size: str, n_words: int, vocabulary: int) -> TokenEncoder:
    transformer, heads = Transformer(SIZES[size]), SIZES[size].n_heads
    return TokenEncoder(WordTokens(transformer.dim, n_words=n_words, vocabulary=vocabulary, n_heads=heads), transformer)


ENCODERS: Mapping[str, Entry] = {
    "mouth_cnn": Entry("video", MouthCNN),
    "lip_cnn": Entry("video", LipCNN),
    "video_tokens": Entry("video", _video_tokens),
    "clip_tokens": Entry("video", ClipTokens),
    "spectrum_cnn": Entry("audio", SpectrumCNN),
    "voice": Entry("audio", VoiceEncoder),
    "waveform_tokens": Entry("audio", _waveform_tokens),
    "waveform_rows": Entry("audio", WaveformRows),
    "word_tokens": Entry("text", _word_tokens),
    "word_rows": Entry("text", WordRows),
    "series_cnn": Entry("series", SeriesCNN),
    "series_gru": Entry("series", SeriesGRU),
    "series_transformer": Entry("series", SeriesTransformer),
}
"""By the name that configurations use."""


def build_encoder(name: str, **sizes: Any) -> nn.Module:
    """Build an encoder, untrained.

    Args:
        name: of `ENCODERS`.
        sizes: as its class takes them.

    Raises:
        ConfigError: there is no such encoder, or it has no such sizes.
    """
    if name not in ENCODERS:
        raise ConfigError(f"encoder must be one of {', '.join(ENCODERS)} but is {name!r}; correct it")
    try:
        return ENCODERS[name].build(**sizes)
    except (TypeError, KeyError) as error:
        raise ConfigError(f"sizes of encoder {name} must be those of its class but are not ({error})") from None
