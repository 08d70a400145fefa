"""Encoders that cut raw video, audio or words into tokens for a transformer (Akbari et al. 2021, section 3.1 and 3.2).

A tokeniser makes tokens with positions; `TokenEncoder` puts an [AGG] token before them, drops some in training, and
gives them to a transformer. It keeps the contract of all encoders, `(batch, frames, features)`, beside the one vector
a clip that VATT trains.
"""

import math
import zlib
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from avse.nn.encoders.positions import INITIAL_STD, resized
from avse.nn.transformer import Transformer

BUCKETS, FARTHEST = 32, 64
"""Of distances between words, as T5 has them."""


class VideoTokens(nn.Module):
    """Patches of time, height and width; a table of positions for each of the three, summed."""

    can_drop = True

    def __init__(
        self,
        dim: int,
        *,
        patch: tuple[int, int, int],
        grid: tuple[int, int, int],
        fps: float,
        channels: int = 3,
        official_code: bool = False,
    ) -> None:
        """Set up.

        Args:
            dim: features of a token.
            patch: frames, rows and columns of a patch.
            grid: patches along time, height and width for which positions are learned; others are interpolated.
            fps: frames a second.
            channels: of a frame.
            official_code: normalise positions, and interpolate them, as the official code does.
        """
        super().__init__()
        self.dim, self.patch, self.frame_rate_hz = dim, patch, fps / patch[0]
        self.project = nn.Linear(channels * math.prod(patch), dim)
        self.positions = nn.ParameterList(nn.Parameter(INITIAL_STD * torch.randn(length, dim)) for length in grid)
        self.official_code, self.norm = official_code, _norm(dim) if official_code else nn.Identity()

    def forward(self, frames: Tensor) -> Tensor:
        """Cut frames into tokens.

        Args:
            frames: `(batch, time, channels, height, width)`, [0, 1]; what is left beyond whole patches is not seen.

        Returns:
            `(batch, n, dim)`, columns within rows within steps of time.
        """
        n_time, n_rows, n_columns = self.grid_of(frames)
        patch_time, patch_height, patch_width = self.patch
        whole = frames[:, : n_time * patch_time, :, : n_rows * patch_height, : n_columns * patch_width]
        cut = (2 * whole - 1).reshape(
            -1, n_time, patch_time, frames.shape[2], n_rows, patch_height, n_columns, patch_width
        )  # (batch, n_t, t, channels, n_h, h, n_w, w)
        patches = cut.permute(0, 1, 4, 6, 3, 2, 5, 7).flatten(4)
        time, rows, columns = (
            resized(table, length, spline=self.official_code)
            for table, length in zip(self.positions, (n_time, n_rows, n_columns), strict=True)
        )
        where = time[:, None, None] + rows[:, None] + columns
        tokens: Tensor = (self.project(patches) + self.norm(where)).flatten(1, 3)
        return tokens

    def grid_of(self, frames: Tensor) -> tuple[int, int, int]:
        """Patches along time, height and width of `(batch, time, channels, height, width)`."""
        n_time, n_rows, n_columns = (
            frames.shape[axis] // size for axis, size in zip((1, 3, 4), self.patch, strict=True)
        )
        return n_time, n_rows, n_columns

    def to_frames(self, tokens: Tensor, frames: Tensor) -> Tensor:
        """Tokens `(batch, n, dim)` of these frames to `(batch, n_time, dim)`, the mean over each moment's video."""
        batch, _, dim = tokens.shape
        return tokens.reshape(batch, self.grid_of(frames)[0], -1, dim).mean(dim=2)


class WaveformTokens(nn.Module):
    """Patches of raw audio, with a learned position each."""

    can_drop = True

    def __init__(
        self,
        dim: int,
        *,
        patch: int,
        n_positions: int,
        rate_hz: float,
        channels: int = 1,
        official_code: bool = False,
    ) -> None:
        """Set up.

        Args:
            dim: features of a token.
            patch: samples of a patch.
            n_positions: patches for which positions are learned; more or fewer are interpolated.
            rate_hz: samples a second.
            channels: of a series; audio has one.
            official_code: as of `VideoTokens`.
        """
        super().__init__()
        self.dim, self.patch, self.frame_rate_hz = dim, patch, rate_hz / patch
        self.project = nn.Linear(channels * patch, dim)
        self.positions = nn.Parameter(INITIAL_STD * torch.randn(n_positions, dim))
        self.official_code, self.norm = official_code, _norm(dim) if official_code else nn.Identity()

    def forward(self, series: Tensor) -> Tensor:
        """Cut audio, or any series, into tokens.

        Args:
            series: `(batch, samples)` or `(batch, channels, samples)`, about [-1, 1].

        Returns:
            `(batch, n, dim)`; a rest shorter than a patch is not heard.
        """
        channels = series if series.dim() == 3 else series[:, None]
        n_tokens = channels.shape[-1] // self.patch
        whole = channels[..., : n_tokens * self.patch].reshape(*channels.shape[:2], n_tokens, self.patch)
        patches = whole.transpose(1, 2).flatten(2)
        where = self.norm(resized(self.positions, n_tokens, spline=self.official_code))
        tokens: Tensor = self.project(patches) + where
        return tokens

    def to_frames(self, tokens: Tensor, _: Tensor) -> Tensor:
        """Tokens are frames: `(batch, frames, dim)`, as they are."""
        return tokens


class WordTokens(nn.Module):
    """Words by number, without positions: attention gets the distance of two words instead."""

    can_drop = False

    def __init__(self, dim: int, *, n_words: int, vocabulary: int, n_heads: int, official_code: bool = False) -> None:
        """Set up.

        Args:
            dim: features of a token.
            n_words: of a text.
            vocabulary: numbers that `word_indices` gives.
            n_heads: of the attention.
            official_code: learn a bias for each of T5's buckets of distances; else for each distance.
        """
        super().__init__()
        self.dim, self.frame_rate_hz, self.n_words = dim, math.nan, n_words
        self.words = nn.Embedding(vocabulary, dim, padding_idx=0)
        self.official_code = official_code
        # One bias for each distance of two words; the last is for [AGG], which is nowhere.
        self.distances = nn.Parameter(torch.zeros(n_heads, 1 + (BUCKETS if official_code else 2 * n_words - 1)))

    def forward(self, numbers: Tensor) -> Tensor:
        """Look words up, `(batch, words)` of `word_indices` to `(batch, words, dim)`."""
        tokens: Tensor = self.words(numbers)
        return tokens

    def bias(self, n_words: int) -> Tensor:
        """What is added to the scores of attention between [AGG] and words, `(heads, 1 + words, 1 + words)`."""
        place = torch.arange(n_words, device=self.distances.device)
        far = place[:, None] - place
        each = far.clamp(1 - self.n_words, self.n_words - 1) + self.n_words - 1
        number = bucket(far) if self.official_code else each
        return self.distances[:, F.pad(number, (1, 0, 1, 0), value=self.distances.shape[1] - 1)]

    def to_frames(self, tokens: Tensor, _: Tensor) -> Tensor:
        """Tokens are frames: `(batch, frames, dim)`, as they are."""
        return tokens


class TokenEncoder(nn.Module):
    """Tokens, the [AGG] token, and a transformer, which several modalities may share."""

    def __init__(
        self,
        tokens: VideoTokens | WaveformTokens | WordTokens,
        transformer: Transformer,
        *,
        drop_rate: float = 0.0,
        shared_drop: bool = False,
        dropout: float = 0.0,
        projections: bool = False,
    ) -> None:
        """Set up.

        Args:
            tokens: makes tokens of the transformer's width.
            transformer: over the tokens.
            drop_rate: share of the tokens that training skips (DropToken); words all stay.
            shared_drop: skip the same ones in the whole batch, as the official code does.
            dropout: share of the tokens' numbers skipped in training, as the official code does.
            projections: a linear layer of its own before and after a transformer that is shared.
        """
        super().__init__()
        self.tokens, self.transformer = tokens, transformer
        self.dim, self.frame_rate_hz = transformer.dim, tokens.frame_rate_hz
        self.drop_rate, self.shared_drop, self.dropout = drop_rate, shared_drop, dropout
        self.aggregate = nn.Parameter(INITIAL_STD * torch.randn(self.dim))
        self.before = nn.Linear(self.dim, self.dim) if projections else nn.Identity()
        self.after = nn.Linear(self.dim, self.dim) if projections else nn.Identity()

    def forward(self, inputs: Tensor) -> Tensor:
        """Encode over time, with every token.

        Args:
            inputs: as the tokeniser takes them.

        Returns:
            `(batch, frames, dim)`.
        """
        return self.tokens.to_frames(self._transform(inputs, self.tokens(inputs))[:, 1:], inputs)

    def clip(self, inputs: Tensor) -> Tensor:
        """Encode a clip as a whole: the [AGG] token, `(batch, dim)`. Training drops tokens."""
        tokens = self.tokens(inputs)
        if self.training and self.tokens.can_drop and self.drop_rate:
            tokens = drop_tokens(tokens, rate=self.drop_rate, shared=self.shared_drop)
        return self._transform(inputs, tokens)[:, 0]

    def _transform(self, inputs: Tensor, tokens: Tensor) -> Tensor:
        first = self.aggregate.expand(tokens.shape[0], 1, -1)
        tokens = F.dropout(tokens, self.dropout, self.training)
        bias = mask = None
        if isinstance(self.tokens, WordTokens):
            bias, mask = self.tokens.bias(inputs.shape[1]), F.pad(inputs != 0, (1, 0), value=True)
        seen = self.transformer(self.before(torch.cat([first, tokens], dim=1)), bias=bias, mask=mask)
        transformed: Tensor = self.after(seen)
        return transformed


def drop_tokens(tokens: Tensor, *, rate: float, shared: bool = False) -> Tensor:
    """Skip a random share of the tokens (DropToken; Akbari et al. 2021, section 3.4).

    Args:
        tokens: `(batch, n, dim)`.
        rate: share to skip, 0 to below 1; at least one stays.
        shared: the same places in every sample; else each sample has its own.

    Returns:
        `(batch, n - dropped, dim)`, in the old order.
    """
    batch, n_tokens, dim = tokens.shape
    n_kept = max(1, n_tokens - int(rate * n_tokens))
    chance = torch.rand(1 if shared else batch, n_tokens, device=tokens.device)
    kept = chance.topk(n_kept, dim=1).indices.sort(dim=1).values.expand(batch, -1)
    return tokens.gather(1, kept[..., None].expand(-1, -1, dim))


def bucket(far: Tensor) -> Tensor:
    """T5's buckets of the distances between words (Raffel et al. 2020): near ones each, far ones by their logarithm.

    Args:
        far: `(...)` whole numbers, above 0 where the other word comes before.

    Returns:
        `(...)` indices below `BUCKETS`; those of one direction in each half.
    """
    half = BUCKETS // 2
    each, size = half // 2, far.abs()
    octaves = (size.clamp(min=1) / each).log() / math.log(FARTHEST / each)
    beyond = (each + (octaves * (half - each)).floor().long()).clamp(max=half - 1)
    return torch.where(size < each, size, beyond) + half * (far < 0)


def _norm(dim: int) -> nn.Module:
    return nn.LayerNorm(dim, eps=1e-6)


def word_indices(texts: Sequence[str], *, n_words: int, vocabulary: int) -> Tensor:
    """Words to numbers by hashing: CRC-32 of the lower-case word, modulo `vocabulary` - 1, plus 1; 0 is no word.

    Args:
        texts: any number of them; words beyond `n_words` are skipped.
        n_words: numbers of a text.
        vocabulary: numbers there are; two words rarely share one if it is large.

    Returns:
        `(texts, n_words)` int64.
    """
    numbers = torch.zeros(len(texts), n_words, dtype=torch.int64)
    for row, text in zip(numbers, texts, strict=True):
        words = ["".join(filter(str.isalnum, word)) for word in text.lower().split()]
        hashed = [1 + zlib.crc32(word.encode()) % (vocabulary - 1) for word in words if word][:n_words]
        row[: len(hashed)] = torch.tensor(hashed, dtype=torch.int64)
    return numbers
