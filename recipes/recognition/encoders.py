"""Encoders by modality and name: a recording's sources to frames of features.

A name may be followed by a colon and a weights file: `vatt:exp/vatt/model.safetensors`. It may follow `fine-tuned `:
then the encoder begins with these weights and is trained with the network on top, as a part of it.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache, partial
from typing import Any, NamedTuple

import numpy as np
import torch

from avse.errors import ConfigError
from avse.models import zoo
from avse.models.avdcnn import AVDCNN
from avse.models.lip_cue import LipCue
from avse.models.recognition import InputConfig
from avse.nn.encoders.audio import SpectrumCNN
from avse.nn.encoders.frame_rows import FrameRows
from avse.nn.encoders.tokens import word_indices
from avse.signal.band_power import STEP_RATE_HZ, band_powers
from avse.signal.stft import stft
from avse.signal.voice_features import N_FEATURES, VoiceFeatures, voice_powers
from avse.types import FloatArray
from recipes.recognition.built import Built, array_of, of_rows
from recipes.recognition.handcrafted import audio_features
from recipes.recognition.recordings import CROP_RATE_HZ, SAMPLE_RATE, SERIES_RATE_HZ, Sources
from recipes.recognition.vatt_encoders import vatt_text, vatt_video, vatt_waveform
from recipes.recognition.video_encoders import avdcnn_lips, face_cnn, mouth_cnn, untrained_mouth

TUNED = "fine-tuned "
"""Before the name of an encoder that is trained with the network on top."""
N_BANDS = 32
BAND_RATE_HZ = 50.0
N_WORDS, VOCABULARY = 16, 4096
SOURCES = {
    "lips": "mouth",
    "face": "face",
    "spectrum": "waveform",
    "voice": "waveform",
    "waveform": "waveform",
    "functionals": "waveform",
    "text": "text",
    "series": "series",
}
"""What each modality is read from."""


class FeatureEncoder(NamedTuple):
    """An encoder of one modality: the whole of it, or where it is fine-tuned what comes before its weights."""

    modality: str
    input: InputConfig
    encode: Callable[[Any], FloatArray]
    """The modality's source to `(frames, width)`."""
    network: FrameRows | None = None
    """What a fine-tuned encoder begins with."""

    def __call__(self, sources: Sources) -> FloatArray:
        """Features of a recording, `(frames, width)`; no frames where the modality is missing."""
        source = getattr(sources, SOURCES[self.modality])
        if source is None:
            return np.zeros((0, self.input.width), np.float32)
        with torch.inference_mode():
            return self.encode(source)


@lru_cache(maxsize=16)
def read_encoder(modality: str, name: str) -> FeatureEncoder:
    """An encoder by its modality and name.

    Raises:
        ConfigError: there is no such modality or encoder, its weights do not fit, or it cannot be fine-tuned.
    """
    if modality not in BUILDERS:
        raise ConfigError(f"modality must be one of {', '.join(BUILDERS)} but is {modality!r}; correct it")
    kind, _, weights = name.removeprefix(TUNED).partition(":")
    if kind not in BUILDERS[modality]:
        raise ConfigError(
            f"encoder of {modality} must be one of {', '.join(BUILDERS[modality])} but is {kind!r}; correct it"
        )
    built = BUILDERS[modality][kind](weights)
    config = InputConfig(built.dim, built.rate_hz, name, built.vocabulary)
    if not name.startswith(TUNED):
        return FeatureEncoder(modality, config, built.encode)
    if built.network is None or built.prepare is None:
        raise ConfigError(
            f"encoder of {modality} must be one that can be fine-tuned but {kind} cannot (it has no weights, or does "
            f"not give a frame for each that it reads); name it without {TUNED.strip()}, or another one"
        )
    rate_hz = built.row_rate_hz or built.rate_hz
    config = replace(config, rate_hz=rate_hz, network=built.network.config)
    return FeatureEncoder(modality, config, built.prepare, built.network)


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

    return Built(encode, N_BANDS + 1, rate_hz)


def _samples(_: str) -> Built:
    """Frames of 20 ms of the waveform as they are, at one level: the network learns its own filters."""
    n = round(SAMPLE_RATE / BAND_RATE_HZ)

    def encode(waveform: FloatArray) -> FloatArray:
        n_frames = max(1, len(waveform) // n)
        padded = np.pad(waveform, (0, max(0, n - len(waveform))))[: n_frames * n]
        return np.asarray((padded / (padded.std() + 1e-6)).reshape(n_frames, n), np.float32)

    return Built(encode, n, BAND_RATE_HZ)


def _functionals(_: str) -> Built:
    """Hand-crafted features of the whole, as one frame."""
    n_features = len(audio_features(np.zeros(SAMPLE_RATE, np.float32)))
    return Built(lambda waveform: audio_features(waveform)[None], n_features, 0.0)


def _voice(weights: str) -> Built:
    """The audio encoder of the cue network."""
    model = zoo.load(weights or "lip_cue")
    if not isinstance(model, LipCue):
        raise ConfigError(f"weights {weights} must be of a cue network but are of {model.name}; name others")

    def prepare(waveform: FloatArray) -> FloatArray:
        n_frames = max(1, round(len(waveform) / SAMPLE_RATE * CROP_RATE_HZ))
        return VoiceFeatures().push(voice_powers(waveform, sample_rate=SAMPLE_RATE, n_frames=n_frames))

    return of_rows(prepare, FrameRows.around(model.voice, (N_FEATURES,)), rate_hz=CROP_RATE_HZ)


def _avdcnn_audio(weights: str) -> Built:
    model = zoo.load(weights or "avdcnn")
    if not isinstance(model, AVDCNN) or model.audio is None:
        raise ConfigError(f"weights {weights} must be of an AVDCNN with audio but are not; name others")
    audio, config = model.audio, model.config

    @torch.inference_mode()
    def log_power(waveform: FloatArray) -> torch.Tensor:
        return model.features(stft(torch.from_numpy(waveform)[None], config.stft)).log_power

    if isinstance(audio, SpectrumCNN):

        def prepare(waveform: FloatArray) -> FloatArray:
            return array_of(log_power(waveform)[0].T.contiguous())

        rows = FrameRows.around(audio, (config.stft.n_freqs,))
        return of_rows(prepare, rows, rate_hz=config.stft.frame_rate_hz)

    def encode(waveform: FloatArray) -> FloatArray:
        return array_of(audio(log_power(waveform))[0])

    return Built(encode, int(audio.dim), config.stft.frame_rate_hz)  # type: ignore[arg-type]


def _words(_: str) -> Built:
    def encode(text: str) -> FloatArray:
        numbers = word_indices([text], n_words=N_WORDS, vocabulary=VOCABULARY)[0]
        return numbers[: max(1, int((numbers > 0).sum())), None].float().numpy()

    return Built(encode, 1, 0.0, VOCABULARY)


def _values(n_channels: str) -> Built:
    """A sensor series as it is; `values:3` for three channels."""
    n = int(n_channels or 1)

    def encode(series: FloatArray) -> FloatArray:
        if len(series) != n:
            raise ConfigError(f"series must have {n} channels but has {len(series)}; name the number: values:N")
        return np.ascontiguousarray(series.T)

    return Built(encode, n, SERIES_RATE_HZ)


BUILDERS: dict[str, dict[str, Callable[[str], Built]]] = {
    "lips": {
        "lip_cue": partial(mouth_cnn, "lip_cue"),
        "live": partial(mouth_cnn, "live"),
        "avdcnn": avdcnn_lips,
        "vatt": vatt_video,
        "untrained": untrained_mouth,
    },
    "face": {"cnn": face_cnn, "vatt": vatt_video},
    "spectrum": {"bands": _bands, "avdcnn": _avdcnn_audio},
    "voice": {"lip_cue": _voice},
    "waveform": {"samples": _samples, "vatt": vatt_waveform},
    "functionals": {"audio": _functionals},
    "text": {"words": _words, "vatt": vatt_text},
    "series": {"values": _values},
}
"""By modality and name; each takes what follows the colon."""
