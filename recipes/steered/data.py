"""Mixtures of voices from a manifest, for training and for validation."""

from dataclasses import replace
from pathlib import Path

import torch

from avse.data.bank import BankPart, WaveformBank, read_mono
from avse.data.channel import Channel, ChannelConfig, trim_response
from avse.data.manifest import Item, data_root, read_manifest
from avse.data.packed import Kind, PackedBank, is_packed, open_packed
from avse.data.speakers import clips_by_speaker
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
    packed = config.audio is not None and is_packed(config.audio)
    items = [] if packed else [item for item in read_manifest(config.manifest) if item.split == split]

    def bank(kind: Kind, chosen: list[Item]) -> WaveformBank | PackedBank:
        if packed:
            found = open_packed(config.audio, split=split, kind=kind, sample_rate=sample_rate)
            return found or WaveformBank([], root=data_root(), sample_rate=sample_rate)
        return WaveformBank(
            chosen, root=data_root(), sample_rate=sample_rate, folder=config.audio,
            progress=lambda rows: bar(rows, f"decode {split} {kind}"),
        )  # fmt: skip

    voices = [bank("speech", [i for i in items if i.is_speech and not i.video])]
    voices.append(bank("faces", [i for i in items if i.video]))
    noise = bank("noise", [i for i in items if not i.is_speech])
    mix, channel = config.mix, Channel(config.channel, responses=[], sample_rate=sample_rate)
    if split == "train":
        channel.responses = _responses(config.responses, config.channel, sample_rate=sample_rate)
    else:
        mix = validation_mix(config.n_valid)
        channel = Channel(_direct(), responses=[], sample_rate=sample_rate)
    return VoiceDataset(Voices(voices), noise, config=mix, seed=config.loop.seed, channel=channel)


def load_by_noise_type(config: CoreTrainConfig, *, sample_rate: int) -> dict[str, VoiceDataset]:
    """The validation's voices in each type of its noise alone, at -5 to 10 dB; `n_valid` mixtures in each.

    A mean over recordings is one over the types that have many; here each counts alike.

    Args:
        config: of the run.
        sample_rate: Hz.
    """
    every = load_dataset(config, split="valid", sample_rate=sample_rate)
    mix = replace(every.config, babble_probability=0.0, coloured_probability=0.0, two_noises_probability=0.0)
    return {
        name: VoiceDataset(
            every.voices, BankPart(every.noise, rows), config=mix, seed=every.seed, channel=every.channel
        )
        for name, rows in clips_by_speaker(every.noise).items()
    }


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
