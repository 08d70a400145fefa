"""Train the steering: `python -m recipes.steered.steering --config egs/grid/conf/steered/steering.yaml ...`."""

import sys
from dataclasses import replace
from functools import partial

import numpy as np
import torch
from torch import Tensor

from avse.data.voices import VoiceDataset, VoiceExample
from avse.errors import ConfigError
from avse.models import zoo
from avse.models.gtcrn import Gtcrn
from avse.models.steered import Steered, SteeredOutput
from avse.signal.clock import video_frame_indices
from avse.signal.si_sdr import si_sdr_db
from avse.signal.speech_cue import CUE_RATE_HZ
from recipes.steered.beginning import match_recurrences
from recipes.steered.config import CuedTrainConfig, SteeringTrainConfig
from recipes.steered.cues import CuedDataset, CuedExample, collate
from recipes.steered.data import load_dataset, validation_mix
from recipes.steered.loss import enhancement_losses, parts_of, waveform_of
from recipes.steered.loss_config import LossConfig
from recipes.training import program, train


def run(model: Steered, batch: CuedExample) -> SteeredOutput:
    """The network's output for a batch."""
    stft = model.config.core.stft
    noisy = parts_of(batch.noisy, stft)
    shown = torch.from_numpy(video_frame_indices(noisy.shape[2], stft=stft, rate_hz=CUE_RATE_HZ))
    shown = shown.clip(max=batch.cue.shape[1] - 1)
    output: SteeredOutput = model(noisy, batch.cue[:, shown], batch.present[:, shown])
    return output


def steering_loss(model: Steered, batch: CuedExample, *, weights: LossConfig, harm: float) -> Tensor:
    """The loss of the steered spectrum, plus `harm` times what it exceeds that of the audio-only one by.

    Args:
        model: whose core learns nothing from it.
        batch: mixtures with cues.
        weights: of the loss.
        harm: weight, 0 or more.
    """
    model.core.eval()
    stft = model.config.core.stft
    output = run(model, batch)
    steered, audio_only = (
        enhancement_losses(spectrum, batch.clean, stft, weights=weights)
        for spectrum in (output.steered, output.audio_only.detach())
    )
    return (steered + harm * (steered - audio_only).clamp_min(0.0)).mean()


def loss_step(model: Steered, batch: CuedExample, *, config: SteeringTrainConfig) -> Tensor:
    """The training loss."""
    return steering_loss(model, batch, weights=config.loss, harm=config.harm)


@torch.inference_mode()
def si_sdr_means(model: Steered, *, dataset: CuedDataset) -> dict[str, float]:
    """SI-SDR with the cue and without it, among talkers and in plain noise."""
    model.core.eval()
    stft, device = model.config.core.stft, next(model.parameters()).device
    values: dict[str, list[float]] = {}
    for index in range(len(dataset)):
        batch = CuedExample(*(part.to(device) for part in collate([dataset[0, index]])))
        output = run(model, batch)
        kind = "talkers" if index % 2 else "noise"
        for name, spectrum in (("steered", output.steered), ("audio_only", output.audio_only)):
            estimate = waveform_of(spectrum, stft, n_samples=batch.clean.shape[-1])
            values.setdefault(f"{kind}_{name}_si_sdr_db", []).append(float(si_sdr_db(estimate, batch.clean)))
    return {name: float(np.mean(value)) for name, value in values.items()}


def validate(model: Steered, *, dataset: CuedDataset) -> dict[str, float]:
    """The means of `si_sdr_means`, and their sum as the loss."""
    means = si_sdr_means(model, dataset=dataset)
    return {"loss": -(means["talkers_steered_si_sdr_db"] + means["noise_steered_si_sdr_db"]), **means}


def build(config: SteeringTrainConfig) -> Steered:
    """The network around its trained core, which is not trained any more."""
    core = zoo.load_as(Gtcrn, config.core)
    model = Steered(replace(config.model, core=core.config), core=core)
    if config.start_from is not None:
        trained = zoo.load_as(Steered, config.start_from)
        match_recurrences(trained, model)
        before = trained.state_dict()
        own = {name: t.shape for name, t in model.state_dict().items() if not name.startswith("core.")}
        taken = {name: t for name, t in before.items() if own.get(name) == t.shape}
        if "cue.weight" not in taken:
            raise ConfigError(
                f"start_from {config.start_from} must hold a steering but has no weights of its names and shapes; "
                "name a file of a steered model"
            )
        model.load_state_dict(taken, strict=False)
    model.core.requires_grad_(False)
    return model


class _Alternating(VoiceDataset):
    """Validation mixtures, every other one with a competing talker."""

    def __getitem__(self, key: tuple[int, int]) -> VoiceExample:
        self.config = replace(self.config, talker_probability=float(key[1] % 2))
        return super().__getitem__(key)


def cued_dataset(mixtures: VoiceDataset, config: CuedTrainConfig) -> CuedDataset:
    """Training mixtures with cues as the configuration spoils them."""
    return CuedDataset(mixtures, errors=config.errors, wrong_probability=config.wrong_cue_probability)


def validation_dataset(valid: VoiceDataset, config: CuedTrainConfig) -> CuedDataset:
    """Fixed mixtures of the validation's voices and noises with cues, every other one with a competing talker."""
    mix = replace(validation_mix(config.n_valid), talker_snr_db_min=-5.0, talker_snr_db_max=5.0, max_talkers=1)
    alternating = _Alternating(valid.voices, valid.noise, config=mix, seed=valid.seed, channel=valid.channel)
    return CuedDataset(alternating, errors=config.errors, wrong_probability=0.1)


def main(config: SteeringTrainConfig) -> None:
    """Train, or resume training."""
    valid = load_dataset(config, split="valid", sample_rate=16000)
    train(
        partial(build, config),
        config=config,
        dataset=cued_dataset(load_dataset(config, split="train", sample_rate=16000), config),
        collate=collate,
        loss_step=partial(loss_step, config=config),
        validate=partial(validate, dataset=validation_dataset(valid, config)),
    )


if __name__ == "__main__":
    sys.exit(program(main, SteeringTrainConfig))
