"""Train the network: `python -m recipes.driver_stress.train --folder exp/run --drives exp/drives`."""

import hashlib
import sys
from collections.abc import Mapping, Sequence
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from avse.drives.drive import LEVELS, Drive, load_drives
from avse.errors import ConfigError
from avse.models.driver_stress import DriverStress, DriverStressConfig, ModalityConfig
from avse.models.transfer import with_vatt
from recipes.driver_stress.config import TrainConfig
from recipes.driver_stress.data import SequenceDataset, Sequences, collate
from recipes.driver_stress.windows import UNKNOWN, Levels, calibrated, with_modalities
from recipes.training import program, train


def loss_step(model: DriverStress, batch: Sequences, *, weights: Tensor) -> Tensor:
    """Cross entropy over the windows whose level is known, every level counting the same."""
    logits = model(batch.values, batch.masks)
    known = weights.to(logits) * F.one_hot(batch.levels.clamp_min(0), len(weights))
    share = known.sum(dim=-1) * (batch.levels != UNKNOWN)
    losses = F.cross_entropy(
        logits.flatten(0, 1), batch.levels.flatten(), ignore_index=UNKNOWN, reduction="none", label_smoothing=0.05
    )
    return (share.flatten() * losses).sum() / share.sum().clamp_min(1e-6)


@torch.inference_mode()
def validate(model: DriverStress, *, dataset: SequenceDataset, weights: Tensor) -> dict[str, float]:
    """The loss of training sequences; no driver is left for validation, so the last weights are kept."""
    batch = collate([dataset[0, index] for index in range(min(64, len(dataset)))])
    device = next(model.parameters()).device
    values, masks = ({name: part.to(device) for name, part in parts.items()} for parts in (batch.values, batch.masks))
    moved = Sequences(values, masks, batch.levels.to(device))
    return {"loss": float(loss_step(model, moved, weights=weights))}


def train_network(
    drives: Sequence[Drive],
    *,
    config: TrainConfig,
    levels: Sequence[Levels | None] | None = None,
    encoders: Mapping[str, Tensor] | None = None,
) -> None:
    """Train on some drives, or continue; the weights end as `model.safetensors` in the run's folder."""
    dataset = SequenceDataset(drives, config=config, levels=levels)
    weights = dataset.class_weights(len(LEVELS))
    train(
        partial(build_network, dataset, config, encoders=encoders),
        config=config,
        dataset=dataset,
        collate=collate,
        loss_step=partial(loss_step, weights=weights),
        validate=partial(validate, dataset=dataset, weights=weights),
        inputs={"training drives": _digest(drives, levels, encoders)},
    )


def _digest(
    drives: Sequence[Drive], levels: Sequence[Levels | None] | None, encoders: Mapping[str, Tensor] | None
) -> str:
    """Hash of the drives that a network is trained on, of their levels, and of the encoders that it begins with."""
    found = hashlib.sha256()
    for tensor in (encoders or {}).values():
        found.update(tensor.numpy().tobytes())
    for drive, level in zip(drives, levels or [None] * len(drives), strict=True):
        found.update(repr((drive.id, drive.driver, drive.segments)).encode())
        found.update(b"" if level is None else level.tobytes())
        for name, signal in drive.signals.items():
            found.update(name.encode())
            found.update(signal.values.tobytes())
            found.update(signal.mask.tobytes())
    return found.hexdigest()[:16]


def chosen_drives(config: TrainConfig) -> list[Drive]:
    """The training drives of a configuration.

    Raises:
        ConfigError: a driver to skip is not there, or nobody is left.
    """
    drives = with_modalities(load_drives(config.drives), config.modalities)
    drivers = sorted({drive.driver for drive in drives})
    if unknown := [driver for driver in config.leave_out if driver not in drivers]:
        raise ConfigError(f"leave_out must name drivers of {', '.join(drivers)} but has {unknown[0]!r}; correct it")
    kept = [drive for drive in drives if drive.driver not in config.leave_out and drive.segments]
    if not kept:
        raise ConfigError("drives with known levels must be left to train with but none is; skip fewer drivers")
    if config.calibration_s:
        kept = [calibrated(drive, seconds=config.calibration_s) for drive in kept]
    return kept


def build_network(
    dataset: SequenceDataset, config: TrainConfig, *, encoders: Mapping[str, Tensor] | None = None
) -> DriverStress:
    """The network of a configuration, untrained but for the encoders that are given."""
    network = config.network
    signals = dataset.drives[0].drive.signals
    model = DriverStress.build(
        DriverStressConfig(
            modalities={name: ModalityConfig(s.channels, s.rate_hz) for name, s in signals.items()},
            levels=LEVELS,
            window_s=config.window_s,
            context_s=config.context_s,
            calibration_s=config.calibration_s,
            encoder=network.encoder,
            dim=network.dim,
            lstm_dim=network.lstm_dim,
            n_layers=network.n_layers,
            dropout=network.dropout,
        )
    )
    means, stds = (
        {name: torch.from_numpy(pair[which]) for name, pair in dataset.statistics.items()} for which in (0, 1)
    )
    model.normalise_as(means, stds)
    if encoders is not None:
        model.encoders.load_state_dict(encoders)
    return with_vatt(model, config.pretrained)


def main(config: TrainConfig) -> None:
    """Train, or continue training."""
    train_network(chosen_drives(config), config=config)


if __name__ == "__main__":
    sys.exit(program(main, TrainConfig))
