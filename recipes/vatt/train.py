"""Train VATT: `python -m recipes.vatt.train --config egs/grid_vatt/conf/vatt.yaml --folder run --shards shards`.

On several processes or machines: `torchrun --nproc-per-node N -m recipes.vatt.train --config ...`.
"""

import os
import sys
from functools import partial

import torch
from torch import Tensor

from avse.errors import ConfigError
from avse.metrics.retrieval import retrieval
from avse.models.vatt import VATT, Clips
from avse.training.gather import gather
from recipes.training import program, train
from recipes.vatt.config import TrainConfig
from recipes.vatt.data import ClipDataset, collate
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
    losses = network.losses(embedded.vectors, has_audio=embedded.has_audio, has_text=embedded.has_text)
    values = {"loss": float(losses.total), "video_audio_loss": float(losses.video_audio)}
    with_audio = embedded.has_audio.numpy()
    if with_audio.any():
        video, audio = embedded.vectors.video_va.numpy()[with_audio], embedded.vectors.audio_va.numpy()[with_audio]
        found = retrieval(queries=audio, candidates=video)
        values |= {"audio_to_video_r1": found.recall_at[1], "audio_to_video_chance": found.chance(1)}
    with_text = embedded.has_text.numpy()
    if with_text.any():
        text, video = embedded.vectors.text_vt[:, 0].numpy()[with_text], embedded.vectors.video_vt.numpy()[with_text]
        found = retrieval(queries=text, candidates=video)
        values |= {"text_to_video_r10": found.recall_at[10], "text_to_video_chance": found.chance(10)}
    return values


def check_batches(config: TrainConfig, *, n_clips: int, n_processes: int) -> None:
    """Validate that every process has a batch in every step, and something to compare in it.

    Raises:
        ConfigError: the clips are too few, or the batches too small.
    """
    size = config.loop.batch_size
    if size * config.n_windows * n_processes < 2:
        raise ConfigError(
            "a batch must hold two windows or more, which a loss compares, but holds one; raise loop.batch_size"
        )
    n_batches = max(2, n_processes)
    if n_clips < n_batches * size:
        count = {2: "two"}.get(n_batches, str(n_batches))
        raise ConfigError(
            f"shards {config.shards}/train must hold {count} batches of {size} clips or more but hold {n_clips}; make "
            "the batches smaller, or cut more videos"
        )


def main(config: TrainConfig) -> None:
    """Train, or continue training."""
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
    check_batches(config, n_clips=len(train_set), n_processes=int(os.environ.get("WORLD_SIZE", "1")))
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
