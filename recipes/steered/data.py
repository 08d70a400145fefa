"""Mixtures of voices from a manifest, for training and for validation."""

from dataclasses import replace
from pathlib import Path

import torch

from avse.data.bank import WaveformBank, read_mono
from avse.data.channel import Channel, ChannelConfig, trim_response
from avse.data.manifest import Item, data_root, read_manifest
from avse.data.packed import Kind, PackedBank, is_packed, open_packed
from avse.data.voices import VoiceDataset, VoiceExample, VoiceMixConfig, Voices
from avse.errors import ConfigError
from avse.types import Waveform
from recipes.progress import bar
from recipes.steered.config import CoreTrainConfig, VoiceTrainConfig

VALID_S = 4.0
"""s; length of the validation's mixtures."""


def collate(examples: list[VoiceExample]) -> VoiceExample:
    """Stack examples into a batch."""
    return VoiceExample(*(torch.stack(field) for field in zip(*examples, strict=True)))


def load_dataset(config: VoiceTrainConfig, *, split: str, sample_rate: int) -> VoiceDataset:
    """Open a split's recordings.

    Args:
        config: of the run.
        split: `train` or `valid`; validation has plain noise only, SNRs of -5 to 10 dB, and no rooms or lines.
        sample_rate: Hz.
    """
    banks = _Banks(config, split=split, sample_rate=sample_rate)
    mix, channel = config.mix, Channel(config.channel, responses=[], sample_rate=sample_rate)
    if split == "train":
        channel.responses = _responses(config.responses, config.channel, sample_rate=sample_rate)
    else:
        mix = validation_mix(config.n_valid)
        channel = Channel(_direct(), responses=[], sample_rate=sample_rate)
    return VoiceDataset(banks.voices(), banks.noise(), config=mix, seed=config.loop.seed, channel=channel)


def load_by_noise_type(config: CoreTrainConfig, *, n_examples: int, sample_rate: int) -> dict[str, VoiceDataset]:
    """The validation's voices in each type of its noise alone, at -5 to 10 dB.

    A mean over recordings is one over the types that have many; here each counts alike.

    Args:
        config: of the run; its recordings must not be packed.
        n_examples: mixtures in each type.
        sample_rate: Hz.

    Raises:
        ConfigError: there is no such noise, or the recordings are packed.
    """
    banks = _Banks(config, split="valid", sample_rate=sample_rate)
    if all(item.is_speech for item in banks.items):
        raise ConfigError(
            f"recordings must have noise of the split valid, and not be packed, but {config.audio} and "
            f"{config.manifest} have none; name the folder that the manifest's recordings are decoded to"
        )
    voices, channel = banks.voices(), Channel(_direct(), responses=[], sample_rate=sample_rate)
    mix = replace(
        validation_mix(n_examples), babble_probability=0.0, coloured_probability=0.0, two_noises_probability=0.0
    )
    types = sorted({str(item.noise_type) for item in banks.items if not item.is_speech})
    return {
        name: VoiceDataset(voices, banks.noise(noise_type=name), config=mix, seed=config.loop.seed, channel=channel)
        for name in types
    }


class _Banks:
    """The recordings of a split, decoded or packed."""

    def __init__(self, config: VoiceTrainConfig, *, split: str, sample_rate: int) -> None:
        self.packed = config.audio is not None and is_packed(config.audio)
        self.items = [] if self.packed else [item for item in read_manifest(config.manifest) if item.split == split]
        self.folder, self.split, self.sample_rate = config.audio, split, sample_rate

    def voices(self) -> Voices:
        return Voices(
            [
                self._open("speech", [item for item in self.items if item.is_speech and not item.video]),
                self._open("faces", [item for item in self.items if item.video]),
            ]
        )

    def noise(self, *, noise_type: str | None = None) -> WaveformBank | PackedBank:
        noises = [item for item in self.items if not item.is_speech]
        if noise_type is not None:
            noises = [item for item in noises if item.noise_type == noise_type]
        return self._open("noise", noises)

    def _open(self, kind: Kind, chosen: list[Item]) -> WaveformBank | PackedBank:
        if self.packed:
            found = open_packed(self.folder, split=self.split, kind=kind, sample_rate=self.sample_rate)
            return found or WaveformBank([], root=data_root(), sample_rate=self.sample_rate)
        return WaveformBank(
            chosen, root=data_root(), sample_rate=self.sample_rate, folder=self.folder,
            progress=lambda rows: bar(rows, f"decode {self.split} {kind}"),
        )  # fmt: skip


def validation_mix(n_examples: int) -> VoiceMixConfig:
    """Plain noise at -5 to 10 dB, every voice as recorded."""
    return replace(
        VoiceMixConfig(), examples_per_epoch=n_examples, durations_s=(VALID_S,), snr_db_min=-5.0, snr_db_max=10.0,
        clear_probability=0.0, talker_probability=0.0, babble_probability=0.1, coloured_probability=0.1,
        speed_probability=0.0, silence_probability=0.0, noise_type_probability=0.0, noise_speed_probability=0.0,
    )  # fmt: skip


def _direct() -> ChannelConfig:
    return ChannelConfig(
        colour_probability=0, reverberation_probability=0, level_db_min=-30, level_db_max=-20, narrow_probability=0,
        clip_probability=0, codec_probability=0,
    )  # fmt: skip


def _responses(folder: Path, config: ChannelConfig, *, sample_rate: int) -> list[Waveform]:
    paths = sorted((data_root() / folder).glob("*.flac"))
    if not paths and config.measured_share > 0:
        raise ConfigError(f"responses {folder} must hold room responses (.flac) but holds none; name another folder")
    return [trim_response(read_mono(path, sample_rate=sample_rate)) for path in paths]
