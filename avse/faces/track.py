"""Faces followed through a film: found every few pictures, carried along between, each with its identity."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from avse.faces.detect import Box, CascadeDetector, FaceDetector

Image = npt.NDArray[np.uint8]
Grey = npt.NDArray[np.uint8]

SEARCH_HEIGHT = 480
"""Pixels; larger pictures are shrunk to it when new faces are looked for."""
TRACKING_SIZE = 72
"""Pixels; pictures are shrunk until the smallest known face is of this size, which is plenty to follow it."""
MOST_CHANGE = 25.0
"""Mean difference of a face's pixels (of 255) from one picture to the next above which it is no longer that face."""
SAME_PLACE_ALIKE, ELSEWHERE_ALIKE = 0.4, 0.7
"""Least correlation of the colours of a lost face and a new one for them to be one person's."""


@dataclass
class Track:
    """One person's face over time."""

    number: int
    box: Box
    """Where it is now; where it was last seen if it is lost."""
    seen_s: float
    """When the detector last confirmed it."""
    colours: npt.NDArray[np.float32]
    """Histogram of the face, to know the person again."""
    visible: bool = True


class FaceTracker:
    """Finds and follows all faces of a film, picture by picture."""

    def __init__(
        self,
        detector: FaceDetector | None = None,
        *,
        detect_every_s: float = 0.2,
        search_every_s: float = 2.0,
        lost_after_s: float = 0.7,
    ) -> None:
        """Set up.

        Args:
            detector: finds faces in one picture; the bundled cascade by default.
            detect_every_s: seconds between detections, at the size that known faces need.
            search_every_s: seconds between searches of the larger picture for new, smaller faces.
            lost_after_s: a face that the detector has not confirmed for so long is lost.
        """
        self.detector = detector or CascadeDetector()
        self.detect_every_s, self.search_every_s, self.lost_after_s = detect_every_s, search_every_s, lost_after_s
        self.tracks: list[Track] = []
        self._last_grey: Grey | None = None
        self._detected_s = self._searched_s = -np.inf

    def update(self, image: Image, *, time_s: float) -> list[Track]:
        """Take the next picture.

        Args:
            image: `(height, width, 3)` RGB.
            time_s: seconds, rising.

        Returns:
            The faces visible in it.
        """
        search = time_s - self._searched_s >= self.search_every_s or not self._visible()
        scale = self._scale(image.shape[0], search=search)
        lost_sight = self._follow(_shrink(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), scale), scale)
        if lost_sight or time_s - self._detected_s >= self.detect_every_s:
            found = self.detector.detect(_shrink(image, scale))
            self._match(image, [box.scaled(1 / scale) for box in found], time_s)
            self._detected_s = time_s
            self._searched_s = time_s if search else self._searched_s
        for track in self._visible():
            track.visible = time_s - track.seen_s <= self.lost_after_s
        return self._visible()

    def _visible(self) -> list[Track]:
        return [track for track in self.tracks if track.visible]

    def _scale(self, height: int, *, search: bool) -> float:
        visible = self._visible()
        largest = min(1.0, SEARCH_HEIGHT / height)
        if search or not visible:
            return largest
        return min(largest, TRACKING_SIZE / min(track.box.size for track in visible))

    def _follow(self, grey: Grey, scale: float) -> bool:
        """Move the visible faces with the picture; True if one is not there any more, as after a cut."""
        last, self._last_grey = self._last_grey, grey
        if last is None:
            return False
        if last.shape != grey.shape:
            last = cv2.resize(last, grey.shape[::-1], interpolation=cv2.INTER_AREA)
        lost_sight = False
        for track in self._visible():
            old = track.box.scaled(scale)
            shift = _median_flow(last, grey, old)
            new = old._replace(x=old.x + shift[0], y=old.y + shift[1])
            track.box = new.scaled(1 / scale)
            change = np.mean(cv2.absdiff(_face_patch(last, old), _face_patch(grey, new)))
            if change > MOST_CHANGE:
                track.visible, lost_sight = False, True
        return lost_sight

    def _match(self, image: Image, boxes: list[Box], time_s: float) -> None:
        """Give each detected box to the face that is or was there, or that looks like it, else to a new one."""
        visible = self._visible()
        pairs = [(track.box.overlap(box), i, j) for i, track in enumerate(visible) for j, box in enumerate(boxes)]
        taken_tracks: set[int] = set()
        taken_boxes: set[int] = set()
        for overlap, i, j in sorted(pairs, reverse=True):
            if overlap < 0.2 or i in taken_tracks or j in taken_boxes:
                continue
            taken_tracks.add(i)
            taken_boxes.add(j)
            self._confirm(visible[i], boxes[j], time_s)
        for j, box in enumerate(boxes):
            if j in taken_boxes or any(box.overlap(track.box) > 0.2 for track in self._visible()):
                continue
            colours = _colours(image, box)
            track = self._known_person(box, colours)
            if track is None:
                self.tracks.append(Track(len(self.tracks), box, time_s, colours))
            else:
                track.box, track.visible = box, True
                self._confirm(track, box, time_s)

    def _confirm(self, track: Track, box: Box, time_s: float) -> None:
        # The cascade's boxes jump by a few pixels from one detection to the next; the flow does not.
        new, old = 0.4, 0.6
        track.box = Box(*(new * there + old * here for there, here in zip(box, track.box, strict=True)))
        track.seen_s = time_s

    def _known_person(self, box: Box, colours: npt.NDArray[np.float32]) -> Track | None:
        """The lost face that this one is: the one most alike, where it was seen last less like is enough."""
        best, track = 0.0, None
        for lost in (track for track in self.tracks if not track.visible):
            alike = cv2.compareHist(lost.colours, colours, cv2.HISTCMP_CORREL)
            needed = SAME_PLACE_ALIKE if lost.box.overlap(box) > 0.3 else ELSEWHERE_ALIKE
            if alike > max(needed, best):
                best, track = alike, lost
        return track


def _shrink(image: Image, scale: float) -> Image:
    """A smaller picture, `(height, width)` or `(height, width, 3)`."""
    if scale >= 1:
        return image
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    shrunk: Image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return shrunk


def _face_patch(grey: Grey, box: Box) -> npt.NDArray[np.uint8]:
    """The middle of a face in 16 x 16 pixels."""
    size = max(4, round(box.size * 0.7))
    patch = cv2.getRectSubPix(grey, (size, size), box.centre)
    small: npt.NDArray[np.uint8] = cv2.resize(patch, (16, 16), interpolation=cv2.INTER_AREA)
    return small


def _median_flow(last: Grey, grey: Grey, box: Box) -> tuple[float, float]:
    """Median movement of a grid of points on a face, in pixels (Lucas-Kanade; after Kalal et al. 2010)."""
    steps = np.linspace(0.2, 0.8, 6) * box.size
    points = np.stack(np.meshgrid(box.x + steps, box.y + steps), axis=-1).reshape(-1, 1, 2).astype(np.float32)
    moved, found, _ = cv2.calcOpticalFlowPyrLK(last, grey, points, None, winSize=(15, 15), maxLevel=2)
    if moved is None or not found.any():
        return 0.0, 0.0
    shift = np.median((moved - points)[found.astype(bool).ravel()].reshape(-1, 2), axis=0)
    return float(shift[0]), float(shift[1])


def _colours(image: Image, box: Box) -> npt.NDArray[np.float32]:
    """Histogram of hue and saturation of a face."""
    top, left = max(0, int(box.y)), max(0, int(box.x))
    face = image[top : max(top + 1, int(box.y + box.size)), left : max(left + 1, int(box.x + box.size))]
    tint = cv2.cvtColor(np.ascontiguousarray(face), cv2.COLOR_RGB2HSV)
    histogram = cv2.calcHist([tint], [0, 1], None, [16, 16], [0, 180, 0, 256])
    normalised: npt.NDArray[np.float32] = cv2.normalize(histogram, None).astype(np.float32)
    return normalised
