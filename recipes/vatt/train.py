"""Train VATT: `python -m recipes.vatt.train --config egs/grid_vatt/conf/vatt.yaml --folder run --shards shards`.

On several processes or machines: `torchrun --nproc-per-node N -m recipes.vatt.train --config ...`.
"""

import sys
from functools import partial

import torch
from torch import Tensor

from avse.errors import ConfigError
from avse.metrics.retrieval import retrieval
from avse.models.vatt import VATT
from avse.training.gather import gather
from recipes.stages.training import program, train
from recipes.vatt.config import TrainConfig
from recipes.vatt.data import ClipDataset, Clips, collate
from recipes.vatt.embed import embed, some_windows


def loss_step(model: VATT, clips: Clips) -> Tensor:
    """The losses of all processes' clips together."""
    losses: Tensor = model(clips, gather=gather).total
    return losses


@torch.inference_mode()
def validate(model: VATT, *, dataset: ClipDataset, n_clips: int) -> dict[str, float]:
    """The loss of held-out clips, all in one batch, and what finds what among them."""
    network = getattr(model, "module", model)
    embedded = embed(network, some_windows(dataset, n_clips))
    losses = network.losses(embedded.vectors, has_sound=embedded.has_sound, has_text=embedded.has_text)
    values = {"loss": float(losses.total), "video_audio_loss": float(losses.video_audio)}
    heard = embedded.has_sound.numpy()
    if heard.any():
        video, audio = embedded.vectors.video_va.numpy()[heard], embedded.vectors.audio_va.numpy()[heard]
        found = retrieval(queries=audio, candidates=video)
        values |= {"audio_to_video_r1": found.recall_at[1], "audio_to_video_chance": found.chance(1)}
    return values


def main(config: TrainConfig) -> None:
    """Train, or go on training."""
    train_set = ClipDataset(
        config.shards / "train",
        model=config.model,
        augment=config.augment,
        n_windows=config.n_windows,
        n_texts=config.n_texts,
        seed=config.loop.seed,
        keep=config.keep_decoded,
    )
    valid_set = ClipDataset(config.shards / "valid", model=config.model, keep=config.keep_decoded)
    for problem in (*train_set.shards.problems, *valid_set.shards.problems):
        print(f"train: {problem}", file=sys.stderr)
    if len(train_set) < 2 * config.loop.batch_size:
        raise ConfigError(
            f"shards {config.shards}/train must hold two batches of {config.loop.batch_size} clips or more but hold "
            f"{len(train_set)}; make the batches smaller, or cut more films"
        )
    train(
        partial(VATT.build, config.model),
        config=config,
        dataset=train_set,
        collate=collate,
        loss_step=loss_step,
        validate=partial(validate, dataset=valid_set, n_clips=config.n_valid),
    )


if __name__ == "__main__":
    sys.exit(program(main, TrainConfig))
