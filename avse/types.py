"""Array types by the names that signatures use; axes stand in each docstring."""

import numpy as np
import numpy.typing as npt

Waveform = npt.NDArray[np.float32]
"""`(..., samples)`, full scale +-1."""
FloatWaveform = npt.NDArray[np.floating]
"""`(..., samples)` in any floating precision, as metrics take it."""
Spectrum = npt.NDArray[np.complex64]
"""`(..., freqs, frames)`, complex."""
