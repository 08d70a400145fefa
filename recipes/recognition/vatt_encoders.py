"""VATT's encoders: of mouths or faces, of the waveform, and of text."""

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from avse.errors import ConfigError
from avse.models import zoo
from avse.models.vatt import VATT
from avse.nn.encoders.clip_tokens import ClipTokens, windows_of
from avse.nn.encoders.frame_rows import FrameRows
from avse.nn.encoders.movement import movement
from avse.nn.encoders.token_rows import WaveformRows, WordRows
from avse.nn.encoders.tokens import word_indices
from avse.nn.layers import crops_to_frames
from avse.types import FloatArray
from recipes.recognition.built import Built, array_of
from recipes.recognition.recordings import CROP_RATE_HZ, SAMPLE_RATE, Crops

N_POOLED = 5
"""Tokens of the waveform whose mean is a frame: 40 ms of the shipped model."""


def vatt_of(weights: str) -> VATT:
    """A VATT by the file of its weights; without one, that of the package `avse-vatt`.

    Raises:
        MissingExtraError: none are named, and the package is not installed.
        ConfigError: they are of something else.
    """
    return zoo.load_as(VATT, Path(weights or "vatt"))


def vatt_video(weights: str) -> Built:
    """VATT's encoder of video, on mouths or faces."""
    model = vatt_of(weights)
    config, encoder = model.config, model.encoder("video")

    def shrunk(crops: Crops) -> torch.Tensor:
        frames = crops_to_frames(torch.from_numpy(crops.crops)[None])[0]
        if frames.shape[2:] != (config.height, config.width):
            frames = F.adaptive_avg_pool2d(frames, (config.height, config.width))
        return frames

    def encode(crops: Crops) -> FloatArray:
        frames = shrunk(crops)
        windows = windows_of(frames[None], config.n_frames)
        features = encoder(movement(windows) if config.movement else windows).flatten(0, 1)
        return array_of(features[: -(-len(frames) // config.patch[0])])

    def prepare(crops: Crops) -> FloatArray:
        return array_of(shrunk(crops).flatten(1))

    rows = _rows_of(model)
    rate_hz = config.fps / config.patch[0]
    return Built(encode, encoder.dim, rate_hz, prepare=prepare, network=rows, row_rate_hz=CROP_RATE_HZ)


def _rows_of(model: VATT) -> FrameRows | None:
    """A VATT's encoder of video to be fine-tuned; None where the transformer is shared or the official code's."""
    config = model.config
    if config.shared or config.official_code or config.fps != CROP_RATE_HZ:
        return None
    clip = (config.n_frames, config.height, config.width)
    grid = tuple(length // size for length, size in zip(clip, config.patch, strict=True))
    tokens = ClipTokens(
        n_frames=config.n_frames,
        moving=config.movement,
        size=config.video,
        patch=config.patch,
        grid=grid,
        fps=config.fps,
    )
    tokens.encoder.load_state_dict(model.encoder("video").state_dict())
    return FrameRows.around(tokens, (3, config.height, config.width))


def vatt_waveform(weights: str) -> Built:
    """VATT's encoder of audio."""
    model = vatt_of(weights)
    config, encoder = model.config, model.encoder("audio")
    if config.sample_rate != SAMPLE_RATE:
        raise ConfigError(f"VATT {weights} must hear at {SAMPLE_RATE} Hz but does at {config.sample_rate}; retrain it")
    n_row = N_POOLED * config.patch_samples
    n_tokens = config.n_samples // config.patch_samples

    def rows_of(waveform: FloatArray) -> FloatArray:
        n_rows = max(1, len(waveform) // n_row)
        padded = np.pad(waveform, (0, max(0, n_row - len(waveform))))
        return np.asarray(padded[: n_rows * n_row].reshape(n_rows, n_row), np.float32)

    def encode(waveform: FloatArray) -> FloatArray:
        n_windows = -(-len(waveform) // config.n_samples)
        padded = np.pad(waveform, (0, n_windows * config.n_samples - len(waveform)))
        tokens = encoder(torch.from_numpy(padded).reshape(n_windows, config.n_samples)).flatten(0, 1)
        tokens = tokens[: max(N_POOLED, len(waveform) // config.patch_samples) // N_POOLED * N_POOLED]
        return array_of(tokens.reshape(-1, N_POOLED, *tokens.shape[1:]).mean(dim=1))

    network = None
    if not (config.shared or config.official_code or n_tokens % N_POOLED):
        rows = WaveformRows(
            size=config.audio,
            patch=config.patch_samples,
            n_positions=n_tokens,
            rate_hz=SAMPLE_RATE,
            n_pooled=N_POOLED,
        )
        rows.encoder.load_state_dict(encoder.state_dict())
        network = FrameRows.around(rows, (n_row,))
    return Built(encode, encoder.dim, SAMPLE_RATE / n_row, prepare=rows_of, network=network)


def vatt_text(weights: str) -> Built:
    """VATT's encoder of text."""
    model = vatt_of(weights)
    config, encoder = model.config, model.encoder("text")

    def numbers_of(text: str) -> torch.Tensor:
        numbers = word_indices([text], n_words=config.n_words, vocabulary=config.vocabulary)
        return numbers[:, : max(1, int((numbers > 0).sum()))]

    def encode(text: str) -> FloatArray:
        return array_of(encoder(numbers_of(text))[0])

    network = None
    if not (config.shared or config.official_code):
        rows = WordRows(size=config.text, n_words=config.n_words, vocabulary=config.vocabulary)
        rows.encoder.load_state_dict(encoder.state_dict())
        network = FrameRows.around(rows, (1,))
    return Built(encode, encoder.dim, 0.0, prepare=lambda text: numbers_of(text)[0, :, None].float().numpy(),
                 network=network)  # fmt: skip
