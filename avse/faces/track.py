"""Faces followed through a video: found now and then, carried along between, each with its identity and evidence."""

from dataclasses import dataclass, field

import cv2
import numpy as np

from avse.faces.appearance import SAME_PERSON, Appearance, blend, describe, edge_similarity, face_patch, similarity
from avse.faces.cut import CutDetector
from avse.faces.detect import Box, CascadeDetector, FaceDetector, without_doubles
from avse.faces.evidence import PATCH, Evidence, EvidenceMeter
from avse.faces.flow import change, median_flow
from avse.types import FloatArray, Grey, Image

SEARCH_HEIGHT = 480
"""Pixels; larger frames are shrunk to it when new faces are looked for."""
TRACKING_SIZE = 72
"""Pixels; frames are shrunk until the smallest visible face is of this size, which is plenty to follow it."""
AROUND = 2.2
"""Side of the square in which a visible face is confirmed, in sizes of its box."""
MOST_CHANGE = 25.0
"""Mean difference of a face's pixels (of 255) from one frame to the next above which it is no longer that face."""
SAME_PLACE = 0.5
"""Similarity from which a lost face that comes back where it was is the same person's, within a shot."""
SAME_SCENE = 0.35
"""Correlation of the frames before and after a cut from which it may be one within a scene, in another light: those
between clips of one person have 0.39 or more (336 cuts, data pack, training and validation)."""
SURE_EDGES = 0.765
"""Likeness of edges from which a face in such a scene is the same person's whatever its colours; the most alike clips
of different people (data pack, training and validation) stay below it."""
SAME_FACE, HIDDEN = 0.2, 0.4
"""Overlap from which a detection is of a face that is followed; overlap of two faces from which one hides the other."""


@dataclass
class Track:
    """One person's face over time."""

    number: int
    box: Box
    """Where it is now; where it was last seen if it is lost."""
    confirmed_s: float
    """When the detector last found it."""
    appearance: Appearance
    """To recognise the person again; a running mean."""
    visible: bool = True
    shot: int = 0
    """Shot that it was last seen in."""
    scene: FloatArray | None = None
    """The last frame before that shot ended, small; None while it lasts."""
    meter: EvidenceMeter = field(default_factory=EvidenceMeter)
    seen_s: float = 0.0
    """Seconds it was seen so far."""
    shots: set[int] = field(default_factory=set)
    """Shots that it was seen in."""


class FaceTracker:
    """Finds and follows all faces of a video, frame by frame."""

    def __init__(
        self,
        detector: FaceDetector | None = None,
        *,
        confirm_every_s: float = 0.32,
        glance_every_s: float = 1.0,
        search_every_s: float = 3.0,
        lost_after_s: float = 0.75,
    ) -> None:
        """Set up.

        Args:
            detector: finds faces in an image; the bundled cascade by default.
            confirm_every_s: seconds between looks of the detector at the surroundings of the faces that are followed.
            glance_every_s: seconds between looks at the whole frame, at the size that followed faces need.
            search_every_s: seconds between searches of the larger frame for further, smaller faces.
            lost_after_s: a face that the detector has not found for so long is lost.
        """
        self.detector = detector or CascadeDetector()
        self.confirm_every_s, self.glance_every_s, self.search_every_s = confirm_every_s, glance_every_s, search_every_s
        self.lost_after_s = lost_after_s
        self.tracks: list[Track] = []
        self.shot_starts_s: list[float] = []
        """When each shot begins."""
        self._cuts = CutDetector()
        self._last_grey: Grey | None = None
        self._last_s = -np.inf
        self._confirmed_s = self._glanced_s = self._searched_s = -np.inf

    def update(self, image: Image, *, time_s: float) -> list[Track]:
        """Take the next video frame.

        Args:
            image: `(height, width, 3)` RGB.
            time_s: seconds, rising.

        Returns:
            The faces visible in it.
        """
        scale = self._tracking_scale(image.shape[0])
        grey = _shrink(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), scale)
        if self._cuts.push(grey) or not self.shot_starts_s:
            self._begin_shot(time_s)
        lost_sight = self._follow(grey, scale)
        self._detect(image, time_s, lost_sight=lost_sight)
        step_s = min(0.2, time_s - self._last_s) if np.isfinite(self._last_s) else 0.04
        self._last_s = time_s
        for track in self._visible():
            if time_s - track.confirmed_s > self.lost_after_s:
                self._lose(track)
            else:
                track.seen_s += step_s
        return self._visible()

    def evidence(self, track: Track) -> Evidence:
        """What speaks for a track to be a face, so far."""
        ends_s = [*self.shot_starts_s[1:], max(self._last_s, self.shot_starts_s[-1])]
        lengths_s = [end - start for start, end in zip(self.shot_starts_s, ends_s, strict=True)]
        could_s = sum(lengths_s[shot] for shot in track.shots)
        return track.meter.evidence(seen_s=track.seen_s, could_be_seen_s=could_s)

    def _visible(self) -> list[Track]:
        return [track for track in self.tracks if track.visible]

    def _begin_shot(self, time_s: float) -> None:
        self.shot_starts_s.append(time_s)
        for track in self.tracks:
            if track.scene is None:
                track.scene = self._cuts.before
        for track in self._visible():
            self._lose(track)
        self._last_grey = None
        self._confirmed_s = self._glanced_s = self._searched_s = -np.inf

    def _lose(self, track: Track) -> None:
        track.visible = False
        track.meter.interrupted()

    def _tracking_scale(self, height: int) -> float:
        largest = min(1.0, SEARCH_HEIGHT / height)
        smallest = min((track.box.size for track in self._visible()), default=0.0)
        return min(largest, TRACKING_SIZE / smallest) if smallest else largest

    def _follow(self, grey: Grey, scale: float) -> bool:
        """Move the visible faces with the frame; True if one is not there any more."""
        last, self._last_grey = self._last_grey, grey
        if last is None:
            return False
        if last.shape != grey.shape:
            last = cv2.resize(last, grey.shape[::-1], interpolation=cv2.INTER_AREA)
        lost_sight = False
        for track in self._visible():
            old = track.box.scaled(scale)
            shift = median_flow(last, grey, old)
            new = old._replace(x=old.x + shift[0], y=old.y + shift[1])
            track.box = new.scaled(1 / scale)
            if change(last, old, grey, new) > MOST_CHANGE:
                self._lose(track)
                lost_sight = True
        return lost_sight

    def _detect(self, image: Image, time_s: float, *, lost_sight: bool) -> None:
        """Look for faces where it is time to."""
        visible = self._visible()
        # Where nobody is seen, every look is at the whole frame, though not at every frame.
        due = self.confirm_every_s if visible else 2 * self.confirm_every_s
        if not lost_sight and time_s - self._confirmed_s < due:
            return
        largest = min(1.0, SEARCH_HEIGHT / image.shape[0])
        if not visible or time_s - self._searched_s >= self.search_every_s:
            boxes = _detect_at(self.detector, image, largest)
            self._searched_s = self._glanced_s = time_s
        elif lost_sight or time_s - self._glanced_s >= self.glance_every_s:
            boxes = _detect_at(self.detector, image, self._tracking_scale(image.shape[0]))
            self._glanced_s = time_s
        else:
            boxes = without_doubles([box for track in visible for box in self._around(image, track.box)])
        self._confirmed_s = time_s
        self._match(image, boxes, time_s)

    def _around(self, image: Image, box: Box) -> list[Box]:
        """Faces in the surroundings of one, of about its size."""
        side = AROUND * box.size
        left, top = (max(0, int(centre - side / 2)) for centre in box.centre)
        region = image[top : int(box.centre[1] + side / 2) + 1, left : int(box.centre[0] + side / 2) + 1]
        if min(region.shape[:2], default=0) < 2:
            return []
        found = _detect_at(self.detector, region, min(1.0, TRACKING_SIZE / box.size))
        return [near._replace(x=near.x + left, y=near.y + top) for near in found if 0.5 < near.size / box.size < 2.0]

    def _match(self, image: Image, boxes: list[Box], time_s: float) -> None:
        """Give each detected box to the face that is or was there, or that looks like it, else to a new one."""
        visible = self._visible()
        near = np.array([[track.box.overlap(box) for box in boxes] for track in visible]).reshape(
            len(visible), len(boxes)
        )
        meets = near >= SAME_FACE
        # Where faces meet, looks say who is who, and nobody's looks are learned.
        crowded = {i for i in range(len(visible)) if (meets[:, meets[i]].sum(axis=0) > 1).any() or meets[i].sum() > 1}
        looks = {j: describe(image, boxes[j]) for j in range(len(boxes)) if any(meets[i, j] for i in crowded)}
        pairs = [
            (near[i, j] + (2 * similarity(visible[i].appearance, looks[j]) if i in crowded else 0.0), i, j)
            for i, j in np.argwhere(meets).tolist()
        ]
        given: dict[int, int] = {}
        for _, i, j in sorted(pairs, reverse=True):
            if i not in given and j not in given.values():
                given[i] = j
                self._confirm(visible[i], image, boxes[j], time_s, learn=i not in crowded)
        for i, track in enumerate(visible):
            if i not in given:
                track.meter.missed()
                # It is behind the other face, or was carried away by it.
                if any(track.box.overlap(visible[other].box) > HIDDEN for other in given):
                    self._lose(track)
        for j, box in enumerate(boxes):
            if j not in given.values() and all(box.overlap(track.box) <= SAME_FACE for track in self._visible()):
                self._appear(image, box, time_s)

    def _appear(self, image: Image, box: Box, time_s: float) -> None:
        """A face that nobody was followed to: one that was lost, or a new person."""
        appearance = describe(image, box)
        track = self._known_person(box, appearance)
        if track is None:
            track = Track(len(self.tracks), box, time_s, appearance)
            self.tracks.append(track)
        track.box, track.visible = box, True
        self._confirm(track, image, box, time_s)

    def _confirm(self, track: Track, image: Image, box: Box, time_s: float, *, learn: bool = True) -> None:
        # A detector's boxes jump by a few pixels from one detection to the next; the flow does not.
        new, old = 0.4, 0.6
        track.box = Box(*(new * there + old * here for there, here in zip(box, track.box, strict=True)))
        track.confirmed_s, track.shot, track.scene = time_s, len(self.shot_starts_s) - 1, None
        track.shots.add(track.shot)
        track.meter.found(box.size, box.confidence)
        patch = cv2.cvtColor(face_patch(image, track.box, side=PATCH), cv2.COLOR_RGB2GRAY)
        track.meter.look(patch)
        if learn:
            track.appearance = blend(track.appearance, describe(image, track.box), share=0.1)

    def _known_person(self, box: Box, appearance: Appearance) -> Track | None:
        """The lost face that this one is: the most similar; less will do where it was lost, in the same shot."""
        best, person = 0.0, None
        for lost in (track for track in self.tracks if not track.visible):
            alike = self._likeness(lost, appearance)
            here = lost.shot == len(self.shot_starts_s) - 1 and lost.box.overlap(box) > 0.3
            if alike > max(SAME_PLACE if here else SAME_PERSON, best):
                best, person = alike, lost
        return person

    def _likeness(self, lost: Track, appearance: Appearance) -> float:
        """How much a face looks like a lost one; where the scene is the same, in another light, colours may differ."""
        edges = edge_similarity(lost.appearance, appearance)
        if edges >= SURE_EDGES and lost.scene is not None and self._cuts.likeness(lost.scene) >= SAME_SCENE:
            return edges
        return similarity(lost.appearance, appearance)


def _detect_at(detector: FaceDetector, image: Image, scale: float) -> list[Box]:
    return [box.scaled(1 / scale) for box in detector.detect(_shrink(image, scale))]


def _shrink(image: Image, scale: float) -> Image:
    """A smaller image, `(height, width)` or `(height, width, 3)`."""
    if scale >= 1:
        return image
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    shrunk: Image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return shrunk
