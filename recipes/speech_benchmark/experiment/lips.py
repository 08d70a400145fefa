"""What networks make of the mouth: the lip frames that they predict, and where they look."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from matplotlib.figure import Figure

from avse.faces.mouth import MouthTrack
from avse.models.avdcnn import AVDCNN
from avse.models.enhancing import SpectralModel
from avse.nn.layers import crops_to_frames
from avse.signal.clock import audio_frame_times_s
from avse.signal.stft import POWER_FLOOR, stft
from avse.types import Waveform

PATCH = 4
"""Pixels of a side of what is covered at once: a twelfth of a crop's width."""
N_TIMES = 8
"""Lip frames shown."""

Map = npt.NDArray[np.float64]


class MixtureInput(NamedTuple):
    """A mixture as a network reads it."""

    spectrum: npt.NDArray[np.complex64]
    """`(freqs, frames)`."""
    crops: npt.NDArray[np.uint8]
    """`(frames, height, width, 3)`."""
    present: npt.NDArray[np.bool_]
    """`(frames,)`."""


class LipFrames(NamedTuple):
    """Lip frames, true and predicted, grey."""

    true: Map
    """`(frames, height, width)` normalised, as the network reads them."""
    predicted: Map
    """The same from the network."""

    @property
    def correlation(self) -> float:
        """Of all pixels of all frames; NaN if one does not change."""
        if not (self.true.std() and self.predicted.std()):
            return float("nan")
        return float(np.corrcoef(self.true.ravel(), self.predicted.ravel())[0, 1])


class Looks(NamedTuple):
    """Where a network looks."""

    level_db: Map
    """`(rows, columns)` of patches: by how much its answer changes, root mean square, when this one stands still."""
    whole_db: float
    """The same when all of the mouth stands still."""
    mouth: Map
    """`(height, width)` mean mouth, grey, [0, 1]."""


def mixture_input(noisy: Waveform, mouth: MouthTrack, *, model: SpectralModel) -> MixtureInput:
    """Bring audio and mouth to a network's frames."""
    spectrum = stft(torch.from_numpy(noisy), model.stft).numpy()
    times_s = audio_frame_times_s(spectrum.shape[1], hop=model.stft.hop, sample_rate=model.stft.sample_rate)
    return MixtureInput(spectrum, *mouth.at(times_s))


@torch.inference_mode()
def lip_frames(model: AVDCNN, given: MixtureInput) -> LipFrames | None:
    """The lip frames that a network predicts while it enhances; None if it predicts none."""
    features = model.features(torch.from_numpy(given.spectrum)[None])
    crops = crops_to_frames(torch.from_numpy(given.crops)[None])
    lips = model.lips(crops, torch.from_numpy(given.present)[None])
    predicted = model(features.log_power, lips).lips
    if predicted is None:
        return None
    seen = given.present
    return LipFrames(*(frames[0].mean(dim=1).double().numpy()[seen] for frames in (lips, predicted)))


def looks(model: SpectralModel, mixtures: Sequence[MixtureInput]) -> Looks:
    """Where a network looks, by occlusion: a patch of the mouth stands still, and the answer changes or does not.

    Occlusion (Zeiler and Fergus 2014) and not a gradient: it tells what a visible change does, where a gradient tells
    of changes too small to see and fades where neurons saturate. A patch is covered by its own mean over time, so that
    nothing but its movement goes; a box of one colour would be something that the network never saw.

    Args:
        model: what is looked into.
        mixtures: at least one, with a mouth.
    """
    found = [_changes(model, given) for given in mixtures]
    patches, whole, mouth = (np.mean(parts, axis=0) for parts in zip(*found, strict=True))
    return Looks(np.sqrt(patches), float(np.sqrt(whole)), mouth)


def _changes(model: SpectralModel, given: MixtureInput) -> tuple[Map, float, Map]:
    """Mean squared change of the answer for each patch and for the whole mouth, dB squared; and the mean mouth."""
    before = _answer_db(model, given)
    shown = given.present if given.present.any() else slice(None)
    mean = given.crops[shown].mean(axis=0)
    height, width = mean.shape[:2]

    def change(rows: slice, columns: slice) -> float:
        crops = given.crops.copy()
        crops[:, rows, columns] = np.round(mean[rows, columns])
        return float(np.mean((_answer_db(model, given._replace(crops=crops)) - before) ** 2))

    patches = [
        [change(slice(top, top + PATCH), slice(left, left + PATCH)) for left in range(0, width, PATCH)]
        for top in range(0, height, PATCH)
    ]
    return np.array(patches), change(slice(None), slice(None)), mean.mean(axis=2) / 255


def _answer_db(model: SpectralModel, given: MixtureInput) -> Map:
    """Level of what the network gives, `(freqs, frames)` dB."""
    estimate = model.estimate_spectrum(*given)
    level: Map = 10 * np.log10(np.abs(estimate).astype(float) ** 2 + POWER_FLOOR)
    return level


def draw_lip_frames(videos: Mapping[str, LipFrames]) -> Figure:
    """Lip frames over a clip, true above predicted; systems that read the lips alike share the true ones."""
    rows: list[tuple[str, Map]] = []
    last = None
    for title, video in videos.items():
        if last is None or last.shape != video.true.shape or not np.allclose(last, video.true):
            rows.append(("true", video.true))
            last = video.true
        rows.append((f"{title}\nr = {video.correlation:.2f}", video.predicted))
    figure = Figure(figsize=(1.0 * N_TIMES + 1.4, 0.72 * len(rows) + 0.2), layout="constrained")
    panels: Any = figure.subplots(len(rows), N_TIMES, squeeze=False)
    for line, (title, frames) in zip(panels, rows, strict=True):
        # Each row by its own contrast: predictions are fainter than what they predict.
        middle, deviation = frames.mean(), max(3 * float(frames.std()), 1e-6)
        for axes, frame in zip(line, np.linspace(0, len(frames) - 1, N_TIMES).round().astype(int), strict=True):
            axes.imshow(frames[frame], cmap="gray", vmin=middle - deviation, vmax=middle + deviation)
            axes.set(xticks=[], yticks=[])
        line[0].set_ylabel(title, fontsize=7, rotation=0, ha="right", va="center")
    return figure


def draw_looks(found: Mapping[str, Looks]) -> Figure:
    """Where systems look, over the mean mouth, on one scale of colours."""
    from matplotlib import colormaps

    n_columns = min(4, len(found))
    n_rows = -(-len(found) // n_columns)
    figure = Figure(figsize=(2.4 * n_columns + 0.8, 2.0 * n_rows), layout="constrained")
    panels: Any = figure.subplots(n_rows, n_columns, squeeze=False).ravel()
    most_db = max(float(one.level_db.max()) for one in found.values()) or 1.0
    shown: Any = None
    for axes, (title, one) in zip(panels, found.items(), strict=False):
        height, width = one.mouth.shape
        place = (-0.5, width - 0.5, height - 0.5, -0.5)
        axes.imshow(one.mouth, cmap="gray", vmin=0, vmax=1, extent=place)
        strength = np.clip(one.level_db / most_db, 0, 1)
        shown = axes.imshow(
            one.level_db, cmap=colormaps["inferno"], vmin=0, vmax=most_db, alpha=0.15 + 0.65 * strength, extent=place
        )
        axes.set_title(f"{title}\nwhole mouth {one.whole_db:.1f} dB", fontsize=7)
        axes.set(xticks=[], yticks=[])
    for axes in panels[len(found) :]:
        axes.set_axis_off()
    figure.colorbar(shown, ax=list(panels), label="change, dB", shrink=0.8)
    return figure
