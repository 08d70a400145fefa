"""Training mixtures of voices in noise, of any length, without video: what the audio core and the steering learn from.

Example `index` of epoch `epoch` depends on the seed and these two numbers alone. All examples of an epoch are equally
long; the length changes from epoch to epoch.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.utils.data import Dataset

from avse.data.augment import bernoulli, change_speed, coloured_noise, samples_at_speed
from avse.data.bank import BankPart, WaveformBank
from avse.data.channel import Channel
from avse.data.dataset import CLEAR_SNR_DB, SPEEDS
from avse.data.mix import sounding_piece, sum_at_equal_level
from avse.data.packed import PackedBank
from avse.data.speakers import clips_by_speaker
from avse.errors import ConfigError
from avse.types import Waveform

NOISE_SPEEDS = (0.5, 2.0)
"""Of noises, drawn evenly on a logarithmic scale; what makes them need not be of a known size."""


@dataclass(frozen=True)
class VoiceMixConfig:
    """How mixtures are drawn. Probabilities are in [0, 1]."""

    examples_per_epoch: int = 480
    """Mixtures in an epoch."""
    durations_s: tuple[float, ...] = (4.0, 6.0, 10.0)
    """s; each epoch has one of these lengths."""
    snr_db_min: float = -8.0
    """dB; the SNR is drawn evenly between the two."""
    snr_db_max: float = 18.0
    """dB."""
    clear_probability: float = 0.08
    """Chance of an SNR above these instead, up to 40 dB, so that clear speech is left alone."""
    talker_probability: float = 0.12
    """Chance that one to `max_talkers` other people talk."""
    max_talkers: int = 2
    """Competing talkers at most."""
    talker_snr_db_min: float = 5.0
    """dB; least SNR against talkers. Without a face nothing but its level tells which voice is the target."""
    talker_snr_db_max: float = 15.0
    """dB; largest SNR against talkers."""
    same_voice_probability: float = 0.0
    """Chance that a talker is the target's own voice with another sentence; only a cue tells them apart."""
    babble_probability: float = 0.08
    """Chance that the noise is four to eight voices at once, at any SNR."""
    coloured_probability: float = 0.1
    """Chance of generated noise, from violet to brown."""
    two_noises_probability: float = 0.3
    """Chance of a second noise at the same level."""
    noise_type_probability: float = 0.5
    """Chance that a type of noise is drawn before a recording of it, so that types with few recordings are heard."""
    noise_speed_probability: float = 0.5
    """Chance that a recorded noise is played at half to twice its speed: recordings are few."""
    speed_probability: float = 0.3
    """Chance that a voice is played at 0.85 to 1.24 of its speed."""
    silence_probability: float = 0.15
    """Chance that the target is silent for part of the example."""
    pause_s: float = 0.3
    """s; mean pause between two utterances of a voice."""

    def __post_init__(self) -> None:
        """Validate the ranges.

        Raises:
            ConfigError: a number is out of its range.
        """
        if self.examples_per_epoch < 1 or not self.durations_s or min(self.durations_s) < 0.5:
            raise ConfigError(
                "mix.examples_per_epoch must be 1 or more and mix.durations_s 0.5 s or more but are "
                f"{self.examples_per_epoch} and {self.durations_s}; raise them"
            )


class VoiceExample(NamedTuple):
    """One mixture, or a batch of them with a first axis more."""

    noisy: Tensor
    """`(samples,)`."""
    clean: Tensor
    """`(samples,)` the target's voice, at its level in `noisy`."""
    rival: Tensor
    """`(samples,)` one of the competing talkers as recorded; zeros where there is none."""


class Voices:
    """Utterances by speaker, joined to a voice of any length."""

    def __init__(self, banks: Sequence[WaveformBank | PackedBank]) -> None:
        """Take all utterances of some banks."""
        self._banks = [bank for bank in banks if len(bank)]
        self._starts = np.cumsum([0, *(len(bank) for bank in self._banks)])
        parts: dict[str, list[npt.NDArray[np.int64]]] = defaultdict(list)
        for bank, start in zip(self._banks, self._starts, strict=False):
            for name, clips in clips_by_speaker(bank).items():
                parts[name].append(clips + start)
        self._of = {name: np.concatenate(some) for name, some in parts.items()}

    def __len__(self) -> int:
        return int(self._starts[-1])

    def speaker(self, number: int) -> str:
        """Who says an utterance."""
        bank, row = self._place(number)
        return str(bank.items[row].speaker)

    def others(self, number: int) -> npt.NDArray[np.int64]:
        """The speaker's other utterances."""
        own = self._of[self.speaker(number)]
        others: npt.NDArray[np.int64] = own[own != number]
        return others

    def joined(self, first: int, *, n_samples: int, pause: float, rng: np.random.Generator) -> Waveform:
        """An utterance and others of its speaker after it, pauses between them.

        Args:
            first: number of the utterance to begin with, somewhere in its first half.
            n_samples: length.
            pause: mean length of the pauses, samples.
            rng: source of randomness.

        Returns:
            `(n_samples,)`.
        """
        own = self._of[self.speaker(first)]
        voice = np.zeros(n_samples, dtype=np.float32)
        utterance = self._waveform(first)
        utterance = utterance[int(rng.integers(len(utterance) // 2 + 1)) :]
        at = 0
        while at < n_samples:
            piece = utterance[: n_samples - at]
            voice[at : at + len(piece)] = piece
            at += len(piece) + int(rng.exponential(pause))
            utterance = self._waveform(int(own[rng.integers(len(own))]))
        return voice

    def _waveform(self, number: int) -> Waveform:
        bank, row = self._place(number)
        waveform: Waveform = bank.waveforms[row]
        return waveform

    def _place(self, number: int) -> tuple[WaveformBank | PackedBank, int]:
        """The bank that an utterance lies in, and where."""
        index = int(np.searchsorted(self._starts, number, side="right")) - 1
        return self._banks[index], int(number - self._starts[index])


class VoiceDataset(Dataset[VoiceExample]):
    """Draws mixtures."""

    def __init__(
        self,
        voices: Voices,
        noise: WaveformBank | PackedBank | BankPart,
        *,
        config: VoiceMixConfig,
        seed: int,
        channel: Channel,
    ) -> None:
        """Set up the draw.

        Args:
            voices: targets and competing talkers.
            noise: recordings.
            config: how to mix.
            seed: of all draws.
            channel: what rooms, microphones and lines do.
        """
        self.voices, self.noise, self.config, self.seed, self.channel = voices, noise, config, seed, channel
        self.sample_rate = channel.sample_rate
        self._noises_of = list(clips_by_speaker(noise).values())

    def __len__(self) -> int:
        return self.config.examples_per_epoch

    def n_samples(self, epoch: int) -> int:
        """Length of the examples of an epoch."""
        durations_s = self.config.durations_s
        return round(durations_s[epoch % len(durations_s)] * self.sample_rate)

    def __getitem__(self, key: tuple[int, int]) -> VoiceExample:
        """Mix one example; `key` is epoch and index."""
        epoch, index = key
        rng = np.random.default_rng([self.seed, epoch, index])
        n_samples = self.n_samples(epoch)
        target = int(rng.integers(len(self.voices)))
        clean = self._voice(target, n_samples, rng)
        if bernoulli(self.config.silence_probability, rng):
            clean = _silenced(clean, rng)
        noise, rival, snr_db = self._noise(target, n_samples, rng)
        noisy, clean = self.channel.mix(clean, noise, snr_db=snr_db, rng=rng)
        return VoiceExample(torch.from_numpy(noisy), torch.from_numpy(clean), torch.from_numpy(rival))

    def _voice(self, first: int, n_samples: int, rng: np.random.Generator) -> Waveform:
        speed = rng.uniform(*SPEEDS) if bernoulli(self.config.speed_probability, rng) else 1.0
        n_read = samples_at_speed(n_samples, factor=speed)
        pause = self.config.pause_s * self.sample_rate
        return change_speed(self.voices.joined(first, n_samples=n_read, pause=pause, rng=rng), factor=speed)[:n_samples]

    def _noise(self, target: int, n_samples: int, rng: np.random.Generator) -> tuple[Waveform, Waveform, float]:
        """The noise, one of the talkers in it, and the SNR."""
        config = self.config
        snr_db = rng.uniform(config.snr_db_min, config.snr_db_max)
        if bernoulli(config.clear_probability, rng):
            snr_db = rng.uniform(config.snr_db_max, CLEAR_SNR_DB)
        draw = rng.random()
        if draw < config.talker_probability:
            talkers = [self._talker(target, n_samples, rng) for _ in range(rng.integers(1, config.max_talkers + 1))]
            snr_db = rng.uniform(config.talker_snr_db_min, config.talker_snr_db_max)
            return sum_at_equal_level(talkers), talkers[0], snr_db
        silence = np.zeros(n_samples, dtype=np.float32)
        if draw < config.talker_probability + config.babble_probability:
            voices = [self._other(target, n_samples, rng) for _ in range(rng.integers(4, 9))]
            return sum_at_equal_level(voices), silence, snr_db
        sources = [self._recorded(n_samples, rng)]
        if bernoulli(config.coloured_probability, rng):
            sources = [coloured_noise(rng, n_samples=n_samples, exponent=rng.uniform(-1, 2))]
        if bernoulli(config.two_noises_probability, rng):
            sources.append(self._recorded(n_samples, rng))
        return sum_at_equal_level(sources), silence, snr_db

    def _talker(self, target: int, n_samples: int, rng: np.random.Generator) -> Waveform:
        """A competing voice; now and then the target's own, saying something else."""
        own = self.voices.others(target)
        if len(own) and bernoulli(self.config.same_voice_probability, rng):
            return self._voice(int(own[rng.integers(len(own))]), n_samples, rng)
        return self._other(target, n_samples, rng)

    def _other(self, target: int, n_samples: int, rng: np.random.Generator) -> Waveform:
        """A voice of somebody else."""
        own = self.voices.speaker(target)
        number = int(rng.integers(len(self.voices)))
        while self.voices.speaker(number) == own:
            number = int(rng.integers(len(self.voices)))
        return self._voice(number, n_samples, rng)

    def _recorded(self, n_samples: int, rng: np.random.Generator) -> Waveform:
        """A piece of a recorded noise, not a silent one."""
        config = self.config
        speed = np.exp(rng.uniform(*np.log(NOISE_SPEEDS))) if bernoulli(config.noise_speed_probability, rng) else 1.0

        def draw() -> tuple[Waveform, int]:
            if bernoulli(config.noise_type_probability, rng):
                alike = self._noises_of[rng.integers(len(self._noises_of))]
                row = int(alike[rng.integers(len(alike))])
            else:
                row = int(rng.integers(len(self.noise)))
            waveform = self.noise.waveforms[row]
            return waveform, int(rng.integers(len(waveform)))

        piece = sounding_piece(draw, n_samples=samples_at_speed(n_samples, factor=speed))
        if piece is None:
            return coloured_noise(rng, n_samples=n_samples, exponent=1.0)
        return change_speed(piece.waveform, factor=speed)[:n_samples]


def _silenced(voice: Waveform, rng: np.random.Generator) -> Waveform:
    """A voice that is silent for up to half of the time, with soft edges."""
    n_samples = len(voice)
    length = int(rng.uniform(0.15, 0.5) * n_samples)
    start = int(rng.integers(-length // 2, n_samples - length // 2))
    keep = np.ones(n_samples, dtype=np.float32)
    keep[max(0, start) : start + length] = 0
    # 10 ms to fade: a cut would click.
    fade = np.hanning(321).astype(np.float32)
    silenced: Waveform = voice * np.convolve(np.pad(keep, 160, mode="edge"), fade / fade.sum(), mode="valid")
    # Whoever is silent throughout leaves no SNR to set.
    return silenced.astype(np.float32) if np.abs(silenced).max() > 0.1 * np.abs(voice).max() else voice
