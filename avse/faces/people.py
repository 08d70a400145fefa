"""All people in a video: their faces followed in one pass, with steady crops of mouth or face and evidence."""

from collections import deque
from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple, Protocol

import numpy as np

from avse.faces.crop import MOUTH, Region, crop_region
from avse.faces.crop_file import CropFile
from avse.faces.detect import Box, FaceDetector
from avse.faces.scorer import CorrespondenceScorer
from avse.faces.speaker import Candidate, People, people_of
from avse.faces.track import FaceTracker, Track
from avse.types import Image

SMOOTHING_S = 0.2
"""A crop lies where the face was on average within this time on both sides: detectors jitter faster than heads move."""


class TimedImage(Protocol):
    """A video frame and when it was taken, as `avse.media.video.VideoReader` yields them."""

    @property
    def time_s(self) -> float:
        """Seconds from the first sample of the audio."""
        ...

    @property
    def image(self) -> Image:
        """`(height, width, 3)` RGB."""
        ...


def find_people(
    frames: Iterable[TimedImage],
    *,
    crop_size: tuple[int, int] = (32, 48),
    detector: FaceDetector | None = None,
    scorer: CorrespondenceScorer | None = None,
    offset_s: float = 0.0,
    region: Region = MOUTH,
) -> People:
    """Follow all faces of a video in one pass, in bounded memory, and say who speaks when.

    Args:
        frames: the video.
        crop_size: height and width of a crop, pixels.
        detector: finds faces in an image; the bundled cascade by default.
        scorer: has taken all of the audio; None where there is none.
        offset_s: how late the video comes after the audio.
        region: of the faces that the crops show.
    """
    tracker, cropper, frame_size = FaceTracker(detector), _Cropper(crop_size, region), (1, 1)
    for frame in frames:
        frame_size = frame.image.shape[1], frame.image.shape[0]
        boxes = {track.number: track.box for track in tracker.update(frame.image, time_s=frame.time_s)}
        cropper.add(_Scene(frame.time_s, frame.image, boxes))
    candidates = cropper.finish(tracker)
    times_s = np.array(cropper.timestamps_s, dtype=np.float64)
    people = replace(people_of(candidates, timestamps_s=times_s, frame_size=frame_size), offset_s=offset_s)
    return people if scorer is None else people.with_turns(scorer)


class _Scene(NamedTuple):
    time_s: float
    image: Image
    boxes: dict[int, Box]


class _Cropper:
    """Cuts the mouths out a little later than the frames come, when it is known where the faces went."""

    def __init__(self, crop_size: tuple[int, int], region: Region) -> None:
        self._crop_size, self._region = crop_size, region
        self._faces: dict[int, _Face] = {}
        self._window: deque[_Scene] = deque()
        self._n_cropped = 0
        self.timestamps_s: list[float] = []

    def add(self, scene: _Scene) -> None:
        self._window.append(scene)
        self.timestamps_s.append(scene.time_s)
        self._crop_up_to(scene.time_s - SMOOTHING_S)

    def finish(self, tracker: FaceTracker) -> list[Candidate]:
        self._crop_up_to(np.inf)
        return [
            self._faces[track.number].candidate(track, tracker, n_rows=self._n_cropped)
            for track in tracker.tracks
            if track.number in self._faces
        ]

    def _crop_up_to(self, time_s: float) -> None:
        while self._n_cropped < len(self.timestamps_s) and self.timestamps_s[self._n_cropped] <= time_s:
            now_s = self.timestamps_s[self._n_cropped]
            while self._window[0].time_s < now_s - SMOOTHING_S:
                self._window.popleft()
            scene = next(scene for scene in self._window if scene.time_s == now_s)
            for number in scene.boxes:
                box = self._steady_box(number, now_s)
                if number not in self._faces:
                    self._faces[number] = _Face(CropFile(self._crop_size), [], [])
                face = self._faces[number]
                crop = crop_region(scene.image, box, crop_size=self._crop_size, region=self._region)
                face.crops.put(self._n_cropped, crop)
                face.rows.append(self._n_cropped)
                face.boxes.append(box)
            self._n_cropped += 1

    def _steady_box(self, number: int, now_s: float) -> Box:
        """Where a face was on average around a time."""
        near = [scene for scene in self._window if abs(scene.time_s - now_s) <= SMOOTHING_S and number in scene.boxes]
        positions = np.array([scene.boxes[number] for scene in near])
        distances_s = np.array([abs(scene.time_s - now_s) for scene in near])
        return Box(*np.average(positions, axis=0, weights=1.01 - distances_s / SMOOTHING_S))


class _Face(NamedTuple):
    """One person's mouth, as far as it was cut out."""

    crops: CropFile
    rows: list[int]
    boxes: list[Box]

    def candidate(self, track: Track, tracker: FaceTracker, *, n_rows: int) -> Candidate:
        self.crops.finish(n_rows)
        present = np.zeros(n_rows, dtype=bool)
        present[self.rows] = True
        boxes = np.zeros((n_rows, 3), dtype=np.float32)
        boxes[self.rows] = np.array(self.boxes)[:, :3]
        position = np.median(boxes[self.rows], axis=0).astype(np.float64)
        return Candidate(self.crops, present, position, boxes, tracker.evidence(track), track.appearance)
