"""What a lip network tells of people: correlation, voice activity, own from other sentences, offset."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from avse.models.lip_cue import LipCue
from avse.signal.motion import motion_of_many
from avse.signal.speech_cue import CUE_RATE_HZ
from avse.signal.voice_features import VoiceFeatures
from avse.types import FloatArray
from recipes.lip_cue.recordings import Face

SETTLED_FRAMES = 5
N_SHIFTS = 13
"""Frames either way that an offset is looked for in: 0.52 s."""


class Watched(NamedTuple):
    """A face, and what the network says of it."""

    face: Face
    present: npt.NDArray[np.bool_]
    cue: FloatArray
    """`(frames, CUE_DIM)` predicted."""
    video: FloatArray
    """`(frames, dim)` embeddings."""
    audio: FloatArray
    """`(frames, dim)` embeddings of its own audio."""


def watch_all(model: LipCue, faces: Iterable[Face]) -> list[Watched]:
    """Run the network over faces."""
    found = []
    for face in faces:
        crops, present = face.mouth.at(np.arange(len(face.audio.cue)) / CUE_RATE_HZ)
        cue, video, _ = model.watch(motion_of_many(crops[None], present[None])[0], None)
        audio, _ = model.listen(VoiceFeatures().push(face.audio.powers), None)
        found.append(Watched(face, present, cue, video, audio))
    return found


def describe(watched: list[Watched]) -> dict[str, float]:
    """All measures, each a mean over people so that those with many clips do not outvote the others."""
    values: dict[str, dict[str, list[float]]] = {}

    def add(name: str, person: str, value: float) -> None:
        values.setdefault(name, {}).setdefault(person, []).append(value)

    for number, one in enumerate(watched):
        person = one.face.audio.name
        true, predicted = one.face.audio.cue, one.cue
        settled = one.present & (np.arange(len(true)) >= SETTLED_FRAMES)
        add("correlation", person, pearson(predicted[settled, 1:].mean(axis=1), true[settled, 1:].mean(axis=1)))
        add("activity_auc", person, auc(predicted[settled, 0], true[settled, 0] > 0.5))
        add("activity_accuracy", person, float(np.mean((predicted[settled, 0] > 0.5) == (true[settled, 0] > 0.5))))
        for seconds in (1, 2, 3):
            for right in own_from_other(watched, number, n_frames=round(seconds * CUE_RATE_HZ)):
                add(f"own_from_other_{seconds}s", person, right)
        shift = best_shift(one.video, one.audio)
        add("sync_error_ms", person, abs(shift) * 1000 / CUE_RATE_HZ)
        add("sync_within_80ms", person, float(abs(shift) <= 2))
    return {name: float(np.nanmean([np.nanmean(each) for each in people.values()])) for name, people in values.items()}


def own_from_other(watched: list[Watched], number: int, *, n_frames: int, step: int = 5) -> list[float]:
    """For windows with speech: is there more evidence for the own audio than for another sentence's, 1 or 0 each.

    Other sentences are the same person's where there are some, and everybody else's.
    """
    one = watched[number]
    outcomes = []
    for start in range(SETTLED_FRAMES, len(one.video) - n_frames + 1, step):
        window = slice(start, start + n_frames)
        own = float(np.sum(one.video[window] * one.audio[window]))
        if one.face.audio.cue[window, 0].mean() < 0.3:
            continue
        for other in watched[:number] + watched[number + 1 :]:
            if len(other.audio) >= window.stop and other.face.audio.cue[window, 0].mean() >= 0.3:
                outcomes.append(float(own > np.sum(one.video[window] * other.audio[window])))
    return outcomes


def best_shift(video: FloatArray, audio: FloatArray) -> int:
    """Frames that the video lags the audio by the evidence, within `N_SHIFTS` either way."""
    n = min(len(video), len(audio))
    inner = slice(N_SHIFTS, n - N_SHIFTS)
    totals = [
        float(np.sum(video[inner.start + shift : inner.stop + shift] * audio[inner]))
        for shift in range(-N_SHIFTS, N_SHIFTS + 1)
    ]
    return int(np.argmax(totals)) - N_SHIFTS


def pearson(one: FloatArray, other: FloatArray) -> float:
    """Pearson correlation; NaN where one of the two is constant."""
    one, other = one - one.mean(), other - other.mean()
    norm = float(np.sqrt((one**2).sum() * (other**2).sum()))
    return float((one * other).sum()) / norm if norm > 0 else float("nan")


def auc(scores: FloatArray, positive: npt.NDArray[np.bool_]) -> float:
    """Area under the ROC curve: chance that a positive scores above a negative (Mann and Whitney 1947)."""
    if positive.all() or not positive.any():
        return float("nan")
    wins = scores[positive][:, None] - scores[~positive][None]
    return float(np.mean((wins > 0) + 0.5 * (wins == 0)))
