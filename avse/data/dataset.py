"""Training examples, mixed on the fly and repeatable one by one.

Example `index` of epoch `epoch` depends on the seed and these two numbers alone, never on what was drawn before
it. So any number of workers gives the same examples, and a killed run resumes where it stood.
"""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.utils.data import Dataset

from avse.data.augment import (
    bernoulli,
    change_speed,
    coloured_noise,
    cover,
    move_and_recolour,
    samples_at_speed,
)
from avse.data.channel import Channel
from avse.data.corpus import Corpus
from avse.data.mix import cut_looped, mix, sounding_piece, sum_at_equal_level
from avse.data.mix_config import MixConfig
from avse.data.speakers import clips_by_speaker, nth_other
from avse.signal.clock import audio_frame_times_s, n_audio_frames
from avse.types import Waveform

CLEAR_SNR_DB = 40.0
"""Above this no noise is heard."""
SPEEDS = (0.85, 1.24)
"""Of voices; another pitch and another vocal tract, but still speech."""


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
    """Scalar bool, False where the network must not hear the audio."""
    matched: Tensor
    """Scalar bool, True if the mouth is the speaker's and in time."""


class View(NamedTuple):
    """What the network may see of a mouth."""

    images: npt.NDArray[np.uint8]
    """`(frames, height, width, 3)` RGB."""
    present: npt.NDArray[np.bool_]
    """`(frames,)`."""
    matched: bool
    """It is the speaker's, and in time."""


def no_view(n_frames: int, crop_size: tuple[int, ...]) -> View:
    """No mouth at all."""
    return View(np.zeros((n_frames, *crop_size, 3), dtype=np.uint8), np.zeros(n_frames, dtype=bool), False)


class Target(NamedTuple):
    """Speech to be kept."""

    clean: Waveform
    """`(samples,)`."""
    view: View
    """What is seen with it."""
    speed: float
    """That it is played at."""
    clip: int | None = None
    """Which of the talking faces it is; None for speech without a face."""


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
        n_audio_only: int = 0,
        channel: Channel | None = None,
    ) -> None:
        """Set up the draw.

        Args:
            corpus: what to mix.
            config: how to mix.
            seed: of all draws.
            hop: samples between audio frames.
            sample_rate: Hz.
            n_audio_only: targets from the corpus' speech in each epoch; none where it has no speech.
            channel: what rooms, microphones and lines do to the audio; None leaves it as recorded.
        """
        self.faces, self.mouths, self.speech, self.noise = corpus
        self.config, self.seed, self.hop, self.sample_rate = config, seed, hop, sample_rate
        self.n_audio_only, self.channel = n_audio_only if len(corpus.speech) else 0, channel
        self._clips_of = clips_by_speaker(self.faces)

    def __len__(self) -> int:
        return len(self.faces) + self.n_audio_only

    def __getitem__(self, key: tuple[int, int]) -> Example:
        """Mix one example.

        Args:
            key: epoch and index.
        """
        epoch, index = key
        rng = np.random.default_rng([self.seed, epoch, index])
        config = self.config
        target = self._face(index, rng) if index < len(self.faces) else self._voice(rng)
        clean, view = target.clean, target.view
        noise, snr_db = self._noise(target, rng), self._snr_db(rng)
        if self.channel is None:
            noisy = mix(clean, noise, snr_db=snr_db)
        else:
            noisy, clean = self.channel.mix(clean, noise, snr_db=snr_db, rng=rng)
        # Without video and audio both there is nothing to learn from, so the audio is only taken where a face is.
        audible = not (view.present.all() and rng.random() < config.audio_zero_probability)
        return Example(
            torch.from_numpy(noisy),
            torch.from_numpy(clean),
            torch.from_numpy(view.images),
            torch.from_numpy(view.present),
            torch.tensor(audible),
            torch.tensor(view.matched),
        )

    def _face(self, index: int, rng: np.random.Generator) -> Target:
        """A clip's audio, and a mouth, mostly its own."""
        config = self.config
        index, shown = self._who(index, rng)
        speed = self._speed(rng)
        waveform = self.faces.waveforms[index]
        n_read = samples_at_speed(config.n_samples, factor=speed)
        start = int(rng.integers(max(1, len(waveform) - n_read + 1)))
        clean = self._played(cut_looped(waveform, offset=start, n_samples=n_read), speed)
        late_s = config.jitter_s * rng.triangular(-1, 0, 1)
        matched = shown == index
        if bernoulli(config.late_probability, rng):
            late_s, matched = rng.choice([-1, 1]) * rng.uniform(0.3, 1.0), False
        start_s = start / self.sample_rate
        view = self._view(shown, rng, start_s=start_s, late_s=late_s, speed=speed, matched=matched)
        return Target(clean, view, speed, clip=index)

    def _voice(self, rng: np.random.Generator) -> Target:
        """A sentence of the speech corpus, now and then with the mouth of somebody else."""
        speed = self._speed(rng)
        clean = self._at_speed(self.speech.waveforms[rng.integers(len(self.speech))], speed, rng)
        if bernoulli(self.config.stranger_probability, rng):
            return Target(clean, self._view(int(rng.integers(len(self.mouths))), rng, matched=False), speed)
        n_frames = n_audio_frames(self.config.n_samples, hop=self.hop)
        return Target(clean, no_view(n_frames, self.mouths[0].crops.shape[1:3]), speed)

    def _view(
        self,
        shown: int,
        rng: np.random.Generator,
        *,
        start_s: float = 0,
        late_s: float = 0,
        speed: float = 1,
        matched: bool,
    ) -> View:
        """A clip's mouth as a camera would show it."""
        config = self.config
        mouth = self.mouths[shown]
        if config.augment:
            mouth = replace(mouth, crops=move_and_recolour(mouth.crops[:], rng))
        n_frames = n_audio_frames(config.n_samples, hop=self.hop)
        times_s = audio_frame_times_s(n_frames, hop=self.hop, sample_rate=self.sample_rate)
        images, present = mouth.at((times_s - late_s) * speed + start_s)
        if bernoulli(config.frozen_probability, rng):
            images, matched = images[rng.integers(n_frames)][None].repeat(n_frames, axis=0), False
        if bernoulli(config.covered_probability, rng):
            images = cover(images, rng)
        return View(images, present & self._visible(n_frames, rng), matched)

    def _played(self, waveform: Waveform, speed: float) -> Waveform:
        """A voice at another speed, of the example's length."""
        return change_speed(waveform, factor=speed)[: self.config.n_samples]

    def _speed(self, rng: np.random.Generator) -> float:
        return rng.uniform(*SPEEDS) if bernoulli(self.config.speed_probability, rng) else 1.0

    def _who(self, index: int, rng: np.random.Generator) -> tuple[int, int]:
        """The clip to hear and the clip to see."""
        if rng.random() < self.config.any_speaker_probability:
            speakers = list(self._clips_of)
            index = int(rng.choice(self._clips_of[speakers[rng.integers(len(speakers))]]))
        shown = index
        if rng.random() < self.config.other_mouth_probability:
            shown = int(rng.integers(len(self.mouths)))
        return index, shown

    def _cut(self, waveform: Waveform, rng: np.random.Generator, n_samples: int | None = None) -> Waveform:
        """A sounding piece, of the example's length by default."""
        n_samples = n_samples or self.config.n_samples
        piece = sounding_piece(lambda: (waveform, int(rng.integers(len(waveform)))), n_samples=n_samples)
        return piece.waveform if piece else cut_looped(waveform, offset=0, n_samples=n_samples)

    def _visible(self, n_frames: int, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
        visible = np.ones(n_frames, dtype=bool)
        draw = rng.random()
        if draw < self.config.video_zero_probability:
            visible[:] = False
        elif draw < self.config.video_zero_probability + self.config.video_gap_probability:
            first, last = sorted(rng.integers(0, n_frames + 1, size=2))
            visible[first:last] = False
        return visible

    def _snr_db(self, rng: np.random.Generator) -> float:
        lowest, highest = self.config.snr_db_min, self.config.snr_db_max
        if bernoulli(self.config.clear_probability, rng):
            lowest, highest = highest, CLEAR_SNR_DB
        return rng.uniform(lowest, highest)

    def _noise(self, target: Target, rng: np.random.Generator) -> Waveform:
        if target.clip is not None and bernoulli(self.config.same_voice_probability, rng):
            own = self._clips_of[str(self.faces.items[target.clip].speaker)]
            if len(others := own[own != target.clip]):
                return self._at_speed(self.faces.waveforms[rng.choice(others)], target.speed, rng)
        if rng.random() < self.config.talker_probability and self._has_rival(target):
            return sum_at_equal_level(
                [self._talker(target, rng) for _ in range(rng.integers(1, self.config.max_talkers + 1))]
            )
        sources = [self._recorded_noise(rng) for _ in range(1 + int(rng.random() < 0.3))]
        if rng.random() < 0.15:
            sources[0] = coloured_noise(rng, n_samples=self.config.n_samples, exponent=rng.uniform(-0.5, 2))
        return sum_at_equal_level(sources)

    def _has_rival(self, target: Target) -> bool:
        """True if there is a voice that is not the target's own sentence."""
        return len(self.speech) > 0 or len(self.faces) > 1 or target.clip is None

    def _talker(self, target: Target, rng: np.random.Generator) -> Waveform:
        if not len(self.speech):
            return self._at_speed(self.faces.waveforms[self._rival(target, rng)], self._speed(rng), rng)
        bank = self.faces if rng.random() < self.config.corpus_talker_probability else self.speech
        return self._at_speed(bank.waveforms[rng.integers(len(bank))], self._speed(rng), rng)

    def _rival(self, target: Target, rng: np.random.Generator) -> int:
        """A talking face of somebody else, else another sentence of the same person."""
        own = "None" if target.clip is None else str(self.faces.items[target.clip].speaker)
        clips = self._clips_of.get(own, np.zeros(0, dtype=np.int64))
        if len(clips) < len(self.faces):
            return nth_other(clips, int(rng.integers(len(self.faces) - len(clips))))
        return int(rng.choice(clips[clips != target.clip]))

    def _at_speed(self, voice: Waveform, speed: float, rng: np.random.Generator) -> Waveform:
        n_read = samples_at_speed(self.config.n_samples, factor=speed)
        return self._played(self._cut(voice, rng, n_read), speed)

    def _recorded_noise(self, rng: np.random.Generator) -> Waveform:
        waveform = self.noise.waveforms[rng.integers(len(self.noise))]
        if self.config.augment:
            waveform = change_speed(waveform, factor=rng.uniform(0.8, 1.25))
        return self._cut(waveform, rng)


def collate(examples: list[Example]) -> Example:
    """Stack examples into a batch."""
    return Example(*(torch.stack(field) for field in zip(*examples, strict=True)))
