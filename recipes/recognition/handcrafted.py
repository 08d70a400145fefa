"""Hand-crafted features of a whole recording, for the classifiers that networks are compared with.

Audio: functionals of low-level descriptors as openSMILE has them (Eyben, Woellmer, Schuller 2010): cepstra, fundamental
frequency, energy and spectral shape by librosa; mean, standard deviation, percentiles and slope of each.
"""

import zlib

import numpy as np
import numpy.typing as npt

from avse.errors import MissingExtraError
from avse.signal.look import look_of
from avse.signal.motion import motion_of
from avse.types import FloatArray
from recipes.recognition.recordings import SAMPLE_RATE, Crops, Sources

try:
    import librosa
except ImportError:
    raise MissingExtraError("librosa must be installed but is not; pip install 'avse[recognition]'") from None

WINDOW, HOP = 512, 160
PITCH_HZ = (65.0, 500.0)
N_WORD_BINS = 64
REGIONS = (2, 3)
"""Rows and columns of the mouth crop whose motion is measured apart."""
FACE_CELLS = (8, 8)
"""Rows and columns of the face crop whose grey values are measured apart."""


def functionals(series: npt.NDArray[np.floating]) -> FloatArray:
    """Mean, standard deviation, percentiles 10, 50 and 90, and slope of each row, `(rows, n)` to `(6 rows,)`."""
    time = np.linspace(-1, 1, series.shape[1])
    slope = (series * time).mean(axis=1) / np.mean(time**2) if series.shape[1] > 1 else np.zeros(len(series))
    rows = [series.mean(axis=1), series.std(axis=1), *np.percentile(series, (10, 50, 90), axis=1), slope]
    values: FloatArray = np.nan_to_num(np.concatenate(rows)).astype(np.float32)
    return values


def audio_features(waveform: FloatArray) -> FloatArray:
    """Functionals of a waveform at `SAMPLE_RATE`, whatever its level."""
    padded = np.pad(waveform, (0, max(0, 4 * WINDOW - len(waveform))))
    magnitude = np.abs(librosa.stft(padded, n_fft=WINDOW, hop_length=HOP)) + 1e-8
    power = magnitude**2
    mel = librosa.power_to_db(librosa.feature.melspectrogram(S=power, sr=SAMPLE_RATE, n_mels=40))
    cepstra = librosa.feature.mfcc(S=mel, n_mfcc=14)[1:]
    energy = librosa.power_to_db(power.sum(axis=0, keepdims=True))
    pitch = librosa.yin(
        padded, fmin=PITCH_HZ[0], fmax=PITCH_HZ[1], sr=SAMPLE_RATE, frame_length=4 * WINDOW, hop_length=HOP
    )
    shape = [
        librosa.feature.spectral_centroid(S=magnitude, sr=SAMPLE_RATE) / 1000,
        librosa.feature.spectral_rolloff(S=magnitude, sr=SAMPLE_RATE) / 1000,
        librosa.feature.spectral_flatness(S=magnitude),
        librosa.feature.zero_crossing_rate(padded, frame_length=WINDOW, hop_length=HOP),
    ]
    n_frames = min(cepstra.shape[1], len(pitch), shape[3].shape[1])
    pitches = np.log2(pitch[None, :n_frames])
    rows = [cepstra, energy - energy.mean(), np.diff(pitches, prepend=pitches[:, :1]), pitches, *shape]
    return functionals(np.concatenate([row[:, :n_frames] for row in rows]))


def lip_features(mouth: Crops) -> FloatArray:
    """Functionals of how the mouth moves: mean and absolute motion of its regions, over the whole and in thirds."""
    motion = motion_of(mouth.crops, mouth.present)  # (n, 2, height, width)
    n, channels, height, width = motion.shape
    rows, columns = REGIONS
    whole = motion[:, :, : height // rows * rows, : width // columns * columns]
    blocks = whole.reshape(n, channels, rows, height // rows, columns, width // columns)
    series = np.concatenate([blocks.mean(axis=(3, 5)), np.abs(blocks).mean(axis=(3, 5))], axis=1).reshape(n, -1).T
    thirds = [part.mean(axis=1) for part in np.array_split(series, 3, axis=1) if part.shape[1]]
    thirds += [np.zeros(len(series))] * (3 - len(thirds))
    return np.concatenate([functionals(series), *thirds]).astype(np.float32)


def face_features(face: Crops) -> FloatArray:
    """What a face looks like, by cells of a grid: mean and standard deviation over time, and how much each changes."""
    look = look_of(face.crops, face.present)[face.present]  # (n, 2, height, width)
    n, channels, height, width = look.shape
    rows, columns = FACE_CELLS
    whole = look[:, :, : height // rows * rows, : width // columns * columns]
    cells = whole.reshape(n, channels, rows, height // rows, columns, width // columns)
    grey = cells[:, 0].mean(axis=(2, 4)).reshape(n, -1)
    change = np.abs(cells[:, 1]).mean(axis=(2, 4)).reshape(n, -1)
    return np.concatenate([grey.mean(axis=0), grey.std(axis=0), change.mean(axis=0)]).astype(np.float32)


def text_features(text: str) -> FloatArray:
    """Counts of hashed words, `(N_WORD_BINS,)`."""
    counts = np.zeros(N_WORD_BINS, np.float32)
    for word in text.lower().split():
        counts[zlib.crc32("".join(filter(str.isalnum, word)).encode()) % N_WORD_BINS] += 1
    return counts


def handcrafted(sources: Sources) -> dict[str, FloatArray]:
    """Features by source; a source that is missing has none."""
    found = {}
    if sources.waveform is not None:
        found["waveform"] = audio_features(sources.waveform)
    if sources.mouth is not None:
        found["mouth"] = lip_features(sources.mouth)
    if sources.face is not None and sources.face.present.any():
        found["face"] = face_features(sources.face)
    if sources.text is not None:
        found["text"] = text_features(sources.text)
    if sources.series is not None:
        found["series"] = functionals(sources.series)
    return found
