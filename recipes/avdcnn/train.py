"""Train AVDCNN: `python -m recipes.avdcnn.train --config egs/grid/conf/avdcnn.yaml --folder exp/avdcnn ...`."""

import sys
from functools import partial

import numpy as np
import torch
from lightning_fabric import seed_everything
from torch import Tensor

from avse.data.dataset import Example, MixtureDataset, collate
from avse.errors import AvseError, ConfigError
from avse.media.tensors import read_tensors
from avse.models import zoo
from avse.models.avdcnn import AVDCNN, Features
from avse.nn.losses import masked_mse
from avse.signal.si_sdr import si_sdr_db
from avse.signal.stft import istft, log_power, stft
from avse.training.config import read_config
from avse.training.loop import fit
from avse.training.run import Run
from recipes.avdcnn.config import TrainConfig
from recipes.avdcnn.data import load_dataset


def clean_target(model: AVDCNN, features: Features, clean: Tensor, *, max_attenuation_db: float) -> Tensor:
    """Clean log power in the units that the network predicts, not farther below the noisy one than it may go."""
    clean_power = log_power(stft(clean, window=model.window, hop=model.hop))
    noisy_power = features.log_power * features.std + features.mean
    floor = noisy_power - max_attenuation_db * np.log(10) / 10
    return (torch.maximum(clean_power, floor) - features.mean) / features.std


def losses(model: AVDCNN, batch: Example, *, config: TrainConfig) -> tuple[Tensor, Tensor]:
    """Mean squared errors of the log power and of the normalised lip frames."""
    features = model.features(stft(batch.noisy, window=model.window, hop=model.hop))
    lips = model.lips(batch.crops.permute(0, 1, 4, 2, 3).float() / 255, batch.present)
    target = clean_target(model, features, batch.clean, max_attenuation_db=config.max_attenuation_db)
    estimate = model(features.log_power * batch.audible[:, None, None], lips)
    audio = ((estimate.log_power - target) * features.std).square().mean()
    return audio, masked_mse(estimate.lips, lips, mask=batch.present)


def loss_step(model: AVDCNN, batch: Example, *, config: TrainConfig) -> Tensor:
    """The training loss: MSE_audio + mu MSE_visual."""
    audio, visual = losses(model, batch, config=config)
    return audio + config.mu * visual


@torch.inference_mode()
def validate(model: AVDCNN, *, dataset: MixtureDataset, config: TrainConfig) -> dict[str, float]:
    """Loss and SI-SDR improvement on fixed mixtures of the validation split, with and without the picture."""
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
    spectrum = stft(batch.noisy, window=model.window, hop=model.hop)
    features = model.features(spectrum)
    lips = model.lips(batch.crops.permute(0, 1, 4, 2, 3).float() / 255, batch.present)
    estimate = model(features.log_power, lips)
    log_gain = ((estimate.log_power - features.log_power) * features.std / 2).clamp(max=0)
    return istft(spectrum * log_gain.exp(), window=model.window, hop=model.hop, n_samples=batch.noisy.shape[-1])


def main(config: TrainConfig) -> None:
    """Train, or go on training."""
    seed_everything(config.loop.seed, verbose=False)
    run = Run(config.folder, config=config)
    train_set, valid_set = load_dataset(config, split="train"), load_dataset(config, split="valid")
    model = AVDCNN.build(config.model)
    print(f"{zoo.count_parameters(model):,} parameters, {len(train_set)} examples an epoch", file=sys.stderr)
    result = fit(
        model,
        dataset=train_set,
        collate=collate,
        loss_step=partial(loss_step, config=config),
        validate=partial(validate, dataset=valid_set, config=config),
        config=config.loop,
        run=run,
    )
    run.log(event="stopped", finished=str(result.finished), minutes=round(result.wall_s / 60, 2),
            waiting_share=round(result.waiting_share, 4), best_loss=result.best_loss)  # fmt: skip
    if result.finished:
        tensors, _ = read_tensors(run.folder / "best.safetensors")
        model.load_state_dict({k.removeprefix("model."): t for k, t in tensors.items() if k.startswith("model.")})
        zoo.save(run.folder / "model.safetensors", model)
        print(f"wrote {run.folder / 'model.safetensors'} from step {result.best_step}", file=sys.stderr)


if __name__ == "__main__":
    try:
        main(read_config(TrainConfig))
    except AvseError as error:
        print(f"train: error: {error}", file=sys.stderr)
        sys.exit(2 if isinstance(error, ConfigError) else 1)
