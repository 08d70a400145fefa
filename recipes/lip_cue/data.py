"""Training examples: a mouth, audio that belongs to it or does not, and the cue to predict; each is repeatable."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.utils.data import Dataset

from avse.data.augment import bernoulli
from avse.signal.decibel import power_ratio
from avse.signal.motion import motion_of_many
from avse.signal.speech_cue import CUE_RATE_HZ
from avse.signal.voice_features import STEPS_PER_FRAME, VoiceFeatures
from avse.types import FloatArray
from recipes.lip_cue.camera import camera_view
from recipes.lip_cue.config import ExampleConfig
from recipes.lip_cue.packed_sources import PackedRecordings
from recipes.lip_cue.recordings import Face, Sources
from recipes.lip_cue.talking_stills import chew, talk

Recording = TypeVar("Recording")
Rows = npt.NDArray[np.int64]
"""Indices of recordings."""


class LipExample(NamedTuple):
    """One example, or a batch of them with a first axis more."""

    motion: Tensor
    """`(frames, 2, height, width)`; of a single example, the grey crops `(earlier + frames, height, width)`."""
    present: Tensor
    """`(frames,)` 1 where there is a face, else 0; of a single example with the earlier frames."""
    features: Tensor
    """`(frames, N_FEATURES)` of the audio."""
    cue: Tensor
    """`(frames, CUE_DIM)` of the mouth: 0 where it does not speak."""
    own: Tensor
    """Scalar, 1 if the audio is the mouth's own."""
    clip: Tensor
    """Scalar, which recording was heard; two of one number are no negatives of each other."""


class _Scene(NamedTuple):
    """A stretch of mouth and audio."""

    images: npt.NDArray[np.uint8]
    present: npt.NDArray[np.bool_]
    cue: FloatArray
    powers: FloatArray


class CueDataset(Dataset[LipExample]):
    """Examples on the fly; each depends on the seed, the epoch and its index alone."""

    def __init__(self, sources: Sources, *, config: ExampleConfig, seed: int) -> None:
        """Set up the draw."""
        self.sources, self.config, self.seed = sources, config, seed
        self._faces_of = rows_by_name(sources.faces, lambda face: face.audio.name)
        self._speech_of = rows_by_name(sources.speech, lambda audio: audio.name)
        weights = np.array([len(clips) ** config.clip_weight for clips in self._faces_of])
        self._person_share = weights / weights.sum()

    def __len__(self) -> int:
        return self.config.n_examples

    def __getitem__(self, key: tuple[int, int]) -> LipExample:
        """Make one example; `key` is epoch and index."""
        rng = np.random.default_rng([self.seed, *key])
        config = self.config
        n_earlier = config.max_earlier_frames
        n_frames = n_earlier + config.n_frames
        draw, own = rng.random(), True
        clip = -1 - int(rng.integers(2**30))
        if draw < config.silent_probability:
            scene, own = self._silent(n_frames, rng), False
        elif draw < config.silent_probability + config.warped_probability:
            scene = self._warped(n_frames, rng)
        else:
            scene, clip = self._face(n_frames, rng)
        images, present = camera_view(scene.images, scene.present, config=config, rng=rng)
        present[: rng.integers(n_earlier + 1)] = False
        powers = scene.powers
        if bernoulli(config.noise_only_probability, rng):
            powers, own = self._noise(n_frames, rng), False
        elif not bernoulli(config.clean_probability, rng):
            powers = self._mix(powers, rng)
        features = VoiceFeatures().push(powers[rng.integers(n_earlier + 1) * STEPS_PER_FRAME :])
        return LipExample(
            torch.from_numpy(images),
            torch.from_numpy(present),
            torch.from_numpy(features[-config.n_frames :]),
            torch.from_numpy(scene.cue[n_earlier:]),
            torch.tensor(float(own)),
            torch.tensor(clip),
        )

    def _face(self, n_frames: int, rng: np.random.Generator) -> tuple[_Scene, int]:
        """Clips of one person, joined; and the number of the last one, which the example shows most of."""
        numbers = self._faces_of[rng.choice(len(self._person_share), p=self._person_share)]
        speed = float(rng.uniform(*self.config.speed))
        parts: list[_Scene] = []
        while (missing := n_frames - sum(len(part.cue) for part in parts)) > 0:
            number = int(rng.choice(numbers))
            parts.append(_played(self.sources.faces[number], speed, rng, n_frames=missing))
        return _Scene(*(np.concatenate(field) for field in zip(*parts, strict=True))), number

    def _warped(self, n_frames: int, rng: np.random.Generator) -> _Scene:
        cue, powers = self._voice(self._speech_of[rng.integers(len(self._speech_of))], n_frames, rng)
        return _Scene(talk(self._still(rng), cue, rng), np.ones(n_frames, dtype=bool), cue, powers)

    def _silent(self, n_frames: int, rng: np.random.Generator) -> _Scene:
        """A mouth that does not speak, while somebody else is heard."""
        still = self._still(rng)
        images = chew(still, n_frames, rng) if rng.random() < 0.5 else np.repeat(still[None], n_frames, axis=0)
        cue, powers = self._voice(self._any_voice(rng), n_frames, rng)
        return _Scene(images, np.ones(n_frames, dtype=bool), np.zeros_like(cue), powers)

    def _any_voice(self, rng: np.random.Generator) -> Rows:
        """One sentence of the speech corpus."""
        return np.array([rng.integers(len(self.sources.speech))])

    def _voice(self, numbers: Rows, n_frames: int, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
        """Sentences of one speaker with pauses between, from a random moment on."""
        start = int(rng.integers(60))
        cues, powers, n_have = [], [], 0
        while n_have < start + n_frames:
            audio = self.sources.speech[int(numbers[rng.integers(len(numbers))])]
            pause = int(rng.integers(0, 30))
            floor = np.quantile(audio.powers, 0.02, axis=0, keepdims=True)
            cues += [audio.cue, np.zeros((pause, audio.cue.shape[1]), np.float32)]
            powers += [audio.powers, np.repeat(floor, pause * STEPS_PER_FRAME, axis=0)]
            n_have += len(audio.cue) + pause
        window = slice(start, start + n_frames)
        steps = slice(window.start * STEPS_PER_FRAME, window.stop * STEPS_PER_FRAME)
        return np.concatenate(cues)[window], np.concatenate(powers)[steps]

    def _still(self, rng: np.random.Generator) -> npt.NDArray[np.uint8]:
        """A mouth that does not speak just now, of any person alike."""
        numbers = self._faces_of[rng.integers(len(self._faces_of))]
        face = self.sources.faces[int(rng.choice(numbers))]
        silent = face.present_frames(speaking=False)
        rows = silent if len(silent) else face.present_frames(speaking=True)
        return np.asarray(face.mouth.crops[int(rng.choice(rows))])

    def _mix(self, powers: FloatArray, rng: np.random.Generator) -> FloatArray:
        """Add noise, or another voice that is softer: powers add, on average."""
        snr_db = rng.uniform(*self.config.snr_db)
        n_frames = len(powers) // STEPS_PER_FRAME
        if rng.random() < 0.3:
            other = self._voice(self._any_voice(rng), n_frames, rng)[1]
            snr_db = max(snr_db, 0.0)
        else:
            other = self._noise(n_frames, rng)
        gain = powers.sum() / max(float(other.sum()), 1e-12) * power_ratio(-snr_db)
        return powers + np.float32(gain) * other

    def _noise(self, n_frames: int, rng: np.random.Generator) -> FloatArray:
        audio = self.sources.noise[int(rng.integers(len(self.sources.noise)))]
        steps = (int(rng.integers(len(audio.powers))) + np.arange(n_frames * STEPS_PER_FRAME)) % len(audio.powers)
        return audio.powers[steps]


def rows_by_name(recordings: Sequence[Recording], name_of: Callable[[Recording], str]) -> list[Rows]:
    """Indices of each name's recordings, names as they come; those of a packed corpus are not read for it."""
    if isinstance(recordings, PackedRecordings):
        codes = recordings.codes
    else:
        numbers: dict[str, int] = {}
        codes = np.array([numbers.setdefault(name_of(one), len(numbers)) for one in recordings], dtype=np.int64)
    _, first, codes = np.unique(codes, return_index=True, return_inverse=True)
    order = np.argsort(codes, kind="stable")
    rows = np.split(order, np.cumsum(np.bincount(codes))[:-1])
    return [rows[number] for number in np.argsort(first)]


def _played(face: Face, speed: float, rng: np.random.Generator, *, n_frames: int) -> _Scene:
    """A clip at another speed, or as much of it as is wanted."""
    n_own = len(face.audio.cue)
    at = np.arange(min(n_frames, int(n_own / speed)), dtype=np.float64) * speed + rng.uniform(0, 0.5)
    images, present = face.mouth.at(at / CUE_RATE_HZ)
    cue = np.stack([np.interp(at, np.arange(n_own), series) for series in face.audio.cue.T], axis=1)
    cue[:, 0] = np.round(cue[:, 0])
    steps = np.arange(len(at) * STEPS_PER_FRAME) * speed + STEPS_PER_FRAME * at[0]
    rows = np.minimum(np.round(steps).astype(int), len(face.audio.powers) - 1)
    return _Scene(images, present, cue.astype(np.float32), face.audio.powers[rows])


def collate(examples: list[LipExample]) -> LipExample:
    """Stack examples into a batch, with the motion of all mouths in place of their crops."""
    batch = LipExample(*(torch.stack(field) for field in zip(*examples, strict=True)))
    n_frames = batch.cue.shape[1]
    motion = motion_of_many(batch.motion.numpy(), batch.present.numpy())[:, -n_frames:]
    return batch._replace(motion=torch.from_numpy(motion), present=batch.present[:, -n_frames:].float())
