"""A new recording in, its label out: `python -m recipes.recognition.predict MODEL VIDEO [-o OUT.csv]`.

Prints the label, its probability, and which modality decided: the one without which the label's probability falls most.
Recordings longer than the training's are classified in windows, whose probabilities are averaged.
"""

import argparse
import csv
import json
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

from avse.errors import AvseError, ConfigError, MediaError
from avse.media.output import atomic_write
from avse.models import zoo
from avse.models.recognition import Recognizer
from avse.report.csv_cells import inert
from avse.types import FloatArray, Probabilities
from recipes.recognition.batches import Batch, to_batch
from recipes.recognition.encoders import SOURCES, read_encoder
from recipes.recognition.examples import LabelledRecording
from recipes.recognition.features import CLEAN, Features
from recipes.recognition.fit import predict
from recipes.recognition.recordings import read_sources

HOPS = 4
"""Hops in a window."""
LONGER = 1.5
"""Times a window's length from which on a recording is cut into windows."""


class Prediction(NamedTuple):
    """Of one recording."""

    times_s: list[tuple[float, float]]
    """Start and end of each window."""
    probabilities: Probabilities
    """`(windows, labels)`."""
    influence: dict[str, float]
    """By modality that is present: how much the label's mean probability falls without it."""
    notes: tuple[str, ...]


def predict_recording(model: Recognizer, example: LabelledRecording, *, crops: Path) -> Prediction:
    """Classify a recording.

    Raises:
        MediaError: it cannot be read, or lacks every modality of the model.
    """
    inputs = dict(model.config.inputs)
    wanted = frozenset(SOURCES[name] for name in inputs)
    sources = read_sources(example, wanted=wanted, crops=crops)
    frames = {name: read_encoder(name, i.encoder)(sources) for name, i in inputs.items()}
    if not any(len(array) for array in frames.values()):
        raise MediaError(
            f"recording {example.path} must have one of {', '.join(inputs)} but has none; name another file"
        )
    times_s = windows_of(frames, model)
    rows = [Features(example, {CLEAN: _window(frames, model, *when)}, ()) for when in times_s]
    batch = to_batch(rows, inputs, [CLEAN] * len(rows))
    probabilities = predict(model, batch)
    return Prediction(times_s, probabilities, _influence(model, batch, probabilities), sources.notes)


def windows_of(frames: dict[str, FloatArray], model: Recognizer) -> list[tuple[float, float]]:
    """Start and end of the windows in seconds: the whole, or windows of the training's length that overlap."""
    rates = {name: i.rate_hz for name, i in model.config.inputs.items()}
    duration_s = max([len(array) / rates[name] for name, array in frames.items() if rates[name]], default=0.0)
    length_s = model.config.window_s
    if not length_s or duration_s <= LONGER * length_s:
        return [(0.0, duration_s)]
    starts = np.arange(0, duration_s - length_s + 1e-6, length_s / HOPS)
    return [(float(start), float(start + length_s)) for start in starts]


def _window(frames: dict[str, FloatArray], model: Recognizer, start_s: float, end_s: float) -> dict[str, FloatArray]:
    cut = {}
    for name, array in frames.items():
        rate_hz = model.config.inputs[name].rate_hz
        whole = not rate_hz or end_s == 0
        cut[name] = array if whole else array[int(start_s * rate_hz) : max(1, round(end_s * rate_hz))]
    return cut


def _influence(model: Recognizer, batch: Batch, probabilities: Probabilities) -> dict[str, float]:
    label = int(probabilities.mean(axis=0).argmax())
    there = [name for name in batch.frames if bool(batch.masks[name].any())]
    if len(there) < 2:
        return {name: float(probabilities[:, label].mean()) for name in there}
    return {
        name: float((probabilities[:, label] - predict(model, batch.without(name))[:, label]).mean()) for name in there
    }


def _write(path: Path, prediction: Prediction, labels: tuple[str, ...], *, force: bool) -> None:
    with atomic_write(path, force=force) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["start_s", "end_s", "label", *(inert(f"p_{label}") for label in labels)])
        for (start_s, end_s), row in zip(prediction.times_s, prediction.probabilities, strict=True):
            cells = [f"{start_s:.2f}", f"{end_s:.2f}", inert(labels[int(row.argmax())])]
            writer.writerow([*cells, *(f"{p:.4f}" for p in row)])


def main(argv: list[str] | None = None) -> int:
    """Print the label, and write probabilities over time if asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path, help="weights that an evaluation wrote (model.safetensors)")
    parser.add_argument("video", type=Path, help="recording to classify")
    parser.add_argument("--text", default="", help="what is said, for models that read text")
    parser.add_argument("-o", "--output", type=Path, help="table of probabilities over time (.csv)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--force", action="store_true", help="replace a table that exists")
    arguments = parser.parse_args(argv)
    try:
        model = zoo.load_as(Recognizer, arguments.model)
        example = LabelledRecording("recording", arguments.video, "", "", text=arguments.text, file_id="recording")
        with tempfile.TemporaryDirectory() as crops:
            found = predict_recording(model, example, crops=Path(crops))
        labels, mean = model.config.labels, found.probabilities.mean(axis=0)
        best, decided = int(mean.argmax()), max(found.influence, key=lambda name: found.influence[name])
        if arguments.output:
            _write(arguments.output, found, labels, force=arguments.force)
        for note in found.notes:
            print(f"predict: {note}", file=sys.stderr)
        if arguments.json:
            probabilities = {label: round(float(p), 4) for label, p in zip(labels, mean, strict=True)}
            influence = {name: round(value, 4) for name, value in found.influence.items()}
            print(json.dumps({"label": labels[best], "probabilities": probabilities, "influence": influence}))
        else:
            print(f"{labels[best]} ({mean[best]:.0%}), decided by {decided}")
    except AvseError as error:
        print(f"predict: error: {error}", file=sys.stderr)
        return 2 if isinstance(error, ConfigError) else 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
