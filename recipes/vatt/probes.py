"""Linear probes: what frozen features know, by a linear classifier that is trained on them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from avse.clips.cut import Clip
from avse.data.bank import read_mono
from avse.data.manifest import data_root, read_manifest
from avse.metrics.interval import bootstrap_interval
from avse.models.vatt import VATT, VATTConfig
from avse.types import Features
from recipes.vatt.data import ClipDataset
from recipes.vatt.embed import embed

PROBED_WORDS = {"colour": 1, "digit": 4}
"""Places in GRID's sentences, `command colour preposition letter digit adverb`."""
SENTENCE_WORDS = 6
PROBED_CLIPS = "esc10"
"""In the names of ESC-10's files (Piczak 2015)."""


def correct(
    train: Features, train_labels: Sequence[str], test: Features, labels: Sequence[str]
) -> npt.NDArray[np.float64]:
    """Which test examples a linear classifier on frozen features gets right, `(examples,)` of 0 and 1."""
    classifier = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=2000))
    predicted = classifier.fit(train, train_labels).predict(test)
    return np.asarray(predicted == np.asarray(labels), dtype=np.float64)


def interval(right: npt.NDArray[np.float64]) -> dict[str, float]:
    """95 % interval of an accuracy, bootstrap over clips."""
    return dict(zip(("low", "high"), bootstrap_interval(list(right)), strict=True))


def word_at(clip: Clip, index: int, *, duration_s: float) -> tuple[str, float] | None:
    """A word of a clip's sentence and the middle of its time in seconds.

    A sentence without times for its words is taken to be spread evenly; None if it is none of GRID's kind.
    """
    timed = [c for c in clip.captions if c.start_s >= 0 and c.end_s <= duration_s]
    if len(timed) == SENTENCE_WORDS and all(len(c.text.split()) == 1 for c in timed):
        return timed[index].text, (timed[index].start_s + timed[index].end_s) / 2
    words = clip.captions[0].text.split() if clip.captions else []
    return (words[index], duration_s * (index + 0.5) / SENTENCE_WORDS) if len(words) == SENTENCE_WORDS else None


def first_frame_around(clip: Clip, middle_s: float, *, config: VATTConfig) -> int:
    """The frame with which a window begins whose middle lies as near to a moment as the clip allows."""
    spare = max(0, len(clip.frames) - config.n_frames)
    return min(spare, max(0, round(middle_s * config.fps - config.n_frames / 2)))


def label_of(clip: Clip, name: str, *, duration_s: float) -> tuple[str, float] | None:
    """A clip's label and the middle of what it is of in seconds; None if it has none.

    Args:
        clip: labelled.
        name: a word of `PROBED_WORDS`, or a field of the clip, such as its speaker or the folder of its video.
        duration_s: of the clip.
    """
    if name in PROBED_WORDS:
        return word_at(clip, PROBED_WORDS[name], duration_s=duration_s)
    label = clip.about.get(name)
    return None if label is None else (str(label), duration_s / 2)


def label_probes(
    model: VATT, *, train: ClipDataset, test: ClipDataset, names: Sequence[str] = tuple(PROBED_WORDS)
) -> dict[str, npt.NDArray[np.float64]]:
    """Which test clips are right, `(clips,)` of 0 and 1, for each kind of label from the video alone.

    A clip is the window around what its label is of.

    Args:
        model: in evaluation mode.
        train: clips whose windows the probe is trained on.
        test: others.
        names: as of `label_of`; those that the clips do not have, or only one of, are skipped.
    """
    right = {}
    for name in names:
        (known, known_labels), (held_out, labels) = (features_around(model, dataset, name) for dataset in (train, test))
        if len(set(known_labels)) > 1 and labels:
            right[name] = correct(known, known_labels, held_out, labels)
    return right


def features_around(model: VATT, dataset: ClipDataset, name: str) -> tuple[Features, list[str]]:
    """Features of the frame around what a label is of in each clip, `(windows, dim)`, and the labels."""
    config, words, windows = dataset.model, [], []
    for clip in dataset.clips():
        found = label_of(clip, name, duration_s=len(clip.frames) / config.fps)
        if found is None:
            continue
        word, middle_s = found
        words.append(word)
        windows.append((clip, first_frame_around(clip, middle_s, config=config)))
    if not words:
        return np.zeros((0, 1)), []
    return embed(model, (dataset.window(*which) for which in windows)).video.numpy(), words


def audio_probe(model: VATT, manifest: Path) -> dict[str, float]:
    """Accuracy of telling ESC-10's clips apart by the audio encoder, and that of chance.

    Args:
        model: in evaluation mode.
        manifest: with ESC-10's clips in a training and a test split.

    Raises:
        ConfigError: the manifest is not valid.
    """
    items = [item for item in read_manifest(manifest) if item.noise_type and PROBED_CLIPS in item.audio]
    parts = {}
    for split in ("train", "test"):
        chosen = [item for item in items if item.split == split]
        features = [_features(model, data_root() / item.audio) for item in chosen]
        parts[split] = np.array(features), [str(item.noise_type) for item in chosen]
    labels = parts["test"][1]
    if not labels:
        return {}
    right = correct(*parts["train"], *parts["test"])
    return {"accuracy": float(right.mean()), **interval(right), "chance": 1 / len(set(labels)), "n": len(labels)}


@torch.inference_mode()
def _features(model: VATT, path: Path) -> Features:
    """Mean features of an audio signal's windows, `(dim,)`."""
    config = model.config
    audio = torch.from_numpy(read_mono(path, sample_rate=config.sample_rate))
    padded = torch.nn.functional.pad(audio, (0, max(0, config.n_samples - len(audio))))
    windows = padded.unfold(0, config.n_samples, config.n_samples)
    device = next(model.parameters()).device
    features: Features = model.of_audio(windows.to(device)).mean(dim=0).cpu().numpy()
    return features
