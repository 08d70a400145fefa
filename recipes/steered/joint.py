"""Train core and steering at once: `python -m recipes.steered.joint --config egs/grid/conf/steered/joint.yaml ...`.

For a GPU. The core learns from mixtures in which it can be known who is meant, the steering from others with a cue; no
gradient of the steering's loss reaches the core, and only the clipping of gradients is of both. The learning rate ends
at 0, so that the steering has met the core that it stays with.
"""

import sys
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor
from torch.utils.data import Dataset

from avse.data.voices import VoiceDataset, VoiceExample
from avse.models import zoo
from avse.models.steered import Steered
from avse.nn.disturbance import Disturbance, predicted_pesq
from avse.signal.si_sdr import si_sdr_db
from recipes.steered import cues, steering
from recipes.steered.beginning import begin_with
from recipes.steered.config import JointTrainConfig
from recipes.steered.cues import CuedDataset, CuedExample
from recipes.steered.data import collate as collate_voices
from recipes.steered.data import load_dataset
from recipes.steered.loss import enhancement_losses, parts_of, waveform_of
from recipes.training import program, train

PESQ_WEIGHT = 10.0
"""dB for each PESQ: SI-SDR of models differs by about ten times what their PESQ differs by."""


class JointExample(NamedTuple):
    """What a step learns from, or a batch of it."""

    plain: VoiceExample
    """For the core; has a first axis of mixtures in either case."""
    cued: CuedExample
    """For the steering."""


class JointDataset(Dataset[JointExample]):
    """Mixtures for both parts; all of an epoch are equally long."""

    def __init__(self, plain: VoiceDataset, cued: CuedDataset, *, n_plain: int) -> None:
        """Take the mixtures of both parts, `n_plain` of the core's for each of the steering's."""
        self.plain, self.cued, self.n_plain = plain, cued, n_plain

    def __len__(self) -> int:
        return len(self.cued)

    def __getitem__(self, key: tuple[int, int]) -> JointExample:
        """Mix one of the steering's and its share of the core's; `key` is epoch and index."""
        epoch, index = key
        own = range(index * self.n_plain, (index + 1) * self.n_plain)
        return JointExample(collate_voices([self.plain[epoch, number] for number in own]), self.cued[key])


def collate(examples: list[JointExample]) -> JointExample:
    """Stack examples into a batch."""
    plain, cued = zip(*examples, strict=True)
    return JointExample(VoiceExample(*(torch.cat(part) for part in zip(*plain, strict=True))), cues.collate(list(cued)))


def loss_step(model: Steered, batch: JointExample, *, config: JointTrainConfig) -> Tensor:
    """The training loss: of the core's output, and of the steered one beside the core as it is."""
    stft = model.config.core.stft
    model.core.train()
    spectrum = model.core(parts_of(batch.plain.noisy, stft))
    of_core = enhancement_losses(spectrum, batch.plain.clean, stft, weights=config.loss).mean()
    return of_core + steering.steering_loss(model, batch.cued, weights=config.steering_loss, harm=config.harm)


@torch.inference_mode()
def validate(model: Steered, *, plain: VoiceDataset, cued: CuedDataset) -> dict[str, float]:
    """Of voices and noises that training has not heard: predicted PESQ of the core's output, and SI-SDR of both.

    PESQ is predicted from its disturbances (`avse.nn.disturbance`), which a GPU computes for a batch at once.
    """
    stft, device = model.config.core.stft, next(model.parameters()).device
    examples = collate_voices([plain[0, index] for index in range(len(plain))])
    clean = examples.clean.to(device)
    estimate = waveform_of(model.core(parts_of(examples.noisy.to(device), stft)), stft, n_samples=clean.shape[-1])
    pesq = float(predicted_pesq(*Disturbance().to(device)(estimate, clean)).mean())
    means = {"core_predicted_pesq": pesq, "core_si_sdr_db": float(si_sdr_db(estimate, clean).mean())}
    means |= steering.si_sdr_means(model, dataset=cued)
    return {"loss": -(PESQ_WEIGHT * pesq + means["core_si_sdr_db"] + means["talkers_steered_si_sdr_db"]), **means}


def build(config: JointTrainConfig) -> Steered:
    """The network, with the weights to begin with."""
    model = Steered.build(config.model)
    if config.start_from is not None:
        begin_with(model, zoo.load_as(Steered, config.start_from), path=config.start_from)
    return model


def training_data(config: JointTrainConfig) -> JointDataset:
    """Mixtures of the training's recordings for both parts."""
    plain = load_dataset(config, split="train", sample_rate=config.model.core.sample_rate)
    n_cued = config.mix.examples_per_epoch // config.n_plain
    mix = replace(config.steering_mix, examples_per_epoch=n_cued, durations_s=config.mix.durations_s)
    mixtures = VoiceDataset(plain.voices, plain.noise, config=mix, seed=config.loop.seed, channel=plain.channel)
    return JointDataset(plain, steering.cued_dataset(mixtures, config), n_plain=config.n_plain)


def main(config: JointTrainConfig) -> None:
    """Train, or resume training."""
    # Factors rounded to ten bits where the matrix units do so: gradients of batches are far less exact than that.
    torch.set_float32_matmul_precision("high")
    valid = load_dataset(config, split="valid", sample_rate=config.model.core.sample_rate)
    train(
        partial(build, config),
        config=config,
        dataset=training_data(config),
        collate=collate,
        loss_step=partial(loss_step, config=config),
        validate=partial(validate, plain=valid, cued=steering.validation_dataset(valid, config)),
    )


if __name__ == "__main__":
    sys.exit(program(main, JointTrainConfig))
