"""Frequencies to bands as the ear has them, and back."""

import numpy as np
import torch
from torch import Tensor, nn

from avse.signal.erb import erb_from_hz, hz_from_erb
from avse.signal.stft_config import StftConfig


class ErbBands(nn.Module):
    """Low frequencies one by one, high ones in bands of equal width on the ERB scale (Glasberg and Moore 1990).

    As in GTCRN (Rong et al. 2024): half the numbers, and hardly a difference to hear. Nothing in it is learnt.
    """

    def __init__(self, stft: StftConfig, *, n_low: int = 65, n_high: int = 64, stored: bool = False) -> None:
        """Lay out the bands.

        Args:
            stft: of the audio.
            n_low: lowest frequencies, kept as they are.
            n_high: bands above them.
            stored: weights hold the bands, which may then be others than these.
        """
        super().__init__()
        self.n_low, self.n_bands = n_low, n_low + n_high
        filters = _triangles(stft, n_low, n_high)
        self.register_buffer("gathering", filters / filters.sum(dim=1, keepdim=True), persistent=stored)
        self.register_buffer("spreading", filters / filters.sum(dim=0, keepdim=True), persistent=stored)

    def to_bands(self, values: Tensor) -> Tensor:
        """Mean over each band, `(..., freqs)` to `(..., bands)`."""
        high = values[..., self.n_low :] @ self.gathering.T  # type: ignore[operator]
        return torch.cat([values[..., : self.n_low], high], dim=-1)

    def from_bands(self, values: Tensor) -> Tensor:
        """Each frequency between its neighbouring bands, `(..., bands)` to `(..., freqs)`."""
        high = values[..., self.n_low :] @ self.spreading  # type: ignore[operator]
        return torch.cat([values[..., : self.n_low], high], dim=-1)


def _triangles(stft: StftConfig, n_low: int, n_high: int) -> Tensor:
    """Triangles that overlap by half and sum to 1 at every frequency, `(bands, frequencies above n_low)`."""
    bin_hz = stft.sample_rate / stft.window
    bins = np.arange(n_low, stft.n_freqs)
    ends = erb_from_hz([n_low * bin_hz, stft.sample_rate / 2])
    centres = hz_from_erb(np.linspace(ends[0], ends[1], n_high)) / bin_hz
    # Where bands are narrower than a frequency they move apart, or some would hold none.
    for band in range(1, n_high):
        centres[band] = max(centres[band], centres[band - 1] + 1)
    centres = centres[0] + (centres - centres[0]) * (bins[-1] - bins[0]) / (centres[-1] - centres[0])
    rows = [np.interp(bins, centres, row) for row in np.eye(n_high)]
    return torch.from_numpy(np.stack(rows)).float()
