"""Frozen encoders by modality and name: a recording's sources to frames of features.

A name may be followed by a colon and a weights file: `vatt:exp/vatt/model.safetensors`.
"""

from collections.abc import Callable
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F

from avse.errors import ConfigError
from avse.models import zoo
from avse.models.avdcnn import AVDCNN
from avse.models.encoders import encoder_of
from avse.models.lip_cue import LipCue
from avse.models.recognition import InputConfig
from avse.models.vatt import VATT
from avse.nn.encoders.mouth import MouthEncoder
from avse.nn.encoders.movement import movement
from avse.nn.encoders.tokens import word_indices
from avse.nn.layers import crops_to_frames
from avse.signal.band_power import STEP_RATE_HZ, band_powers
from avse.signal.motion import motion_of
from avse.signal.stft import stft
from avse.signal.voice_features import VoiceFeatures, voice_powers
from avse.types import FloatArray
from recipes.recognition.handcrafted import audio_features
from recipes.recognition.recordings import MOUTH_RATE_HZ, SAMPLE_RATE, SERIES_RATE_HZ, Mouth, Sources

N_BANDS = 32
BAND_RATE_HZ = 50.0
N_WORDS, VOCABULARY = 16, 4096
SOURCES = {
    "lips": "mouth",
    "spectrum": "waveform",
    "voice": "waveform",
    "waveform": "waveform",
    "functionals": "waveform",
    "text": "text",
    "series": "series",
}
"""What each modality is read from."""


class FeatureEncoder(NamedTuple):
    """A frozen encoder of one modality."""

    modality: str
    input: InputConfig
    encode: Callable[[Any], FloatArray]
    """The modality's source to `(frames, dim)`."""

    def __call__(self, sources: Sources) -> FloatArray:
        """Features of a recording, `(frames, dim)`; no frames where the modality is missing."""
        source = getattr(sources, SOURCES[self.modality])
        if source is None:
            return np.zeros((0, self.input.dim), np.float32)
        with torch.inference_mode():
            return self.encode(source)


@lru_cache(maxsize=16)
def read_encoder(modality: str, name: str) -> FeatureEncoder:
    """An encoder by its modality and name.

    Raises:
        ConfigError: there is no such modality or encoder, or its weights do not fit.
    """
    if modality not in BUILDERS:
        raise ConfigError(f"modality must be one of {', '.join(BUILDERS)} but is {modality!r}; correct it")
    kind, _, weights = name.partition(":")
    if kind not in BUILDERS[modality]:
        raise ConfigError(
            f"encoder of {modality} must be one of {', '.join(BUILDERS[modality])} but is {kind!r}; correct it"
        )
    encode, dim, rate_hz, vocabulary = BUILDERS[modality][kind](weights)
    return FeatureEncoder(modality, InputConfig(dim, rate_hz, name, vocabulary), encode)


def _array(features: torch.Tensor) -> FloatArray:
    """A network's features, `(frames, dim)`."""
    array: FloatArray = features.numpy()
    return array


Built = tuple[Callable[[Any], FloatArray], int, float, int]


def _mouth_cnn(default: str, weights: str) -> Built:
    """The mouth encoder of the cue network or of the live model, `MouthEncoder`."""
    encoder = encoder_of(zoo.load(weights or default), "video")
    if not isinstance(encoder, MouthEncoder):
        raise ConfigError(f"weights {weights} must hold a mouth encoder but do not; name others")

    def encode(mouth: Mouth) -> FloatArray:
        motion = torch.from_numpy(motion_of(mouth.crops, mouth.present))[None]
        return _array(encoder(motion, encoder.initial_state(1, motion))[0][0])

    return encode, encoder.dim, MOUTH_RATE_HZ, 0


def _untrained_mouth(seed: str) -> Built:
    """The cue network's mouth encoder with random weights: what its architecture gives from nothing."""
    torch.manual_seed(int(seed or 0))
    trained = zoo.load("lip_cue")
    assert isinstance(trained, LipCue)
    encoder = LipCue.build(trained.config).eval().video

    def encode(mouth: Mouth) -> FloatArray:
        motion = torch.from_numpy(motion_of(mouth.crops, mouth.present))[None]
        return _array(encoder(motion, encoder.initial_state(1, motion))[0][0])

    return encode, encoder.dim, MOUTH_RATE_HZ, 0


def _avdcnn_lips(weights: str) -> Built:
    model = zoo.load(weights or "avdcnn")
    if not isinstance(model, AVDCNN) or model.video is None:
        raise ConfigError(f"weights {weights} must be of an AVDCNN with video but are not; name others")
    video, step = model.video, round(model.config.stft.frame_rate_hz / MOUTH_RATE_HZ)

    def encode(mouth: Mouth) -> FloatArray:
        frames = crops_to_frames(torch.from_numpy(mouth.crops)[None]).repeat_interleave(step, dim=1)
        present = torch.from_numpy(mouth.present).repeat_interleave(step)
        features = video(model.lips(frames, present[None]))[0]
        return _array(features[::step])

    return encode, int(video.dim), MOUTH_RATE_HZ, 0  # type: ignore[arg-type]


def _vatt(weights: str) -> VATT:
    if not weights:
        raise ConfigError("encoder vatt must name its weights, vatt:FILE, but names none; add them")
    return zoo.load_as(VATT, Path(weights))


def _vatt_lips(weights: str) -> Built:
    model = _vatt(weights)
    config, encoder = model.config, model.encoder("video")

    def encode(mouth: Mouth) -> FloatArray:
        frames = crops_to_frames(torch.from_numpy(mouth.crops)[None])[0]
        if frames.shape[2:] != (config.height, config.width):
            frames = F.adaptive_avg_pool2d(frames, (config.height, config.width))
        n_windows = -(-len(frames) // config.n_frames)
        index = torch.arange(n_windows * config.n_frames).clamp_max(len(frames) - 1)
        windows = frames[index].reshape(n_windows, config.n_frames, *frames.shape[1:])
        features = encoder(movement(windows) if config.movement else windows).flatten(0, 1)
        return _array(features[: -(-len(frames) // config.patch[0])])

    return encode, encoder.dim, config.fps / config.patch[0], 0


def _vatt_waveform(weights: str) -> Built:
    model = _vatt(weights)
    config, encoder = model.config, model.encoder("audio")
    if config.sample_rate != SAMPLE_RATE:
        raise ConfigError(f"VATT {weights} must hear at {SAMPLE_RATE} Hz but does at {config.sample_rate}; retrain it")
    pooled = 5

    def encode(waveform: FloatArray) -> FloatArray:
        n_windows = -(-len(waveform) // config.n_samples)
        padded = np.pad(waveform, (0, n_windows * config.n_samples - len(waveform)))
        tokens = encoder(torch.from_numpy(padded).reshape(n_windows, config.n_samples)).flatten(0, 1)
        tokens = tokens[: max(pooled, len(waveform) // config.patch_samples) // pooled * pooled]
        return _array(tokens.reshape(-1, pooled, *tokens.shape[1:]).mean(dim=1))

    return encode, encoder.dim, SAMPLE_RATE / config.patch_samples / pooled, 0


def _vatt_text(weights: str) -> Built:
    model = _vatt(weights)
    config, encoder = model.config, model.encoder("text")

    def encode(text: str) -> FloatArray:
        numbers = word_indices([text], n_words=config.n_words, vocabulary=config.vocabulary)
        return _array(encoder(numbers)[0][: max(1, int((numbers > 0).sum()))])

    return encode, encoder.dim, 0.0, 0


def _bands(rate: str) -> Built:
    """Log band powers less their mean over the recording: no weights, and no matter how loud it is.

    `bands:12.5` has so many frames per second, for long recordings; 50 by default.
    """
    try:
        rate_hz = float(rate or BAND_RATE_HZ)
        pair = round(STEP_RATE_HZ / rate_hz)
    except (ValueError, ZeroDivisionError):
        rate_hz, pair = 0.0, 0
    if pair < 1 or pair * rate_hz != STEP_RATE_HZ:
        raise ConfigError(f"frames per second of bands must divide {STEP_RATE_HZ} but are {rate!r}; correct it")

    def encode(waveform: FloatArray) -> FloatArray:
        n_frames = max(1, round(len(waveform) / SAMPLE_RATE * rate_hz))
        powers = band_powers(waveform, sample_rate=SAMPLE_RATE, n_bands=N_BANDS, n_steps=pair * n_frames)
        levels = np.log(powers.reshape(n_frames, pair, N_BANDS).mean(axis=1) + 1e-8)
        loudness = levels.mean(axis=1, keepdims=True)
        relative = np.concatenate([levels - levels.mean(), loudness - loudness.mean()], axis=1)
        return np.asarray(relative, np.float32)

    return encode, N_BANDS + 1, rate_hz, 0


def _samples(_: str) -> Built:
    """Frames of 20 ms of the waveform as they are, at one level: the network learns its own filters."""
    n = round(SAMPLE_RATE / BAND_RATE_HZ)

    def encode(waveform: FloatArray) -> FloatArray:
        n_frames = max(1, len(waveform) // n)
        padded = np.pad(waveform, (0, max(0, n - len(waveform))))[: n_frames * n]
        return np.asarray((padded / (padded.std() + 1e-6)).reshape(n_frames, n), np.float32)

    return encode, n, BAND_RATE_HZ, 0


def _functionals(_: str) -> Built:
    """Hand-crafted features of the whole, as one frame."""
    n_features = len(audio_features(np.zeros(SAMPLE_RATE, np.float32)))
    return lambda waveform: audio_features(waveform)[None], n_features, 0.0, 0


def _voice(weights: str) -> Built:
    """The audio encoder of the cue network."""
    model = zoo.load(weights or "lip_cue")
    if not isinstance(model, LipCue):
        raise ConfigError(f"weights {weights} must be of a cue network but are of {model.name}; name others")

    def encode(waveform: FloatArray) -> FloatArray:
        n_frames = max(1, round(len(waveform) / SAMPLE_RATE * MOUTH_RATE_HZ))
        powers = voice_powers(waveform, sample_rate=SAMPLE_RATE, n_frames=n_frames)
        features = torch.from_numpy(VoiceFeatures().push(powers))[None]
        return _array(model.voice(features, model.voice.initial_state(1, features))[0][0])

    return encode, model.voice.dim, MOUTH_RATE_HZ, 0


def _avdcnn_audio(weights: str) -> Built:
    model = zoo.load(weights or "avdcnn")
    if not isinstance(model, AVDCNN) or model.audio is None:
        raise ConfigError(f"weights {weights} must be of an AVDCNN with audio but are not; name others")
    audio, config = model.audio, model.config

    def encode(waveform: FloatArray) -> FloatArray:
        spectrum = stft(torch.from_numpy(waveform)[None], config.stft)
        return _array(audio(model.features(spectrum).log_power)[0].half().float())

    return encode, int(audio.dim), config.stft.frame_rate_hz, 0  # type: ignore[arg-type]


def _words(_: str) -> Built:
    def encode(text: str) -> FloatArray:
        numbers = word_indices([text], n_words=N_WORDS, vocabulary=VOCABULARY)[0]
        return numbers[: max(1, int((numbers > 0).sum())), None].float().numpy()

    return encode, 1, 0.0, VOCABULARY


def _values(n_channels: str) -> Built:
    """A sensor series as it is; `values:3` for three channels."""
    n = int(n_channels or 1)

    def encode(series: FloatArray) -> FloatArray:
        if len(series) != n:
            raise ConfigError(f"series must have {n} channels but has {len(series)}; name the number: values:N")
        return np.ascontiguousarray(series.T)

    return encode, n, SERIES_RATE_HZ, 0


BUILDERS: dict[str, dict[str, Callable[[str], Built]]] = {
    "lips": {
        "lip_cue": partial(_mouth_cnn, "lip_cue"),
        "live": partial(_mouth_cnn, "live"),
        "avdcnn": _avdcnn_lips,
        "vatt": _vatt_lips,
        "untrained": _untrained_mouth,
    },
    "spectrum": {"bands": _bands, "avdcnn": _avdcnn_audio},
    "voice": {"lip_cue": _voice},
    "waveform": {"samples": _samples, "vatt": _vatt_waveform},
    "functionals": {"audio": _functionals},
    "text": {"words": _words, "vatt": _vatt_text},
    "series": {"values": _values},
}
"""By modality and name; each takes what follows the colon."""
