"""An evaluation as one HTML page: the systems, and recordings with a still that were predicted wrongly and rightly."""

from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from avse.errors import AvseError
from avse.media.suffixes import VIDEO
from avse.media.video import VideoReader
from avse.report.document import Article, Heading, Part, Remark, Table, View, to_page
from avse.report.views import data_address
from recipes import result_file
from recipes.recognition.examples import LabelledRecording, read_examples
from recipes.recognition.features import CLEAN
from recipes.recognition.scores import Comparison, best_modality, system_lines
from recipes.recognition.systems import FUSIONS

N_SHOWN = 8
"""Recordings in each part."""
STILL_HEIGHT = 200
MOST_FRAMES = 400
"""Frames decoded for a still, at most."""


def write_report(path: Path, comparison: Comparison, *, folder: Path, config: dict[str, Any], title: str) -> None:
    """Write the page.

    Args:
        path: `.html`.
        comparison: all systems.
        folder: of the evaluation.
        config: its configuration.
        title: of the page.
    """
    labels = Path(config["labels"]) if config["labels"] else None
    examples = {example.id: example for example in read_examples(Path(config["videos"]), labels=labels)}
    shown = FUSIONS["late"] if FUSIONS["late"] in comparison.systems() else best_modality(comparison)
    first = comparison.first
    probabilities = first.systems[CLEAN][shown]
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == first.labels
    names = ", ".join(first.names)
    about = f"{len(first.labels)} tested recordings of {len(set(first.groups))} groups; labels: {names}."
    parts: list[Part] = [
        Remark(f"{about} Predictions by {shown}."), Heading("All systems"), Table(system_lines(comparison))
    ]  # fmt: skip
    for heading, which, sign in (
        ("Wrong, most confident first", ~right, -1),
        ("Right, least confident first", right, 1),
    ):
        order = np.flatnonzero(which)[np.argsort(sign * confidence[which], kind="stable")][:N_SHOWN]
        articles = [_article(i, comparison, shown, examples) for i in order]
        parts += [Heading(heading), *articles] if articles else []
    result_file.write(path, to_page(parts, title=title))


def _article(index: int, comparison: Comparison, system: str, examples: dict[str, LabelledRecording]) -> Article:
    first = comparison.first
    row = first.systems[CLEAN][system][index]
    best = np.argsort(-row)[:4]
    name, example = first.ids[index], examples.get(first.ids[index])
    image = still(example) if example else None
    return Article(
        name,
        f"true {first.names[first.labels[index]]}, predicted {first.names[int(row.argmax())]}",
        [View("middle frame", image, f"Middle frame of {name}")] if image else [],
        [["label", "probability"], *([first.names[i], f"{row[i]:.2f}"] for i in best)],
    )


def still(example: LabelledRecording) -> str | None:
    """The frame in the middle of an example as a data address; None without a video that can be read."""
    if example.path.suffix.lower() not in VIDEO:
        return None
    try:
        with VideoReader(example.path, max_height=STILL_HEIGHT) as reader:
            end_s = min(example.end_s, reader.info.duration_s or np.inf)
            middle_s = (example.start_s + end_s) / 2 if np.isfinite(end_s) else example.start_s
            image = None
            for frame in islice(reader.frames(), MOST_FRAMES):
                image = frame.image
                if frame.time_s >= middle_s:
                    break
    except AvseError:
        return None  # the page shows the numbers without it
    if image is None:
        return None
    _, encoded = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    return data_address(encoded.tobytes(), "image/jpeg")
