"""Training examples, mixed on the fly and repeatable one by one.

Example `index` of epoch `epoch` depends on the seed and these two numbers alone, never on what was drawn before
it. So any number of workers gives the same examples, and a killed run goes on where it stood.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.utils.data import Dataset

from avse.data.augment import change_speed, coloured_noise, move_and_recolour
from avse.data.bank import WaveformBank
from avse.data.mix import Waveform, cut_looped, mix, sum_at_equal_level
from avse.media.mouth import MouthTrack
from avse.signal.clock import audio_frame_times_s, n_audio_frames


@dataclass(frozen=True)
class MixConfig:
    """How examples are made. Probabilities are in [0, 1]."""

    n_samples: int = 47648
    """Length of an example: cut from longer clips, looped for shorter ones."""
    snr_db_min: float = -10.0
    """dB; the ratio is drawn evenly between the two."""
    snr_db_max: float = 15.0
    """dB."""
    talker_probability: float = 0.5
    """Chance that the noise is other people talking."""
    max_talkers: int = 4
    """Competing voices at once, at most."""
    corpus_talker_probability: float = 0.5
    """Chance that a competing voice is one of the talking faces (perhaps the target's own), not of the speech."""
    video_zero_probability: float = 0.2
    """Chance that the picture is taken away for the whole example (modality dropout)."""
    video_gap_probability: float = 0.1
    """Chance that the picture is missing for part of the example."""
    audio_zero_probability: float = 0.03
    """Chance that the sound's features are taken away (modality dropout)."""
    any_speaker_probability: float = 0.4
    """Chance that a talking face gives way to one of a speaker drawn evenly, so that rare people are seen often."""
    other_mouth_probability: float = 0.2
    """Chance that the mouth shown is of another clip, so that a wrong face is not believed blindly."""
    augment: bool = True
    """Move and recolour the crops, change the speed of noises."""


class Example(NamedTuple):
    """One training example, or a batch of them with a first axis more."""

    noisy: Tensor
    """`(samples,)`."""
    clean: Tensor
    """`(samples,)`."""
    crops: Tensor
    """`(frames, height, width, 3)` uint8 mouth crops at the audio frames' times."""
    present: Tensor
    """`(frames,)` bool, False where the network must not see a face."""
    audible: Tensor
    """Scalar bool, False where the network must not hear the sound."""


class Corpus(NamedTuple):
    """The recordings of one split."""

    faces: WaveformBank
    """Clips with video; each is the target once an epoch."""
    mouths: list[MouthTrack]
    """Of the faces, in the same order."""
    speech: WaveformBank
    """Sentences without video, as competing voices and as targets by sound alone."""
    noise: WaveformBank
    """Noise recordings."""


class MixtureDataset(Dataset[Example]):
    """Speech of talking faces and of a speech corpus in noise and among voices."""

    def __init__(
        self,
        corpus: Corpus,
        *,
        config: MixConfig,
        seed: int,
        hop: int,
        sample_rate: int,
        n_sound_only: int = 0,
    ) -> None:
        """Set up the draw.

        Args:
            corpus: what to mix.
            config: how to mix.
            seed: of all draws.
            hop: samples between audio frames.
            sample_rate: Hz.
            n_sound_only: targets from the corpus' speech in each epoch.
        """
        self.faces, self.mouths, self.speech, self.noise = corpus
        self.config, self.seed, self.hop, self.sample_rate = config, seed, hop, sample_rate
        self.n_sound_only = n_sound_only
        speakers = sorted({str(item.speaker) for item in self.faces.items})
        self._by_speaker = [[i for i, item in enumerate(self.faces.items) if item.speaker == s] for s in speakers]

    def __len__(self) -> int:
        return len(self.faces) + self.n_sound_only

    def __getitem__(self, key: tuple[int, int]) -> Example:
        """Mix one example.

        Args:
            key: epoch and index.
        """
        epoch, index = key
        rng = np.random.default_rng([self.seed, epoch, index])
        config = self.config
        n_frames = n_audio_frames(config.n_samples, hop=self.hop)
        if index < len(self.faces):
            index, shown = self._who(index, rng)
            waveform = self.faces.waveforms[index]
            start = int(rng.integers(max(1, len(waveform) - config.n_samples + 1)))
            clean = cut_looped(waveform, offset=start, n_samples=config.n_samples)
            mouth = self.mouths[shown]
            if config.augment:
                mouth = replace(mouth, crops=move_and_recolour(mouth.crops[:], rng))
            times_s = audio_frame_times_s(n_frames, hop=self.hop, sample_rate=self.sample_rate)
            images, present = mouth.at(times_s + start / self.sample_rate)
            present = present & self._visible(n_frames, rng)
        else:
            clean = self._cut(self.speech.waveforms[rng.integers(len(self.speech))], rng)
            images = np.zeros((n_frames, *self.mouths[0].crops.shape[1:]), dtype=np.uint8)
            present = np.zeros(n_frames, dtype=bool)
        noisy = mix(clean, self._noise(rng), snr_db=rng.uniform(config.snr_db_min, config.snr_db_max))
        # Without picture and sound both there is nothing to learn from, so the sound is only taken where a face is.
        audible = not (present.all() and rng.random() < config.audio_zero_probability)
        return Example(
            torch.from_numpy(noisy),
            torch.from_numpy(clean),
            torch.from_numpy(images),
            torch.from_numpy(present),
            torch.tensor(audible),
        )

    def _who(self, index: int, rng: np.random.Generator) -> tuple[int, int]:
        """The clip to hear and the clip to see."""
        if rng.random() < self.config.any_speaker_probability:
            index = int(rng.choice(self._by_speaker[rng.integers(len(self._by_speaker))]))
        shown = index
        if rng.random() < self.config.other_mouth_probability:
            shown = int(rng.integers(len(self.mouths)))
        return index, shown

    def _cut(self, waveform: Waveform, rng: np.random.Generator) -> Waveform:
        """A sounding piece of the example's length."""
        for _ in range(20):
            piece = cut_looped(waveform, offset=int(rng.integers(len(waveform))), n_samples=self.config.n_samples)
            # Field recordings are often padded with silence; a piece must hold a tenth of the file's own level.
            if np.std(piece) > 0.1 * np.std(waveform):
                return piece
        return cut_looped(waveform, offset=0, n_samples=self.config.n_samples)

    def _visible(self, n_frames: int, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
        visible = np.ones(n_frames, dtype=bool)
        draw = rng.random()
        if draw < self.config.video_zero_probability:
            visible[:] = False
        elif draw < self.config.video_zero_probability + self.config.video_gap_probability:
            first, last = sorted(rng.integers(0, n_frames + 1, size=2))
            visible[first:last] = False
        return visible

    def _noise(self, rng: np.random.Generator) -> Waveform:
        if rng.random() < self.config.talker_probability:
            return sum_at_equal_level([self._talker(rng) for _ in range(rng.integers(1, self.config.max_talkers + 1))])
        sources = [self._recorded_noise(rng) for _ in range(1 + int(rng.random() < 0.3))]
        if rng.random() < 0.15:
            sources[0] = coloured_noise(rng, n_samples=self.config.n_samples, exponent=rng.uniform(-0.5, 2))
        return sum_at_equal_level(sources)

    def _talker(self, rng: np.random.Generator) -> Waveform:
        bank = self.faces if rng.random() < self.config.corpus_talker_probability else self.speech
        return self._cut(bank.waveforms[rng.integers(len(bank))], rng)

    def _recorded_noise(self, rng: np.random.Generator) -> Waveform:
        waveform = self.noise.waveforms[rng.integers(len(self.noise))]
        if self.config.augment:
            waveform = change_speed(waveform, factor=rng.uniform(0.8, 1.25))
        return self._cut(waveform, rng)


def collate(examples: list[Example]) -> Example:
    """Stack examples into a batch."""
    return Example(*(torch.stack(field) for field in zip(*examples, strict=True)))
