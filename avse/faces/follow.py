"""The mouth of live video: followed as the video frames come, with nothing known of those to come."""

import threading
from collections import deque

import numpy as np
import numpy.typing as npt

from avse.errors import InputError
from avse.faces.crop import crop_mouth
from avse.faces.detect import Box, FaceDetector
from avse.faces.track import FaceTracker, Track
from avse.signal.clock import latest_frame_at
from avse.types import Image

SMOOTHING_S = 0.2
"""A crop lies where the face was on average over this time: detectors jitter faster than heads move."""
JUMP_S = 10.0
"""A video frame this much later than all before it, and than the audio, is believed only until one contradicts it."""
CHOICES = ("largest", "left", "right")


class MouthFollower:
    """Takes the video frames of a camera; gives the mouth of one person, as far as it is seen by then.

    One person is chosen when a face is first seen, and kept as long as that face is there. Video frames may be pushed
    in one thread while another asks for crops.
    """

    def __init__(
        self, *, crop_size: tuple[int, int], speaker: str = "largest", detector: FaceDetector | None = None
    ) -> None:
        """Set up.

        Args:
            crop_size: height and width of a crop, pixels.
            speaker: `largest`, `left` or `right`, of the faces seen when one is chosen.
            detector: finds faces in one video frame; the bundled cascade by default.

        Raises:
            InputError: `speaker` is none of these.
        """
        if speaker not in CHOICES:
            raise InputError(f"speaker must be {', '.join(CHOICES)} in live video but is {speaker!r}; choose one")
        self._crop_size, self._speaker = crop_size, speaker
        self._tracker = FaceTracker(detector)
        self._chosen: int | None = None
        self._positions: deque[tuple[float, Box]] = deque()
        self._crops: deque[tuple[float, Image]] = deque()
        self._newest_s, self._asked_s = -np.inf, 0.0
        self._jump_s: tuple[float, float] | None = None
        self._lock = threading.Lock()
        self.n_video_frames = 0
        """Video frames taken."""
        self.n_dropped = 0
        """Video frames skipped since their time was not after that of the one before."""

    def push(self, image: Image, *, time_s: float) -> None:
        """Take a video frame; one whose time is not finite or does not rise is skipped and counted.

        Args:
            image: `(height, width, 3)` RGB.
            time_s: when it was taken, seconds from the first sample of the audio.
        """
        if not np.isfinite(time_s) or not (time_s > self._newest_s or self._jumped_over(time_s)):
            self.n_dropped += 1
            return
        if time_s > max(self._newest_s, self._asked_s) + JUMP_S:
            self._jump_s = self._newest_s, time_s
        self._newest_s = time_s
        self.n_video_frames += 1
        face = self._choose(self._tracker.update(image, time_s=time_s))
        if face is None:
            self._positions.clear()
            return
        self._positions.append((time_s, face.box))
        while self._positions[0][0] < time_s - SMOOTHING_S:
            self._positions.popleft()
        weights = [1.01 - (time_s - when_s) / SMOOTHING_S for when_s, _ in self._positions]
        box = Box(*np.average(np.array([position for _, position in self._positions]), axis=0, weights=weights))
        crop = crop_mouth(image, box, crop_size=self._crop_size)
        with self._lock:
            self._crops.append((time_s, crop))

    def latest(self, times_s: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_]]:
        """The last crop taken by each time, and whether there is one; times rise from call to call.

        Args:
            times_s: `(n,)` seconds.

        Returns:
            `(n, height, width, 3)`, zero where there is none, and `(n,)`.
        """
        if len(times_s):
            self._asked_s = float(times_s[-1])
        with self._lock:
            known = list(self._crops)
            # What is older than the newest video frame asked for will not be asked for again.
            while len(times_s) and len(self._crops) > 1 and self._crops[1][0] <= times_s[-1]:
                self._crops.popleft()
        index = latest_frame_at(times_s, np.array([time_s for time_s, _ in known]))
        crops = np.zeros((len(times_s), *self._crop_size, 3), dtype=np.uint8)
        for row in np.flatnonzero(index >= 0):
            crops[row] = known[index[row]][1]
        return crops, index >= 0

    def _jumped_over(self, time_s: float) -> bool:
        """True if this video frame continues from before a jump: those since then had a wrong time, and are dropped."""
        if self._jump_s is None or not self._jump_s[0] < time_s < self._jump_s[1]:
            return False
        with self._lock:
            while self._crops and self._crops[-1][0] > self._jump_s[0]:
                self._crops.pop()
        self._positions.clear()
        self.n_dropped += 1
        self._jump_s = None
        return True

    def _choose(self, faces: list[Track]) -> Track | None:
        for face in faces:
            if face.number == self._chosen:
                return face
        if not faces:
            return None
        keys = {"largest": lambda t: -t.box.size, "left": lambda t: t.box.x, "right": lambda t: -t.box.x}
        face = min(faces, key=keys[self._speaker])
        self._chosen = face.number
        return face
