"""Fine-tune VATT's encoder of video to classify clips: `python -m recipes.vatt.finetune --pretrained MODEL ...`.

The whole encoder is trained with a linear layer on its [AGG] token; with `fresh` from the beginning, to compare.
"""

import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from lightning_fabric import seed_everything
from torch import Tensor, nn
from torch.utils.data import Dataset

from avse.clips.cut import Clip
from avse.errors import ConfigError
from avse.media.output import atomic_write
from avse.media.tensors import read_tensors
from avse.models import zoo
from avse.models.vatt import VATT, VATTConfig
from avse.report.score_schema import stamped
from avse.training.loop import fit
from avse.training.loop_config import LoopConfig
from avse.training.run import Run
from recipes.training import program
from recipes.vatt.config import AugmentConfig
from recipes.vatt.data import ClipDataset
from recipes.vatt.probes import first_frame_around, label_of


@dataclass(frozen=True)
class FinetuneConfig:
    """A fine-tuning run."""

    folder: Path
    """Where weights, log and `scores.json` go; an unfinished run there is resumed."""
    shards: Path
    """Folder with `train`, `valid` and the split to test, from `recipes.vatt.shards`."""
    pretrained: Path
    """Weights of a VATT."""
    label: str = "digit"
    """What is distinguished: `colour` or `digit` of GRID's sentences, or a field of the clips, such as `speaker`, or
    `folder`, that of the video."""
    fresh: bool = False
    """Forget the weights and train the same network from the beginning."""
    split: str = "test_seen"
    """That is tested."""
    jitter_s: float = 0.16
    """A training window lies up to so far from the word, or from the middle of the clip."""
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    """Of training windows."""
    loop: LoopConfig = field(
        default_factory=lambda: LoopConfig(
            n_epochs=20, batch_size=16, learning_rate=3e-4, warmup_steps=50, precision="32-true"
        )
    )
    """The training."""


class Labelled(NamedTuple):
    """Windows and what is said in them."""

    frames: Tensor
    """`(batch, time, 3, height, width)`, [0, 1]."""
    label: Tensor
    """`(batch,)` int64."""


class LabelledDataset(Dataset[Labelled]):
    """Windows around one word of a sentence, or in the middle of a clip."""

    def __init__(self, clips: ClipDataset, config: FinetuneConfig, labels: list[str] | None = None) -> None:
        """Find what is labelled.

        Args:
            clips: of a split.
            config: which label.
            labels: that are known; those that are found by default.

        Raises:
            ConfigError: no clip has such a label.
        """
        self.clips, self.config = clips, config
        found = [(clip, *where) for clip in clips.clips() if (where := self._label(clip)) is not None]
        self.labels = labels or sorted({label for _, label, _ in found})
        self.found = [(clip, label, middle_s) for clip, label, middle_s in found if label in self.labels]
        if not self.found:
            raise ConfigError(f"clips must have the label {config.label} but none has; name another one")

    def _label(self, clip: Clip) -> tuple[str, float] | None:
        """A clip's label, and the middle of what it is of in seconds."""
        return label_of(clip, self.config.label, duration_s=len(clip.frames) / self.clips.model.fps)

    def __len__(self) -> int:
        return len(self.found)

    def __getitem__(self, which: tuple[int, int]) -> Labelled:
        epoch, index = which
        clip, label, middle_s = self.found[index]
        rng = np.random.default_rng([self.clips.seed, epoch, index]) if self.clips.augment else None
        if rng:
            middle_s += rng.uniform(-self.config.jitter_s, self.config.jitter_s)
        window = self.clips.window(clip, first_frame_around(clip, middle_s, config=self.clips.model), rng)
        return Labelled(window.frames, torch.tensor(self.labels.index(label)))


class Classifier(nn.Module):
    """A VATT's encoder of video and a linear layer."""

    def __init__(self, vatt: VATT, n_labels: int) -> None:
        """Set up; the VATT's other encoders are held and not trained."""
        super().__init__()
        self.vatt = vatt.requires_grad_(requires_grad=False)
        self.vatt.encoder("video").requires_grad_(requires_grad=True)
        self.classify = nn.Linear(vatt.encoder("video").dim, n_labels)

    def forward(self, frames: Tensor) -> Tensor:
        """Logits, `(batch, labels)`."""
        logits: Tensor = self.classify(self.vatt.of_videos(frames))
        return logits


def collate(examples: list[Labelled]) -> Labelled:
    """Windows to a batch."""
    return Labelled(*(torch.stack(part) for part in zip(*examples, strict=True)))


def loss_step(model: nn.Module, batch: Labelled) -> Tensor:
    """Cross entropy."""
    return F.cross_entropy(model(batch.frames), batch.label)


@torch.inference_mode()
def validate(model: nn.Module, *, dataset: LabelledDataset) -> dict[str, float]:
    """Loss and accuracy."""
    device = next(model.parameters()).device
    batch = Labelled(
        *(torch.stack(part).to(device) for part in zip(*(dataset[0, i] for i in range(len(dataset))), strict=True))
    )
    logits = model(batch.frames)
    right = (logits.argmax(dim=1) == batch.label).float().mean()
    return {"loss": float(F.cross_entropy(logits, batch.label)), "accuracy": float(right)}


def main(config: FinetuneConfig) -> None:
    """Train, keep the weights that do best on `valid`, and test those."""
    seed_everything(config.loop.seed, verbose=False)
    run = Run(config.folder, config=config)
    vatt = zoo.load_as(VATT, config.pretrained)
    if config.fresh:
        vatt = VATT.build(vatt.config)
    network: VATTConfig = vatt.config
    train_clips = ClipDataset(
        config.shards / "train", model=network, augment=config.augment, seed=config.loop.seed, keep=True
    )
    train_set = LabelledDataset(train_clips, config)
    valid_set, test_set = (
        LabelledDataset(ClipDataset(config.shards / split, model=network, keep=True), config, train_set.labels)
        for split in ("valid", config.split)
    )
    model = Classifier(vatt, len(train_set.labels))

    result = fit(
        model,
        dataset=train_set,
        collate=collate,
        loss_step=loss_step,
        validate=lambda network: validate(network, dataset=valid_set),
        config=config.loop,
        run=run,
    )
    if not result.finished:
        return
    tensors, _ = read_tensors(config.folder / "best.safetensors")
    model.load_state_dict({k.removeprefix("model."): t for k, t in tensors.items() if k.startswith("model.")})
    scores = {"label": config.label, "split": config.split, "n": len(test_set), "n_labels": len(train_set.labels)}
    with atomic_write(config.folder / "scores.json", force=True) as temporary:
        found = stamped({**scores, "accuracy": validate(model.eval(), dataset=test_set)["accuracy"]})
        temporary.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(program(main, FinetuneConfig))
