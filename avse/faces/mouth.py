"""The mouth of the one who speaks, for every frame of a video, or word that there is none."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from avse.faces.choice import read_choice, read_photograph
from avse.faces.crop import MOUTH, Region
from avse.faces.crop_file import CropFile
from avse.faces.detect import FaceDetector
from avse.faces.people import TimedImage, find_people
from avse.faces.report import FaceReport
from avse.faces.scorer import CorrespondenceScorer
from avse.faces.speaker import People, Selection, choose
from avse.signal.clock import latest_frame_at, video_frame_at

CHANGE_S = 0.05
"""For so long at least no mouth is shown where another face takes over: longer than an audio frame and than a video
frame at the 25 a second that models take, so that each model notices and fades."""
CLOCK_TOLERANCE_S = 0.001
"""Times that differ by less are one: clocks are rounded."""


@dataclass(frozen=True)
class MouthTrack:
    """The mouth of one person over a video."""

    timestamps_s: npt.NDArray[np.float64]
    """`(n,)` seconds from the first sample of the audio, rising strictly."""
    crops: npt.NDArray[np.uint8] | CropFile
    """`(n, height, width, 3)` RGB, zero where no face was seen."""
    present: npt.NDArray[np.bool_]
    """`(n,)` False where no face was seen."""
    report: FaceReport
    face: npt.NDArray[np.int64] | None = None
    """`(n,)` index of the face in each frame, -1 where none was seen; None where that is not kept."""
    boxes: npt.NDArray[np.float32] | None = None
    """`(n, 3)` left, top and side of its box, pixels of the frames it was found in."""

    def face_at(self, time_s: float) -> tuple[int, tuple[float, float, float], bool] | None:
        """The face in the video frame that is shown at a time: index, box, and whether it is found to speak then.

        Args:
            time_s: seconds from the first sample of the audio.

        Returns:
            None where there is no face.
        """
        row = int(np.searchsorted(self.timestamps_s, time_s + 1e-6)) - 1
        if self.face is None or self.boxes is None or row < 0 or not self.present[row]:
            return None
        face, (x, y, size) = int(self.face[row]), (float(value) for value in self.boxes[row])
        speaks = any(span.face == face and span.start_s <= time_s < span.end_s for span in self.report.spans)
        return face, (x, y, size), speaks

    def at(self, times_s: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_]]:
        """The mouth at some times; a face missed for a moment is bridged as `clock.video_frame_at` says.

        From one face's last video frame to another's first there is no mouth, so that the second's steering fades in.

        Args:
            times_s: `(n,)` seconds from the first sample of the audio.

        Returns:
            `(n, height, width, 3)` crops, zero where there is none, and `(n,)` presence.
        """
        return self._pick(times_s, video_frame_at)

    def latest(self, times_s: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_]]:
        """As `at`, with video frames taken by then and not later: what a live program would have seen."""
        return self._pick(times_s, latest_frame_at)

    def _pick(
        self, times_s: npt.NDArray[np.float64], find: Callable[..., npt.NDArray[np.int64]]
    ) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_]]:
        rows = np.flatnonzero(self.present)
        index = find(times_s, self.timestamps_s[rows])
        present = (index >= 0) & ~self._changes(times_s, rows)
        crops = np.zeros((len(times_s), *self.crops.shape[1:]), dtype=np.uint8)
        crops[present] = self.crops[rows[index[present]]]
        return crops, present

    def _changes(self, times_s: npt.NDArray[np.float64], rows: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """`(n,)` True at times between one face's last video frame and another's first, of the `rows` with a face."""
        if self.face is None or not len(rows):
            return np.zeros(len(times_s), dtype=bool)
        last = np.flatnonzero(np.diff(self.face[rows]))
        shown_s = self.timestamps_s[rows]
        middle_s, gap_s = (shown_s[last] + shown_s[last + 1]) / 2, shown_s[last + 1] - shown_s[last]
        half_s = np.maximum(gap_s / 2 - CLOCK_TOLERANCE_S, CHANGE_S / 2)
        n_begun = np.searchsorted(middle_s - half_s, times_s, side="right")
        n_ended = np.searchsorted(middle_s + half_s, times_s, side="left")
        return np.asarray(n_begun > n_ended)


def track_mouth(
    frames: Iterable[TimedImage],
    *,
    crop_size: tuple[int, int] = (32, 48),
    speaker: str = "auto",
    scorer: CorrespondenceScorer | None = None,
    detector: FaceDetector | None = None,
    offset_s: float = 0.0,
    region: Region = MOUTH,
) -> MouthTrack:
    """Follow all faces of a video in one pass, and cut out the mouth of the one who speaks.

    Args:
        frames: the video.
        crop_size: height and width of a crop, pixels.
        speaker: `auto` (at each time the face whose mouth moves with the audio, nobody where that is not sure), or one
            face throughout: see `avse.faces.choice.FORMS`.
        scorer: has taken all of the audio, for `auto`; without it `auto` takes the largest face.
        detector: finds faces in an image; the bundled cascade by default.
        offset_s: how late the video comes after the audio.
        region: of the face that the crops show; the mouth by default.

    Raises:
        InputError: `speaker` is none of these, or there is no such face.
    """
    choice = read_choice(speaker)
    photograph = read_photograph(choice.photograph, detector) if choice.photograph else None
    people = find_people(
        frames, crop_size=crop_size, detector=detector, scorer=scorer, offset_s=offset_s, region=region
    )
    return mouth_of(people, choose(people, choice, photograph=photograph), crop_size=crop_size)


def mouth_of(people: People, selection: Selection, *, crop_size: tuple[int, int]) -> MouthTrack:
    """The mouth that a selection shows: of one face, or of several in turn."""
    present = selection.face >= 0
    shown = np.unique(selection.face[present])
    crops: npt.NDArray[np.uint8] | CropFile
    if len(shown) == 0:
        crops = np.zeros((len(present), *crop_size, 3), np.uint8)
    elif len(shown) == 1 and (present == people.faces[shown[0]].present).all():
        crops = people.faces[shown[0]].crops
    else:
        crops = CropFile(crop_size)
        for row in np.flatnonzero(present):
            crops.put(int(row), people.faces[selection.face[row]].crops[row])
        crops.finish(len(present))
    boxes = np.zeros((len(present), 3), dtype=np.float32)
    for row in np.flatnonzero(present):
        own = people.faces[selection.face[row]].boxes
        if own is not None:
            boxes[row] = own[row]
    return MouthTrack(people.timestamps_s, crops, present, selection.report, face=selection.face, boxes=boxes)
