"""Train the live model: `python -m recipes.live.train --config egs/grid/conf/live.yaml --folder exp/live ...`."""

import sys
from functools import partial

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from avse.errors import ConfigError
from avse.metrics.stoi import estoi
from avse.models import zoo
from avse.models.live import Live, Output
from avse.models.transfer import with_vatt
from avse.nn.losses import compressed_mse
from avse.signal.si_sdr import si_sdr_db
from avse.signal.stft import istft, stft
from recipes.live.config import TrainConfig
from recipes.live.data import MotionDataset, MotionExample, collate, load_dataset
from recipes.training import program, train

SETTLED_S = 0.4
"""The gate is not judged before it has seen this much."""


def enhance(model: Live, batch: MotionExample) -> tuple[Output, Tensor]:
    """The network's output, and the enhanced waveforms."""
    output: Output = model(stft(batch.noisy, model.stft), batch.motion, batch.present)
    spectrum = torch.complex(output.spectrum[:, 0].float(), output.spectrum[:, 1].float()).transpose(1, 2)
    return output, istft(spectrum, model.stft, n_samples=batch.noisy.shape[-1])


def loss_step(model: Live, batch: MotionExample, *, config: TrainConfig) -> Tensor:
    """The training loss: compressed spectrum, SI-SDR, what the mouth alone says, and the gate's decision."""
    output, estimate = enhance(model, batch)
    weights = config.loss
    clean = torch.view_as_real(stft(batch.clean, model.stft)).permute(0, 3, 2, 1)
    # Every example counts the same, however loud it is.
    level = batch.clean.square().mean(dim=-1).clamp_min(1e-12).sqrt()[:, None, None, None]
    magnitude, phase = compressed_mse(output.spectrum.float() / level, clean / level)
    shown = model.video_frames_at(output.gate_logit.shape[1]).clip(max=batch.present.shape[1] - 1)
    present = batch.present[:, shown].clone()
    present[:, : round(SETTLED_S * model.stft.frame_rate_hz)] = 0
    matched = batch.matched[:, None].expand_as(present)
    counts = present * matched
    wrong = (output.band_energy.float() - model.loudness(clean / level)).square().mean(dim=-1)
    gate_loss = F.binary_cross_entropy_with_logits(output.gate_logit.float(), matched, weight=present, reduction="sum")
    return (
        weights.magnitude * magnitude.mean()
        + weights.phase * phase.mean()
        - weights.si_sdr * si_sdr_db(estimate, batch.clean).mean()
        + weights.band_energy * (counts * wrong).sum() / counts.sum().clamp_min(1)
        + weights.gate * gate_loss / present.sum().clamp_min(1)
    )


@torch.inference_mode()
def validate(model: Live, *, dataset: MotionDataset, config: TrainConfig) -> dict[str, float]:
    """SI-SDR and ESTOI improvement on fixed mixtures of the validation split; `loss` is what is missing of both.

    Talking faces with their video and without it, and sentences without video, whose speakers the training has not
    heard.
    """
    device = next(model.parameters()).device
    n_faces = len(dataset.mixtures.faces)
    gains: dict[str, list[float]] = {}
    for start in range(0, len(dataset), config.loop.batch_size):
        indices = range(start, min(start + config.loop.batch_size, len(dataset)))
        batch = MotionExample(*(field.to(device) for field in collate([dataset[0, index] for index in indices])))
        blind = batch._replace(present=torch.zeros_like(batch.present))
        for name, given in (("face", batch), ("blind", blind)):
            estimates = enhance(model, given)[1]
            for row, index in enumerate(indices):
                kind = name if index < n_faces else "unknown"
                for metric, gain in _gains(estimates[row], given.noisy[row], given.clean[row], config).items():
                    gains.setdefault(f"{kind}_{metric}", []).append(gain)
    means = {name: float(np.mean(values)) for name, values in gains.items()}
    # 30 times ESTOI and SI-SDR differ about as much from one model to the next.
    kinds = ("face", "blind", "unknown") if len(dataset) > n_faces else ("face", "blind")
    gained = [means[f"{kind}_si_sdr_gain_db"] + 30 * means[f"{kind}_estoi_gain"] for kind in kinds]
    return {"loss": -float(np.mean(gained)), **means}


def _gains(estimate: Tensor, noisy: Tensor, clean: Tensor, config: TrainConfig) -> dict[str, float]:
    def intelligible(audio: Tensor) -> float:
        score = estoi(reference=clean.cpu().numpy(), estimate=audio.cpu().numpy(), sample_rate=config.model.sample_rate)
        return float("nan") if score.value is None else score.value

    return {
        "si_sdr_gain_db": float(si_sdr_db(estimate, clean) - si_sdr_db(noisy, clean)),
        "estoi_gain": intelligible(estimate) - intelligible(noisy),
    }


def build(config: TrainConfig) -> Live:
    """The network, new or with the weights to begin with.

    Raises:
        ConfigError: the weights are of another network.
    """
    model = with_vatt(Live.build(config.model), config.pretrained)
    if config.start_from is not None:
        try:
            model.load_state_dict(zoo.load(str(config.start_from)).state_dict())
        except RuntimeError:
            raise ConfigError(
                f"start_from must be weights of the network that is configured but {config.start_from} is of another "
                "one; name other weights or change the model"
            ) from None
    return model


def main(config: TrainConfig) -> None:
    """Train, or continue training."""
    train_set, valid_set = load_dataset(config, split="train"), load_dataset(config, split="valid")
    train(
        partial(build, config),
        config=config,
        dataset=train_set,
        collate=collate,
        loss_step=partial(loss_step, config=config),
        validate=partial(validate, dataset=valid_set, config=config),
    )


if __name__ == "__main__":
    sys.exit(program(main, TrainConfig))
