"""Training of recognisers on features in memory.

An evaluation trains hundreds of networks of some ten thousand weights, each for seconds: they need no checkpoints, and
the loop of `avse.training` would take longer to write them than to train.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from avse.models.recognition import InputConfig, Recognizer, RecognizerConfig
from avse.types import Labels, Probabilities
from recipes.recognition.batches import Batch, training_batches
from recipes.recognition.encoders import read_encoder
from recipes.recognition.features import CLEAN, Features

N_AT_ONCE = 64
"""Recordings that go through an own encoder together, where nothing is trained."""


@dataclass(frozen=True)
class FitConfig:
    """How a network is trained."""

    n_epochs: int = 30
    """Passes over the training examples."""
    batch_size: int = 32
    """Examples of a step."""
    learning_rate: float = 2e-3
    """Of AdamW at the start; falls to 0 along half a cosine."""
    encoder_learning_rate: float = 3e-4
    """The same of the encoders that are fine-tuned; lower, so that they keep what they have learned."""
    weight_decay: float = 0.05
    """Of AdamW."""
    label_smoothing: float = 0.05
    """Share of the target spread over all labels."""
    modality_dropout: float = 0.2
    """Probability that a modality is missing from a training example; one always stays."""
    frame_dropout: float = 0.1
    """Share of the frames missing in training."""
    noise: float = 0.1
    """Standard deviation of noise on the normalised features."""


def fit(
    rows: Sequence[Features],
    labels: Labels,
    *,
    sizes: RecognizerConfig,
    config: FitConfig,
    seed: int,
    n_noisy: int = 0,
) -> Recognizer:
    """Train a recogniser; the same arguments give the same weights.

    Args:
        rows: training recordings.
        labels: `(rows,)`.
        sizes: of the network, with its modalities, labels and fusion.
        config: of the training.
        seed: of the weights and the draws.
        n_noisy: noisy copies of each recording, among which and the clean one each epoch chooses.
    """
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    inputs = dict(sizes.inputs)
    model = Recognizer.build(replace(sizes, window_s=_median_s(rows, inputs)))
    for name in model.encoders:
        model.encoders[name].load_state_dict(_first_weights(name, inputs[name]))
    batches = training_batches(rows, inputs, n_noisy=n_noisy)
    model.normalise_as(*_statistics(batches, model))
    target, weights = torch.from_numpy(labels), _class_weights(labels, len(sizes.labels))
    n_steps = config.n_epochs * -(-len(rows) // config.batch_size)
    optimiser = torch.optim.AdamW(_parameter_groups(model, config), weight_decay=config.weight_decay)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, n_steps)
    model.train()
    for _ in range(config.n_epochs):
        for some in np.array_split(rng.permutation(len(rows)), -(-len(rows) // config.batch_size)):
            index = torch.from_numpy(some)
            batch = _augmented(batches[int(rng.integers(len(batches)))].at(index), model, config, rng)
            logits = model(batch.frames, batch.masks)
            loss = F.cross_entropy(logits, target[index], weights, label_smoothing=config.label_smoothing)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)
            optimiser.step()
            schedule.step()
    return model.eval()


@torch.inference_mode()
def predict(model: Recognizer, batch: Batch) -> Probabilities:
    """Probabilities `(batch, labels)`; modalities that the model does not know are ignored."""
    n = len(next(iter(batch.frames.values())))
    parts = torch.split(torch.arange(n), N_AT_ONCE if len(model.encoders) else n)
    logits = torch.cat([model(some.frames, some.masks) for some in map(batch.at, parts)])
    probabilities: Probabilities = torch.softmax(logits.double(), dim=1).numpy()
    return probabilities


def present(batch: Batch, name: str) -> npt.NDArray[np.bool_]:
    """Which recordings have a modality, `(batch,)`."""
    there: npt.NDArray[np.bool_] = batch.masks[name].any(dim=1).numpy()
    return there


def _augmented(batch: Batch, model: Recognizer, config: FitConfig, rng: np.random.Generator) -> Batch:
    frames, masks = {}, {}
    names = list(batch.frames)
    n = len(batch.frames[names[0]])
    missing = rng.random((len(names), n)) < config.modality_dropout
    missing[rng.integers(len(names), size=n), np.arange(n)] = False  # one always stays
    for number, name in enumerate(names):
        values, mask = batch.frames[name], batch.masks[name]
        if not model.config.inputs[name].vocabulary and name not in model.encoders:
            values = values + config.noise * getattr(model, f"std_{name}") * torch.randn(values.shape)
        kept = torch.rand(mask.shape) >= config.frame_dropout
        frames[name], masks[name] = values, mask & kept & ~torch.from_numpy(missing[number])[:, None]
    return Batch(frames, masks)


def _first_weights(modality: str, config: InputConfig) -> dict[str, Tensor]:
    """What a fine-tuned encoder begins with."""
    network = read_encoder(modality, config.encoder).network
    assert network is not None  # its configuration is there, so it is
    return network.state_dict()


def _parameter_groups(model: Recognizer, config: FitConfig) -> list[dict[str, Any]]:
    tuned = list(model.encoders.parameters())
    of_encoders = set(map(id, tuned))
    rest = [parameter for parameter in model.parameters() if id(parameter) not in of_encoders]
    groups: list[dict[str, Any]] = [{"params": rest, "lr": config.learning_rate}]
    return [*groups, {"params": tuned, "lr": config.encoder_learning_rate}] if tuned else groups


@torch.no_grad()
def _statistics(batches: Sequence[Batch], model: Recognizer) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Mean and standard deviation of each modality's features; those of own encoders before they are trained."""
    for name in model.encoders:
        _settle(model, name, batches)
    model.eval()
    means, stds = {}, {}
    for name, config in model.config.inputs.items():
        if config.vocabulary:
            continue
        real = torch.cat([_features(model, name, batch)[batch.masks[name]] for batch in batches])
        if not len(real):
            real = torch.zeros(1, config.dim)
        means[name], stds[name] = real.mean(dim=0), real.std(dim=0, correction=0).clamp_min(1e-3)
    return means, stds


def _settle(model: Recognizer, name: str, batches: Sequence[Batch]) -> None:
    """Give batch normalisations that have seen no data those of the training, or new encoders' features are far off."""
    norms = [m for m in model.encoders[name].modules() if isinstance(m, torch.nn.BatchNorm2d)]
    new = [norm for norm in norms if not norm.num_batches_tracked]
    usual = [norm.momentum for norm in new]
    for norm in new:
        norm.momentum = None  # the mean over all batches
        norm.train()
    for batch in batches if new else ():
        _features(model, name, batch)
    for norm, momentum in zip(new, usual, strict=True):
        norm.momentum = momentum


def _features(model: Recognizer, name: str, batch: Batch) -> Tensor:
    frames = batch.frames[name]
    if name not in model.encoders:
        return frames
    return torch.cat([model.encoded(name, some) for some in torch.split(frames, N_AT_ONCE)])


def _class_weights(labels: Labels, n_labels: int) -> Tensor:
    counts = np.bincount(labels, minlength=n_labels)
    return torch.from_numpy((counts.sum() / (n_labels * np.maximum(counts, 1))).astype(np.float32))


def _median_s(rows: Sequence[Features], inputs: dict[str, InputConfig]) -> float:
    seconds = [
        len(array) / config.rate_hz
        for row in rows
        for name, config in inputs.items()
        if config.rate_hz and (array := row.of(CLEAN, name)) is not None and len(array)
    ]
    return float(np.median(seconds)) if seconds else 0.0
