"""Evidence for each face by the lip network, in place of the scorer that needs no weights."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from avse.faces.correspondence import AudioListener, LipPredictions, LipReader, evidence, read_lips
from avse.faces.mouth import MouthTrack
from avse.faces.report import FaceReport
from avse.faces.scorer import MotionScorer
from avse.faces.who_speaks import TurnConfig
from avse.types import FloatArray, Series

if TYPE_CHECKING:
    from avse.faces.crop_file import CropFile


class Mouth(Protocol):
    """One person's mouth over a video, as `avse.faces.speaker.Candidate` is."""

    @property
    def crops(self) -> "npt.NDArray[np.uint8] | CropFile":
        """`(n, height, width, 3)` RGB."""
        ...

    @property
    def present(self) -> npt.NDArray[np.bool_]:
        """`(n,)` False where no face was seen."""
        ...


MOTION_SHARE = 0.375
"""Of the evidence of a mouth's movement beside the network's, which knows more; chosen with `TurnConfig`."""


class LipScorer:
    """Says how well mouths and audio belong together; one serves one recording.

    Whether a mouth moves at all while something is heard weighs in too, as `avse.faces.scorer.MotionScorer` has it: the
    network was trained on people who speak, and says little of a mouth at rest.
    """

    turns = TurnConfig()

    def __init__(self, reader: LipReader, *, sample_rate: int, with_motion: bool = True) -> None:
        """Begin a recording.

        Args:
            reader: the lip network.
            sample_rate: Hz.
            with_motion: weigh in whether the mouth moves; False asks the network alone.
        """
        self._motion = MotionScorer(sample_rate=sample_rate, rhythm=False) if with_motion else None
        self._reader = reader
        self._listener = AudioListener(reader, sample_rate=sample_rate)
        self._audio: FloatArray | None = None
        self._reads: dict[tuple[int, bytes], tuple[Mouth, LipPredictions]] = {}

    def push(self, block: npt.NDArray[np.float32]) -> None:
        """Take the next audio, `(channels, samples)`."""
        self._listener.push(block)
        if self._motion is not None:
            self._motion.push(block)

    @property
    def audio(self) -> FloatArray:
        """Embeddings of the audio, `(frames, dim)`, after all of it was taken."""
        if self._audio is None:
            self._audio = self._listener.finish()
        return self._audio

    def read(self, face: Mouth, *, timestamps_s: Series) -> LipPredictions:
        """Read one face over the length of the audio, once; arguments as of `evidence`."""
        key = id(face), timestamps_s.tobytes()
        if key not in self._reads:
            track = MouthTrack(timestamps_s, face.crops, face.present, FaceReport(1, 1.0, "one of several"))
            # The face is kept, so that its id stays its own.
            self._reads[key] = face, read_lips(self._reader, track, n_frames=len(self.audio))
        return self._reads[key][1]

    def evidence(self, faces: Sequence[Mouth], *, timestamps_s: Series) -> Series:
        """Score all faces, after all audio.

        Args:
            faces: of one video.
            timestamps_s: `(n,)` of the video frames, seconds from the first sample of the audio.

        Returns:
            `(faces, frames)` log-likelihood ratios in nats, `CUE_RATE_HZ` frames per second from the first sample, over
            the length of the audio; 0 where a face is not seen.
        """
        read = evidence([self.read(face, timestamps_s=timestamps_s) for face in faces], self.audio)
        if self._motion is None:
            return read
        moved = self._motion.evidence(faces, timestamps_s=timestamps_s)
        n_frames = min(read.shape[1], moved.shape[1])
        return read[:, :n_frames] + MOTION_SHARE * moved[:, :n_frames]
