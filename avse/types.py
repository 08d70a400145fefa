"""Array types by the names that signatures use; axes stand in each docstring."""

import numpy as np
import numpy.typing as npt

Waveform = npt.NDArray[np.float32]
"""`(..., samples)`, full scale +-1."""
FloatWaveform = npt.NDArray[np.floating]
"""`(..., samples)` in any floating precision, as metrics take it."""
Spectrum = npt.NDArray[np.complex64]
"""`(..., freqs, frames)`, complex."""
Image = npt.NDArray[np.uint8]
"""`(..., height, width, 3)` RGB, or `(..., height, width)` grey where the docstring says so; 0 to 255."""
Grey = npt.NDArray[np.uint8]
"""`(height, width)`, 0 to 255."""
FloatArray = npt.NDArray[np.float32]
"""Whatever networks take and give, with axes as the docstring says."""
Flags = npt.NDArray[np.bool_]
"""`(frames,)`, or one for each of something else; True = real data."""
Series = npt.NDArray[np.float64]
"""`(time,)` or `(channels, time)`, sampled evenly."""
FloatSeries = npt.NDArray[np.floating]
"""A series in any floating precision, as recordings have it."""
Features = npt.NDArray[np.floating]
"""`(examples, features)`."""
Labels = npt.NDArray[np.integer]
"""`(examples,)`, numbers of classes from 0."""
Probabilities = npt.NDArray[np.floating]
"""`(..., examples, classes)`, rows that sum to 1."""
