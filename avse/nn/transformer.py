"""A pre-norm transformer, as VATT has it (Akbari et al. 2021, section 3.3): GELU, PyTorch's fused attention."""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint


@dataclass(frozen=True)
class TransformerConfig:
    """Sizes of a transformer."""

    n_layers: int
    dim: int
    """Width of the tokens."""
    mlp_dim: int
    """Width inside the multilayer perceptrons."""
    n_heads: int
    """Of the attention; they share `dim` evenly."""
    dropout: float = 0.0
    """Share of the outputs of attention and perceptron skipped in training."""
    checkpointing: bool = False
    """Compute each layer again for its gradient, and keep its input alone: half the speed, a fraction of the memory."""


SIZES = {
    "tiny": TransformerConfig(4, 128, 512, 4),
    "small": TransformerConfig(6, 512, 2048, 8),
    "base": TransformerConfig(12, 768, 3072, 12),
    "medium": TransformerConfig(12, 1024, 4096, 16),
    "large": TransformerConfig(24, 1024, 4096, 16),
}
"""Of the paper's table 7, and a tiny one for CPUs."""


class Layer(nn.Module):
    """Attention, then a perceptron, each on normalised tokens and added to them."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.n_heads, self.dropout = config.n_heads, config.dropout
        self.norm_attention = nn.LayerNorm(config.dim, eps=1e-6)
        self.query_key_value = nn.Linear(config.dim, 3 * config.dim)
        self.output = nn.Linear(config.dim, config.dim)
        self.norm_mlp = nn.LayerNorm(config.dim, eps=1e-6)
        self.mlp = nn.Sequential(
            nn.Linear(config.dim, config.mlp_dim), nn.GELU(), nn.Linear(config.mlp_dim, config.dim)
        )

    def forward(self, tokens: Tensor, bias: Tensor | None = None) -> Tensor:
        """Transform `(batch, n, dim)`; `bias` is added to the scores of attention and fits `(batch, heads, n, n)`."""
        batch, n_tokens, dim = tokens.shape
        parts = self.query_key_value(self.norm_attention(tokens)).reshape(batch, n_tokens, 3, self.n_heads, -1)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        seen = F.scaled_dot_product_attention(query, key, value, attn_mask=bias)
        tokens = tokens + self._drop(self.output(seen.transpose(1, 2).reshape(batch, n_tokens, dim)))
        return tokens + self._drop(self.mlp(self.norm_mlp(tokens)))

    def _drop(self, tokens: Tensor) -> Tensor:
        return F.dropout(tokens, self.dropout, self.training)


class Transformer(nn.Module):
    """Layers, and a last normalisation."""

    def __init__(self, config: TransformerConfig) -> None:
        super().__init__()
        self.config, self.dim = config, config.dim
        self.layers = nn.ModuleList(Layer(config) for _ in range(config.n_layers))
        self.norm = nn.LayerNorm(config.dim, eps=1e-6)

    def forward(self, tokens: Tensor, *, bias: Tensor | None = None, mask: Tensor | None = None) -> Tensor:
        """Transform tokens.

        Args:
            tokens: `(batch, n, dim)`.
            bias: added to the first layer's scores of attention; broadcasts to `(batch, heads, n, n)`.
            mask: `(batch, n)` bool, True = a real token; nobody attends to others.

        Returns:
            The same shape.
        """
        absent = None
        if mask is not None:
            absent = torch.zeros_like(mask, dtype=tokens.dtype).masked_fill(~mask, -math.inf)[:, None, None, :]
        for number, layer in enumerate(self.layers):
            of_layer = absent
            if number == 0 and bias is not None:
                of_layer = bias if absent is None else bias + absent
            if self.config.checkpointing and self.training and torch.is_grad_enabled():
                tokens = checkpoint(layer, tokens, of_layer, use_reentrant=False)
            else:
                tokens = layer(tokens, of_layer)
        normalised: Tensor = self.norm(tokens)
        return normalised
