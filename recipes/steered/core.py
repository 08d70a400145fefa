"""Train the audio core: `python -m recipes.steered.core --config egs/grid/conf/steered/core.yaml ...`."""

import sys
from functools import partial

import numpy as np
import torch
from torch import Tensor

from avse.data.voices import VoiceDataset, VoiceExample
from avse.metrics.pesq import pesq_wb
from avse.metrics.stoi import estoi
from avse.models import zoo
from avse.models.gtcrn import Gtcrn
from avse.signal.si_sdr import si_sdr_db
from recipes.steered.beginning import begin_with
from recipes.steered.config import CoreTrainConfig
from recipes.steered.data import collate, load_dataset
from recipes.steered.loss import enhancement_losses, parts_of, waveform_of
from recipes.training import program, train

ESTOI_WEIGHT = 4.0
"""ESTOI of models differs by a quarter of what their PESQ differs by."""


def loss_step(model: Gtcrn, batch: VoiceExample, *, config: CoreTrainConfig) -> Tensor:
    """The training loss of a batch."""
    spectrum = model(parts_of(batch.noisy, model.config.stft))
    return enhancement_losses(spectrum, batch.clean, model.config.stft, weights=config.loss).mean()


@torch.inference_mode()
def validate(model: Gtcrn, *, dataset: VoiceDataset, config: CoreTrainConfig) -> dict[str, float]:
    """Mean PESQ, ESTOI and SI-SDR on fixed mixtures of voices and noises that training has not heard."""
    scores: dict[str, list[float]] = {"pesq_wb": [], "estoi": [], "si_sdr_db": [], "level_db": []}
    stft, device = model.config.stft, next(model.parameters()).device
    for index in range(len(dataset)):
        example = dataset[0, index]
        spectrum = model(parts_of(example.noisy[None].to(device), stft))
        estimate = waveform_of(spectrum, stft, n_samples=len(example.clean))[0].cpu()
        pair = {"reference": example.clean.numpy(), "estimate": estimate.numpy(), "sample_rate": stft.sample_rate}
        for name, metric in (("pesq_wb", pesq_wb), ("estoi", estoi)):
            score = metric(**pair)  # type: ignore[arg-type]
            if score.value is not None:
                scores[name].append(score.value)
        scores["si_sdr_db"].append(float(si_sdr_db(estimate, example.clean)))
        # How loud the speech in the estimate is against the clean speech: the projection on it.
        gain = float((estimate * example.clean).sum() / example.clean.square().sum())
        scores["level_db"].append(20 * np.log10(max(gain, 1e-3)))
    means = {name: float(np.mean(values)) for name, values in scores.items()}
    return {"loss": -(means["pesq_wb"] + ESTOI_WEIGHT * means["estoi"]), **means}


def build(config: CoreTrainConfig) -> Gtcrn:
    """The network, new or with the weights to begin with."""
    model = Gtcrn.build(config.model)
    if config.start_from is not None:
        begin_with(model, zoo.load_as(Gtcrn, config.start_from), path=config.start_from)
    return model


def main(config: CoreTrainConfig) -> None:
    """Train, or resume training."""
    rate = config.model.sample_rate
    train_set = load_dataset(config, split="train", sample_rate=rate)
    valid_set = load_dataset(config, split="valid", sample_rate=rate)
    train(
        partial(build, config),
        config=config,
        dataset=train_set,
        collate=collate,
        loss_step=partial(loss_step, config=config),
        validate=partial(validate, dataset=valid_set, config=config),
    )


if __name__ == "__main__":
    sys.exit(program(main, CoreTrainConfig))
