"""Weights of the terms of the loss."""

from dataclasses import dataclass


@dataclass(frozen=True)
class LossConfig:
    """Weights of what is made small."""

    magnitude: float = 14.0
    """Of the error of compressed magnitudes."""
    parts: float = 3.0
    """Of the error of compressed real and imaginary parts."""
    resolutions: float = 4.0
    """Of the error of the waveform's compressed magnitudes, mean over windows of 256 and 1024 samples."""
    snr: float = 0.03
    """Of each dB of SNR that is missing. Not scale-invariant: speech has to come out as loud as it is."""
    disturbance: float = 0.0
    """Of what PESQ would take off its score (`avse.nn.disturbance`)."""
