"""From a film to one person's mouth: a steady crop for every picture, or word that there is none."""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import ceil
from typing import NamedTuple, Protocol

import cv2
import numpy as np
import numpy.typing as npt

from avse.faces.crop_file import CropFile
from avse.faces.detect import Box, FaceDetector
from avse.faces.speaker import Candidate, FaceReport, SoundLevel, choose
from avse.faces.track import FaceTracker
from avse.signal.clock import latest_frame_at, video_frame_at

Image = npt.NDArray[np.uint8]

MOUTH_CENTRE_Y = 0.79
"""Height of the mouth in a face's box, as a share of its size."""
CROP_WIDTH = 0.54
"""Width of the crop as a share of the box: the mouth wide open, and a little of the cheeks."""
SMOOTHING_S = 0.2
"""A crop lies where the face was on average within this time on both sides: detectors jitter faster than heads move."""


class TimedImage(Protocol):
    """A picture and when it was taken, as `avse.media.video.VideoReader` yields them."""

    @property
    def time_s(self) -> float:
        """Seconds from the first sample of the sound."""
        ...

    @property
    def image(self) -> Image:
        """`(height, width, 3)` RGB."""
        ...


@dataclass(frozen=True)
class MouthTrack:
    """The mouth of one person over a film."""

    timestamps_s: npt.NDArray[np.float64]
    """`(n,)` seconds from the first sample of the sound, rising strictly."""
    crops: npt.NDArray[np.uint8] | CropFile
    """`(n, height, width, 3)` RGB, zero where no face was seen."""
    present: npt.NDArray[np.bool_]
    """`(n,)` False where no face was seen."""
    report: FaceReport

    def at(self, times_s: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_]]:
        """The mouth at some times; a face missed for a moment is bridged as `clock.video_frame_at` says.

        Args:
            times_s: `(n,)` seconds from the first sample of the sound.

        Returns:
            `(n, height, width, 3)` crops, zero where there is none, and `(n,)` presence.
        """
        return self._pick(times_s, video_frame_at)

    def latest(self, times_s: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_]]:
        """The same with pictures taken by then and not later: what a live program would have seen."""
        return self._pick(times_s, latest_frame_at)

    def _pick(
        self, times_s: npt.NDArray[np.float64], find: Callable[..., npt.NDArray[np.int64]]
    ) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_]]:
        rows = np.flatnonzero(self.present)
        index = find(times_s, self.timestamps_s[rows])
        present = index >= 0
        crops = np.zeros((len(times_s), *self.crops.shape[1:]), dtype=np.uint8)
        crops[present] = self.crops[rows[index[present]]]
        return crops, present


def track_mouth(
    frames: Iterable[TimedImage],
    *,
    crop_size: tuple[int, int] = (32, 48),
    speaker: str = "auto",
    sound_level: SoundLevel | None = None,
    detector: FaceDetector | None = None,
) -> MouthTrack:
    """Follow all faces of a film in one pass, and cut out the mouth of the one who speaks.

    Args:
        frames: the film.
        crop_size: height and width of a crop, pixels.
        speaker: `auto` (the face whose mouth moves with the sound), `left`, `right`, `largest`, or its number from the
            left, beginning with 1.
        sound_level: of the sound, for `auto`; without it `auto` takes the largest face.
        detector: finds faces in one picture; the bundled cascade by default.

    Raises:
        InputError: `speaker` is none of these, or there are fewer faces.
    """
    tracker = FaceTracker(detector)
    cropper = _Cropper(crop_size)
    for frame in frames:
        boxes = {track.number: track.box for track in tracker.update(frame.image, time_s=frame.time_s)}
        cropper.add(_Scene(frame.time_s, frame.image, boxes))
    candidates = cropper.finish()
    times_s = np.array(cropper.timestamps_s, dtype=np.float64)
    chosen, report = choose(candidates, speaker=speaker, timestamps_s=times_s, sound_level=sound_level)
    if chosen is None:
        n = len(times_s)
        return MouthTrack(times_s, np.zeros((n, *crop_size, 3), np.uint8), np.zeros(n, bool), report)
    return MouthTrack(times_s, chosen.crops, chosen.present, report)


def crop_mouth(image: Image, box: Box, *, crop_size: tuple[int, int]) -> Image:
    """Cut the mouth out of a picture, between pixels and without aliasing.

    Args:
        image: `(height, width, 3)` RGB.
        box: the face; parts beyond the picture repeat its edge.
        crop_size: height and width, pixels.

    Returns:
        `(height, width, 3)` RGB.
    """
    height, width = crop_size
    scale = width / (CROP_WIDTH * box.size)
    finer = max(1, ceil(1 / scale))
    centre_x, centre_y = box.x + box.size / 2, box.y + MOUTH_CENTRE_Y * box.size
    zoom = scale * finer
    to_crop = np.array(
        [
            [zoom, 0, (width * finer - 1) / 2 - zoom * (centre_x - 0.5)],
            [0, zoom, (height * finer - 1) / 2 - zoom * (centre_y - 0.5)],
        ]
    )
    crop = cv2.warpAffine(image, to_crop, (width * finer, height * finer), borderMode=cv2.BORDER_REPLICATE)
    shrunk: Image = cv2.resize(crop, (width, height), interpolation=cv2.INTER_AREA) if finer > 1 else crop
    return shrunk


class _Scene(NamedTuple):
    time_s: float
    image: Image
    boxes: dict[int, Box]


class _Cropper:
    """Cuts the mouths out a little later than the pictures come, when it is known where the faces went."""

    def __init__(self, crop_size: tuple[int, int]) -> None:
        self._crop_size = crop_size
        self._faces: dict[int, _Face] = {}
        self._window: deque[_Scene] = deque()
        self._n_cropped = 0
        self.timestamps_s: list[float] = []

    def add(self, scene: _Scene) -> None:
        self._window.append(scene)
        self.timestamps_s.append(scene.time_s)
        self._crop_up_to(scene.time_s - SMOOTHING_S)

    def finish(self) -> list[Candidate]:
        self._crop_up_to(np.inf)
        return [self._faces[number].candidate(self._n_cropped) for number in sorted(self._faces)]

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
                face.crops.put(self._n_cropped, crop_mouth(scene.image, box, crop_size=self._crop_size))
                face.rows.append(self._n_cropped)
                face.boxes.append(box)
            self._n_cropped += 1

    def _steady_box(self, number: int, now_s: float) -> Box:
        """Where a face was on average around a time."""
        near = [scene for scene in self._window if abs(scene.time_s - now_s) <= SMOOTHING_S and number in scene.boxes]
        places = np.array([scene.boxes[number] for scene in near])
        distances_s = np.array([abs(scene.time_s - now_s) for scene in near])
        return Box(*np.average(places, axis=0, weights=1.01 - distances_s / SMOOTHING_S))


class _Face(NamedTuple):
    """One person's mouth, as far as it was cut out."""

    crops: CropFile
    rows: list[int]
    boxes: list[Box]

    def candidate(self, n_rows: int) -> Candidate:
        self.crops.finish(n_rows)
        present = np.zeros(n_rows, dtype=bool)
        present[self.rows] = True
        return Candidate(self.crops, present, np.median(np.array(self.boxes), axis=0))
