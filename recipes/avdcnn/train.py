"""Train AVDCNN: `python -m recipes.avdcnn.train --config egs/grid/conf/avdcnn.yaml --folder exp/avdcnn ...`."""

import sys
from functools import partial

import numpy as np
import torch
from torch import Tensor

from avse.data.dataset import Example, MixtureDataset, collate
from avse.models.avdcnn import AVDCNN, Features
from avse.models.transfer import with_vatt
from avse.nn.layers import crops_to_frames
from avse.nn.losses import masked_mse
from avse.signal.si_sdr import si_sdr_db
from avse.signal.stft import istft, log_power, stft
from recipes.avdcnn.config import TrainConfig
from recipes.avdcnn.data import load_dataset
from recipes.training import program, train


def clean_target(model: AVDCNN, features: Features, clean: Tensor, *, max_attenuation_db: float) -> Tensor:
    """Clean log power in the units that the network predicts, not farther below the noisy one than it may go."""
    clean_power = log_power(stft(clean, model.stft))
    noisy_power = features.log_power * features.std + features.mean
    floor = noisy_power - max_attenuation_db * np.log(10) / 10
    return (torch.maximum(clean_power, floor) - features.mean) / features.std


def losses(
    model: AVDCNN, batch: Example, *, config: TrainConfig, stretch_frames: int | None = None
) -> tuple[Tensor, Tensor]:
    """Mean squared errors of the log power and of the normalised lip frames; 0 where those are not predicted.

    Args:
        model: the network.
        batch: examples.
        config: of the run.
        stretch_frames: frames in a row to take, at a place drawn at random; None takes all.
    """
    features = model.features(stft(batch.noisy, model.stft))
    lips = model.lips(crops_to_frames(batch.crops), batch.present)
    target = clean_target(model, features, batch.clean, max_attenuation_db=config.max_attenuation_db)
    n_frames = target.shape[2]
    n_taken = min(stretch_frames or n_frames, n_frames)
    first = int(torch.randint(n_frames - n_taken + 1, ())) if n_taken < n_frames else 0
    part = slice(first, first + n_taken)
    estimate = model(features.log_power[..., part] * batch.audible[:, None, None], lips[:, part])
    audio = ((estimate.log_power - target[..., part]) * features.std[..., part]).square().mean()
    if estimate.lips is None:
        return audio, torch.zeros_like(audio)
    return audio, masked_mse(estimate.lips, lips[:, part], mask=batch.present[:, part])


def loss_step(model: AVDCNN, batch: Example, *, config: TrainConfig) -> Tensor:
    """The training loss: MSE_audio + mu MSE_visual."""
    audio, visual = losses(model, batch, config=config, stretch_frames=config.stretch_frames)
    return audio + config.mu * visual


@torch.inference_mode()
def validate(model: AVDCNN, *, dataset: MixtureDataset, config: TrainConfig) -> dict[str, float]:
    """Loss and SI-SDR improvement on fixed mixtures of the validation split, with and without the video."""
    totals: dict[str, list[float]] = {
        "loss": [],
        "visual_loss": [],
        "si_sdr_gain_db": [],
        "blind_si_sdr_gain_db": [],
    }
    device = next(model.parameters()).device
    for start in range(0, len(dataset), config.loop.batch_size):
        indices = range(start, min(start + config.loop.batch_size, len(dataset)))
        batch = Example(*(field.to(device) for field in collate([dataset[0, index] for index in indices])))
        audio, visual = losses(model, batch, config=config)
        totals["loss"].append(audio.item())
        totals["visual_loss"].append(visual.item())
        before = si_sdr_db(batch.noisy, batch.clean)
        blind = batch._replace(present=torch.zeros_like(batch.present))
        for key, given in (("si_sdr_gain_db", batch), ("blind_si_sdr_gain_db", blind)):
            gain_db = si_sdr_db(enhance(model, given), batch.clean) - before
            totals[key].append(gain_db.mean().item())
    return {name: float(np.mean(values)) for name, values in totals.items()}


def enhance(model: AVDCNN, batch: Example) -> Tensor:
    """Enhanced waveforms of a batch, as `AVDCNN.estimate_spectrum` makes them."""
    spectrum = stft(batch.noisy, model.stft)
    features = model.features(spectrum)
    lips = model.lips(crops_to_frames(batch.crops), batch.present)
    estimate = model(features.log_power, lips)
    log_gain = ((estimate.log_power - features.log_power) * features.std / 2).clamp(max=0)
    return istft(spectrum * log_gain.exp(), model.stft, n_samples=batch.noisy.shape[-1])


def main(config: TrainConfig) -> None:
    """Train, or continue training."""
    train_set, valid_set = load_dataset(config, split="train"), load_dataset(config, split="valid")
    train(
        lambda: with_vatt(AVDCNN.build(config.model), config.pretrained),
        config=config,
        dataset=train_set,
        collate=collate,
        loss_step=partial(loss_step, config=config),
        validate=partial(validate, dataset=valid_set, config=config),
    )


if __name__ == "__main__":
    sys.exit(program(main, TrainConfig))
