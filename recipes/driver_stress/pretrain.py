"""Self-supervised training of the encoders of series: what several sensors measure at one time belongs together.

VATT's contrastive loss (Akbari et al. 2021, section 3.5) between each pair of modalities: windows of one moment are
positives, those of other moments and drives in the batch negatives. No label is read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import torch
from torch import Tensor, nn

from avse.drives.drive import Drive
from avse.models.driver_stress import DriverStress
from avse.nn.contrastive import nce
from recipes.driver_stress.config import TrainConfig
from recipes.driver_stress.data import SequenceDataset, collate
from recipes.driver_stress.train import build_network


@dataclass(frozen=True)
class PretrainConfig:
    """Self-supervised training."""

    n_steps: int = 150
    """Steps of `batch_size` sequences."""
    batch_size: int = 8
    """Sequences of a step; each of their windows is an example."""
    learning_rate: float = 2e-3
    """Of Adam."""
    dim: int = 32
    """Of the common space."""
    temperature: float = 0.2
    """Cosines are divided by it."""


def pretrained_encoders(drives: Sequence[Drive], config: TrainConfig, pretrain: PretrainConfig) -> dict[str, Tensor]:
    """Weights of the encoders after self-supervised training.

    Args:
        drives: of the training drivers, labelled or not.
        config: of the network that they will begin.
        pretrain: of this training.

    Returns:
        The state of `DriverStress.encoders`.
    """
    torch.manual_seed(config.loop.seed)
    dataset = SequenceDataset(drives, config=config)
    model = build_network(dataset, config).train()
    heads = nn.ModuleDict(
        {name: nn.Linear(2 * int(encoder.dim), pretrain.dim) for name, encoder in model.encoders.items()}  # type: ignore[arg-type]
    )
    weights = [*model.encoders.parameters(), *heads.parameters()]
    optimiser = torch.optim.Adam(weights, lr=pretrain.learning_rate)
    for step in range(pretrain.n_steps):
        first = step * pretrain.batch_size
        batch = collate([dataset[1_000_000, first + row] for row in range(pretrain.batch_size)])
        loss = agreement_loss(model, heads, batch.values, batch.masks, temperature=pretrain.temperature)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    return {name: tensor.detach().clone() for name, tensor in model.encoders.state_dict().items()}


def agreement_loss(
    model: DriverStress,
    heads: nn.ModuleDict,
    values: Mapping[str, Tensor],
    masks: Mapping[str, Tensor],
    *,
    temperature: float,
) -> Tensor:
    """Mean contrastive loss over the pairs of modalities, windows where one is missing skipped."""
    vectors = {name: heads[name](model.encode(name, values[name], masks[name])).flatten(0, 1) for name in values}
    there = {name: masks[name].any(dim=3).any(dim=2).flatten() for name in values}
    losses = [
        nce(vectors[one], vectors[other], present=there[one] & there[other], temperature=temperature)
        for one, other in combinations(values, 2)
    ]
    return torch.stack(losses).mean()
