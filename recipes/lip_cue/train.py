"""Train the lip network: `python -m recipes.lip_cue.train --config egs/grid/conf/lip_cue.yaml --folder FOLDER ...`."""

import sys
from functools import partial

from torch import Tensor

from avse.models.lip_cue import LipCue
from recipes.lip_cue.config import TrainConfig
from recipes.lip_cue.cue_sources import load_sources
from recipes.lip_cue.data import CueDataset, LipExample, collate
from recipes.lip_cue.losses import cue_loss, evidence, match_loss
from recipes.lip_cue.measures import describe, watch_all
from recipes.lip_cue.recordings import Sources
from recipes.training import program, train


def loss_step(model: LipCue, batch: LipExample, *, config: TrainConfig) -> Tensor:
    """The training loss of a batch."""
    video, audio = model(batch.motion, batch.features)
    found = evidence(video.embedding, audio, batch.present, weights=config.loss)
    return cue_loss(video.cue_logits, batch, weights=config.loss) + match_loss(found, batch, weights=config.loss)


def validate(model: LipCue, *, sources: Sources, config: TrainConfig) -> dict[str, float]:
    """What the network tells of unseen and of seen people; `loss` falls as it tells more of unseen ones."""
    model.eval()
    unseen = [face for face in sources.faces if face.audio.name in config.unseen]
    seen = [face for face in sources.faces if face.audio.name not in config.unseen][::4]
    values: dict[str, float] = {}
    for name, faces in (("unseen", unseen), ("seen", seen)):
        if faces:
            values |= {f"{name}_{key}": value for key, value in describe(watch_all(model, faces)).items()}
    group = "unseen" if unseen else "seen"
    # Offsets are not among them: there are few clips of unseen people, and one short one would decide.
    gained = ("correlation", "activity_auc", "own_from_other_1s", "own_from_other_2s")
    return {"loss": -sum(values[f"{group}_{key}"] for key in gained), **values}


def main(config: TrainConfig) -> None:
    """Train, or resume training."""
    train_set = CueDataset(
        load_sources(config.sources, config.crops, split="train"), config=config.examples, seed=config.loop.seed
    )
    valid = load_sources(config.sources, config.crops, split="valid")
    train(
        partial(LipCue.build, config.model),
        config=config,
        dataset=train_set,
        collate=collate,
        loss_step=partial(loss_step, config=config),
        validate=partial(validate, sources=valid, config=config),
    )


if __name__ == "__main__":
    sys.exit(program(main, TrainConfig))
