"""A VATT's encoders of audio and text on recordings of any length, a row of features for each row that they read."""

from torch import Tensor, nn

from avse.nn.encoders.tokens import TokenEncoder, WaveformTokens, WordTokens
from avse.nn.transformer import SIZES, Transformer


class WaveformRows(nn.Module):
    """Windows as long as the VATT's clips, each by itself; a row has the mean features of its tokens."""

    def __init__(self, *, size: str, patch: int, n_positions: int, rate_hz: float, n_pooled: int) -> None:
        """Set up.

        Args:
            size: of the transformer.
            patch: samples of a token.
            n_positions: tokens of a window, a multiple of `n_pooled`.
            rate_hz: samples a second.
            n_pooled: tokens of a row.
        """
        super().__init__()
        self.sizes = {
            "size": size, "patch": patch, "n_positions": n_positions, "rate_hz": rate_hz, "n_pooled": n_pooled
        }  # fmt: skip
        self.n_pooled, self.n_rows = n_pooled, n_positions // n_pooled
        transformer = Transformer(SIZES[size])
        tokens = WaveformTokens(transformer.dim, patch=patch, n_positions=n_positions, rate_hz=rate_hz)
        self.encoder = TokenEncoder(tokens, transformer)
        self.dim, self.frame_rate_hz = self.encoder.dim, rate_hz / patch / n_pooled

    def forward(self, rows: Tensor) -> Tensor:
        """Encode audio; silence follows until the last window is whole.

        Args:
            rows: `(batch, rows, patch * n_pooled)` samples, about [-1, 1].

        Returns:
            `(batch, rows, dim)`.
        """
        batch, n_rows = rows.shape[:2]
        whole = nn.functional.pad(rows, (0, 0, 0, -n_rows % self.n_rows))
        windows = whole.reshape(-1, self.n_rows * rows.shape[2])
        tokens = self.encoder(windows).reshape(batch, -1, self.n_pooled, self.dim)
        features: Tensor = tokens.mean(dim=2)[:, :n_rows]
        return features


class WordRows(nn.Module):
    """Words by number; 0 is no word, which the others do not attend to."""

    def __init__(self, *, size: str, n_words: int, vocabulary: int) -> None:
        """Set up.

        Args:
            size: of the transformer.
            n_words: for whose distances attention has learned a bias; those of longer texts share the last.
            vocabulary: numbers that `word_indices` gives.
        """
        super().__init__()
        self.sizes = {"size": size, "n_words": n_words, "vocabulary": vocabulary}
        transformer, n_heads = Transformer(SIZES[size]), SIZES[size].n_heads
        tokens = WordTokens(transformer.dim, n_words=n_words, vocabulary=vocabulary, n_heads=n_heads)
        self.encoder = TokenEncoder(tokens, transformer)
        self.dim, self.frame_rate_hz = self.encoder.dim, 0.0

    def forward(self, rows: Tensor) -> Tensor:
        """Encode `(batch, words, 1)` numbers of words to `(batch, words, dim)`."""
        features: Tensor = self.encoder(rows[..., 0].long())
        return features
