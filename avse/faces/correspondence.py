"""How much speaks for each face's saying what is heard, over time: embeddings of mouths and of the audio.

The embeddings come from the lip network; their dot product is evidence in nats (`avse.models.lip_cue`). Everything is
done in pieces, so that memory grows by some kB per second of video.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

import cv2
import numpy as np
import numpy.typing as npt

from avse.faces.mouth import MouthTrack
from avse.signal.band_power import SAMPLE_RATE
from avse.signal.motion import MouthMotion, motion_of
from avse.signal.resample import StreamingResampler
from avse.signal.speech_cue import CUE_DIM, CUE_RATE_HZ
from avse.signal.voice_features import StreamingVoicePowers, VoiceFeatures
from avse.types import FloatArray, Waveform

PIECE_FRAMES = 250


class LipReader(Protocol):
    """Both sides of the lip network, as `avse.models.onnx_lips.OnnxLips` has them."""

    @property
    def crop_size(self) -> tuple[int, int]:
        """Height and width of mouth crops, pixels."""
        ...

    def watch(self, motion: FloatArray, state: Any) -> tuple[FloatArray, FloatArray, Any]:
        """Motion `(frames, 2, height, width)` to cue `(frames, CUE_DIM)`, embeddings `(frames, dim)`, new state."""
        ...

    def listen(self, features: FloatArray, state: Any) -> tuple[FloatArray, Any]:
        """Voice features `(frames, features)` to embeddings `(frames, dim)` and new state."""
        ...


@dataclass(frozen=True)
class LipPredictions:
    """What a mouth says, `CUE_RATE_HZ` frames per second from the first sample of the audio."""

    cue: FloatArray
    """`(frames, CUE_DIM)` in [0, 1], 0 where there is no face."""
    embedding: FloatArray
    """`(frames, dim)`, 0 where there is no face."""
    present: npt.NDArray[np.bool_]
    """`(frames,)`."""


class AudioListener:
    """Embeds a recording's audio, which comes in blocks."""

    def __init__(self, reader: LipReader, *, sample_rate: int) -> None:
        """Set up.

        Args:
            reader: the lip network.
            sample_rate: Hz.
        """
        self._reader, self._state = reader, None
        self._resampler = StreamingResampler(source_rate=sample_rate, target_rate=SAMPLE_RATE, n_channels=1)
        self._powers, self._features = StreamingVoicePowers(), VoiceFeatures()
        self._embeddings: list[FloatArray] = []

    def push(self, block: Waveform) -> None:
        """Take samples, `(channels, samples)`; the mean of the channels is listened to."""
        self._listen(self._powers.push(self._resampler.push(block.mean(axis=0, keepdims=True))[0]))

    def push_all(self, blocks: Iterable[Waveform]) -> None:
        """Take all blocks of a recording, `(channels, samples)` each."""
        for block in blocks:
            self.push(block)

    def finish(self) -> FloatArray:
        """End the recording: embeddings of all video frames that begin within it, `(frames, dim)`."""
        self._listen(self._powers.push(self._resampler.finish()[0], last=True))
        return np.concatenate(self._embeddings) if self._embeddings else np.zeros((0, 1), np.float32)

    def _listen(self, powers: FloatArray) -> None:
        if len(powers):
            embedding, self._state = self._reader.listen(self._features.push(powers), self._state)
            self._embeddings.append(embedding)


def read_lips(reader: LipReader, mouth: MouthTrack, *, n_frames: int, first_time_s: float = 0.0) -> LipPredictions:
    """Read a mouth over a recording.

    Args:
        reader: the lip network.
        mouth: of one person.
        n_frames: how many, `CUE_RATE_HZ` per second.
        first_time_s: the video time of the first one.
    """
    motion, state = MouthMotion(reader.crop_size), None
    cues, embeddings, presence = [], [], []
    for start in range(0, n_frames, PIECE_FRAMES):
        times_s = first_time_s + np.arange(start, min(start + PIECE_FRAMES, n_frames)) / CUE_RATE_HZ
        crops, present = mouth.at(times_s)
        crops = _resized(crops, reader.crop_size)
        cue, embedding, state = reader.watch(motion_of(crops, present, motion), state)
        cues.append(cue * present[:, None])
        embeddings.append(embedding * present[:, None])
        presence.append(present)
    if not cues:
        return LipPredictions(np.zeros((0, CUE_DIM), np.float32), np.zeros((0, 1), np.float32), np.zeros(0, bool))
    return LipPredictions(np.concatenate(cues), np.concatenate(embeddings), np.concatenate(presence))


def _resized(crops: npt.NDArray[np.uint8], size: tuple[int, int]) -> npt.NDArray[np.uint8]:
    """Crops that were cut for another model, at the size of the lip network's."""
    if crops.shape[1:3] == size:
        return crops
    height, width = size
    return np.stack([cv2.resize(crop, (width, height), interpolation=cv2.INTER_AREA) for crop in crops])


def evidence(mouths: list[LipPredictions], audio: FloatArray) -> npt.NDArray[np.float64]:
    """Evidence that each mouth says what is heard, frame by frame.

    Args:
        mouths: as `read_lips` gives them, all of one length.
        audio: `(frames, dim)` embeddings of the audio; both are cut to the shorter.

    Returns:
        `(mouths, frames)` log-likelihood ratios in nats, 0 where there is no face.
    """
    n_frames = min([len(audio), *(len(mouth.embedding) for mouth in mouths)])
    rows = [np.einsum("td,td->t", mouth.embedding[:n_frames], audio[:n_frames]) for mouth in mouths]
    return np.array(rows, dtype=np.float64).reshape(len(mouths), n_frames)
