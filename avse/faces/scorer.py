"""Whose mouth says what is heard: evidence for each face over time, in nats.

A scorer takes the audio in blocks, then says for each face and time how much the two speak for each other: the
log-likelihood ratio of "this mouth says what is heard" against "it does not". Evidence adds up, and 0 is knowing
nothing; `avse.faces.who_speaks` makes turns of it. `MotionScorer` needs no weights, `avse.faces.lip_scorer` takes a
network.
"""

from collections.abc import Sequence
from typing import Protocol

import cv2
import numpy as np
import numpy.typing as npt

from avse.faces.crop_file import CropFile
from avse.faces.who_speaks import TurnConfig
from avse.signal.clock import n_video_frames, video_frame_at
from avse.signal.level import LevelMeter
from avse.signal.speech_cue import CUE_RATE_HZ
from avse.types import Series, Waveform


class Mouth(Protocol):
    """One person's mouth over a video, as `avse.faces.speaker.Candidate` is."""

    @property
    def crops(self) -> "npt.NDArray[np.uint8] | CropFile":
        """`(n, height, width, 3)` RGB."""
        ...

    @property
    def present(self) -> npt.NDArray[np.bool_]:
        """`(n,)` False where no face was seen."""
        ...


class CorrespondenceScorer(Protocol):
    """Says how well mouths and audio belong together; one serves one recording."""

    @property
    def turns(self) -> TurnConfig:
        """How turns are found by its evidence."""
        ...

    def push(self, block: Waveform) -> None:
        """Take the next audio, `(channels, samples)`."""
        ...

    def evidence(self, faces: Sequence[Mouth], *, timestamps_s: Series) -> Series:
        """Score all faces, after all audio.

        Args:
            faces: of one video.
            timestamps_s: `(n,)` of the video frames, seconds from the first sample of the audio.

        Returns:
            `(faces, frames)` log-likelihood ratios, `CUE_RATE_HZ` frames per second from the first sample of the audio,
            over the length of the audio; 0 where a face is not seen.
        """
        ...


class MotionScorer:
    """Correspondence by how a mouth moves with the loudness of the audio.

    Two things weigh in. How much the mouth moves while there is something to hear tells a speaking mouth from a
    listening one: area under the curve 0.9 for sentences of 3 s at 20 to 0 dB of pink noise, half of the mouths dark or
    noisy, cross-validated over the people of the training and validation splits. How well its shape goes with the
    loudness, against the same loudness at other times, tells two speaking mouths apart a little: 0.72 there. What it
    cannot tell it gives little evidence for.
    """

    turns = TurnConfig(evidence_scale=1.0, least_probability=0.9)

    def __init__(self, *, sample_rate: int, rhythm: bool = True) -> None:
        """Begin a recording.

        Args:
            sample_rate: Hz.
            rhythm: weigh in how the mouth's shape goes with the loudness; False where a network weighs in that knows
                better.
        """
        self._rhythm = rhythm
        self._sample_rate, self._meter = sample_rate, LevelMeter(sample_rate=sample_rate)

    def push(self, block: Waveform) -> None:
        """Take the next audio; see `CorrespondenceScorer`."""
        self._meter.push(block)

    def evidence(self, faces: Sequence[Mouth], *, timestamps_s: Series) -> Series:
        """Score all faces; see `CorrespondenceScorer`."""
        loudness = loudness_at(timestamps_s, self._meter.level_db(), self._meter.rate_hz)
        found = np.zeros(
            (len(faces), n_video_frames(self._meter.n_samples, sample_rate=self._sample_rate, rate_hz=CUE_RATE_HZ))
        )
        index = video_frame_at(np.arange(found.shape[1]) / CUE_RATE_HZ, timestamps_s, max_hold_s=0.1)
        for row, face in enumerate(faces):
            rows = np.flatnonzero(face.present)
            if len(rows) < MIN_FRAMES:
                continue
            motion = mouth_motion(face.crops, rows)
            per_frame = np.zeros(len(timestamps_s) + 1)
            per_frame[rows] = FRESH * (frame_features(motion, loudness[rows], timestamps_s[rows]) @ WEIGHTS + OFFSET)
            if self._rhythm:
                per_frame[rows] += rhythm_evidence(face.crops, rows, loudness[rows], timestamps_s[rows])
            # The last one is for times without a video frame.
            found[row] = per_frame[index]
        return found


MIN_FRAMES = 10
"""Video frames below which a mouth's movement says nothing."""
PIECE = 500
"""Crops worked on at once."""
WINDOW_S = 1.0
"""Time that a frame's features look over."""
WEIGHTS = np.array([1.85, 3.18, -0.96, 2.84, -1.99, 1.34])
"""Of `frame_features`: logistic regression of frames of the voice's own mouth against others, of which three in four
listen and one says another sentence; see `MotionScorer`."""
OFFSET = -1.93
FRESH = 0.02
"""Share of a frame's evidence at 25 Hz that the frames around it do not hold already, by regression of sentences."""


RHYTHM_S, FAR_FRAMES, N_SHAPES = 3.0, 12, 10
"""Seconds that shape and loudness are compared over, roll from which a loudness is another one's, components."""
Z_WEIGHT, Z_MIDDLE, Z_MOST = 0.6, 1.5, 3.0
"""From standard deviations above the other alignments to nats: the right mouth has a mean of 2.0, one that says another
sentence 1.1, each with a standard deviation of 1.2."""


def mouth_motion(crops: "npt.NDArray[np.uint8] | CropFile", rows: npt.NDArray[np.int64]) -> Series:
    """How much a mouth changes within a ninth of a second besides moving as a whole, over its contrast, `(rows,)`.

    Args:
        crops: `(n, height, width, 3)` RGB.
        rows: those with a face, rising.
    """
    sample = _small_grey(crops, rows[:: max(1, len(rows) // 400)])
    contrast = max(2.0, float(np.median(sample.std(axis=(1, 2)))))
    motion = np.zeros(len(rows))
    for start in range(0, len(rows), PIECE):
        wanted = np.clip(np.arange(start - 2, min(start + PIECE, len(rows)) + 2), 0, len(rows) - 1)
        motion[start : start + PIECE] = _unexplained(_small_grey(crops, rows[wanted])) / contrast
    return motion


def _small_grey(crops: "npt.NDArray[np.uint8] | CropFile", rows: npt.NDArray[np.int64]) -> Series:
    """Crops as `(rows, 16, 24)` with a mean of 0 each."""
    grey = np.stack(
        [
            cv2.resize(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY), (24, 16), interpolation=cv2.INTER_AREA)
            for crop in crops[rows]
        ]
    ).astype(np.float64)
    return np.asarray(grey - grey.mean(axis=(1, 2), keepdims=True))


def _unexplained(grey: Series) -> Series:
    """Mean change from the two frames before to the two after that nothing but the mouth explains.

    Args:
        grey: `(n + 4, height, width)`.

    Returns:
        `(n,)`.
    """
    before, after = (grey[:-4] + grey[1:-3]) / 2, (grey[3:-1] + grey[4:]) / 2
    mean = (after + before) / 2
    # What a shift, a change of size or of brightness explains is the head's or the camera's, not the mouth's.
    down, across = np.gradient(mean, axis=(1, 2))
    y, x = np.mgrid[-1 : 1 : 1j * grey.shape[1], -1 : 1 : 1j * grey.shape[2]]
    causes = np.stack([down, across, down * y + across * x, mean, np.ones_like(mean)], axis=-1)
    causes = causes.reshape(len(mean), -1, 5)
    change = (after - before).reshape(len(mean), -1)
    transposed = causes.transpose(0, 2, 1)
    weights = np.linalg.solve(transposed @ causes + 1e-3 * np.eye(5), transposed @ change[..., None])
    return np.asarray(np.abs(change - (causes @ weights)[..., 0]).mean(axis=1))


def loudness_at(timestamps_s: Series, level_db: npt.NDArray[np.float32], rate_hz: float) -> Series:
    """Loudness at video frames, 0 (the recording's quiet) to 1 (its loud), `(n,)`.

    It grows with about the third root of power (Stevens 1955), in which noise weighs less than in decibels.
    """
    if not len(level_db):
        return np.zeros(len(timestamps_s))
    width = max(1, round(0.1 * rate_hz))
    padded = np.pad(level_db.astype(np.float64), (width // 2, width - 1 - width // 2), mode="edge")
    smooth = 10 ** (0.03 * np.convolve(padded, np.full(width, 1 / width), mode="valid"))
    quiet, loud = np.percentile(smooth, [10, 95])
    times_s = (np.arange(len(level_db)) + 0.5) / rate_hz
    relative = (np.interp(timestamps_s, times_s, smooth) - quiet) / max(1e-9, loud - quiet)
    return np.asarray(np.clip(relative, 0.0, 1.2))


def frame_features(motion: Series, loudness: Series, times_s: Series) -> Series:
    """What speaks for and against a mouth at each frame, `(n, 6)`."""
    tiny = 0.003
    width = max(3, round(WINDOW_S / _step_s(times_s)) | 1)
    level = np.log(motion + tiny) + 2.2
    mean_level, mean_loudness = _smooth(level, width), _smooth(loudness, width)
    # A mouth that speaks rests now and then; one that only seems to move, for noise, does so always.
    contrast = float(np.log((np.percentile(motion, 80) + tiny) / (np.percentile(motion, 10) + tiny)))
    more, louder = level - mean_level, loudness - mean_loudness
    together = _smooth(more * louder, width) / (np.sqrt(_smooth(more**2, width) * _smooth(louder**2, width)) + 0.02)
    return np.stack(
        [
            mean_level,
            mean_level * mean_loudness,
            mean_loudness,
            np.full(len(motion), contrast),
            contrast * mean_loudness,
            together,
        ],
        axis=1,
    )


def _step_s(times_s: Series) -> float:
    return float(np.median(np.diff(times_s))) if len(times_s) > 1 else 0.04


def rhythm_evidence(
    crops: "npt.NDArray[np.uint8] | CropFile", rows: npt.NDArray[np.int64], loudness: Series, times_s: Series
) -> Series:
    """Evidence in nats from how well a mouth's shape goes with the loudness, against other alignments, `(rows,)`.

    In every few seconds, the share of the loudness that the first principal components of the mouth explain (their
    multiple correlation) is compared with the shares that they explain of the same loudness rolled in time.
    """
    n_piece = max(2 * FAR_FRAMES + N_SHAPES, round(RHYTHM_S / _step_s(times_s)))
    found = np.zeros(len(rows))
    for piece in np.array_split(np.arange(len(rows)), max(1, round(len(rows) / n_piece))):
        if len(piece) < 2 * FAR_FRAMES + N_SHAPES or np.std(loudness[piece]) < 1e-6:
            continue
        mouths = _small_grey(crops, rows[piece]).reshape(len(piece), -1)
        shapes = np.linalg.svd(mouths - mouths.mean(axis=0), full_matrices=False)[0][:, :N_SHAPES]
        centred = loudness[piece] - loudness[piece].mean()
        rolled = np.stack([np.roll(centred, k) for k in range(len(piece))]) / np.linalg.norm(centred)
        explained = np.sqrt(np.square(rolled @ shapes).sum(axis=1))
        others = explained[FAR_FRAMES:-FAR_FRAMES]
        z = (explained[0] - others.mean()) / (others.std() + 1e-3)
        found[piece] = np.clip(Z_WEIGHT * (z - Z_MIDDLE), -Z_MOST, Z_MOST) / len(piece)
    return found


def _smooth(values: Series, width: int) -> Series:
    width = min(width, 2 * len(values) - 1)
    padded = np.pad(values, width // 2, mode="reflect" if len(values) > width // 2 else "edge")
    return np.asarray(np.convolve(padded, np.full(width, 1 / width), mode="valid")[: len(values)])
