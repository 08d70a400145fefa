"""What speaks for a track to be a face: gathered while it is followed, judged at the end."""

from dataclasses import dataclass

import cv2
import numpy as np

from avse.types import Grey

PATCH = 64
"""Side of the face patch that movement is measured in, pixels."""
MOUTH = (slice(40, 62), slice(16, 48))
"""Rows and columns of the mouth in the patch."""
INSIDE = (slice(8, 60), slice(10, 54))
"""Rows and columns that are face whatever the shape of the head."""
STILL, STILL_AFTER_S = 0.02, 3.0
"""Most movement, after so many seconds, up to which a face is a photograph's. Photographs in composed videos have at
most 0.020 (`benchmarks/composer.py`, cameras in motion and noise among them), people who speak at least 0.05."""
MIN_SHARE_OF_LONGEST = 0.1
"""A track seen for less than this share of the time of the one seen longest needs `PASSING_S`."""
SEEN_AT_LEAST_S, PASSING_S = 0.4, 2.0
"""Seconds that a face must be seen; that a face among much longer seen ones must be seen."""
LONG_S = 2.0
"""Seconds, if the shot has so many, that a face is seen for before it is taken for one without more ado."""
MIN_CONFIDENCE = 0.5
"""Track confidence from which it is a face."""


@dataclass(frozen=True)
class Evidence:
    """What speaks for a track to be a living face."""

    seen_s: float
    """Seconds it was seen."""
    seen_share: float
    """Seconds seen over the seconds of the shots that it was seen in, 0 to 1."""
    hit_share: float
    """Share of the detector's looks at it that found it, 0 to 1."""
    detection: float
    """Mean confidence of the detector, in log odds, -6 to 6."""
    size_std: float
    """Standard deviation of the logarithm of its size within a shot."""
    movement: float
    """What changes in the face within a third of a second besides moving as a whole, over its contrast; the 80th
    percentile over time. That of a photograph is the noise."""
    most_movement: float
    """The same, the 98th percentile: most people blink, nod or swallow now and then."""
    mouth_movement: float
    """As `movement`, in the region of the mouth."""
    n_measured: int
    """Measurements of movement."""

    @property
    def confidence(self) -> float:
        """That it is a face, 0 to 1.

        The detector's log odds, and what lowers them: looks that found nothing (true faces of composed videos are found
        in 0.73 to all of the looks, false ones in 0.33 to 0.62), an unsteady size, and being seen for moments only.
        """
        missed = min(0.0, 6.0 * float(np.log((self.hit_share + 0.02) / 0.75)))
        long_s = min(LONG_S, self.seen_s / self.seen_share if self.seen_share > 0 else LONG_S)
        brief = min(0.0, 2.0 * float(np.log(self.seen_s / long_s))) if self.seen_s > 0 else 0.0
        log_odds = self.detection + missed + brief - 6.0 * max(0.0, self.size_std - 0.15)
        return float(1 / (1 + np.exp(-log_odds)))

    @property
    def is_still(self) -> bool:
        """True for a photograph, a poster or a frozen video: nothing moves in it."""
        return self.seen_s >= STILL_AFTER_S and self.n_measured > 0 and self.most_movement <= STILL


class EvidenceMeter:
    """Gathers what speaks for one track."""

    def __init__(self) -> None:
        """Begin a track."""
        self.n_looks = self.n_hits = 0
        self._log_odds: list[float] = []
        self._sizes: list[list[float]] = [[]]
        self._movements: list[tuple[float, float]] = []
        self._last: Grey | None = None

    def missed(self) -> None:
        """The detector looked and did not find it."""
        self.n_looks += 1

    def found(self, size: float, confidence: float) -> None:
        """The detector found it; size in pixels, confidence 0 to 1."""
        self.n_looks += 1
        self.n_hits += 1
        p = min(max(confidence, 0.0025), 0.9975)
        self._log_odds.append(float(np.log(p / (1 - p))))
        self._sizes[-1].append(size)

    def look(self, patch: Grey) -> None:
        """Measure movement since the last patch, `(PATCH, PATCH)` of the face."""
        last, self._last = self._last, patch
        if last is not None:
            self._movements.append(movement(last, patch))

    def interrupted(self) -> None:
        """It is out of sight: what comes next is not compared with what was."""
        self._last = None
        if self._sizes[-1]:
            self._sizes.append([])

    def evidence(self, *, seen_s: float, could_be_seen_s: float) -> Evidence:
        """What was gathered.

        Args:
            seen_s: seconds it was seen.
            could_be_seen_s: seconds of the shots that it was seen in.
        """
        stds = [float(np.std(np.log(sizes))) for sizes in self._sizes if len(sizes) > 1]
        moves = np.array(self._movements).reshape(-1, 2)
        whole, mouth = np.percentile(moves, 80, axis=0) if len(moves) else (0.0, 0.0)
        return Evidence(
            seen_s=seen_s,
            seen_share=min(1.0, seen_s / could_be_seen_s) if could_be_seen_s > 0 else 1.0,
            hit_share=self.n_hits / max(1, self.n_looks),
            detection=float(np.mean(self._log_odds)) if self._log_odds else -6.0,
            size_std=max(stds, default=0.0),
            movement=float(whole),
            most_movement=float(np.percentile(moves[:, 0], 98)) if len(moves) else 0.0,
            mouth_movement=float(mouth),
            n_measured=len(moves),
        )


def movement(before: Grey, after: Grey) -> tuple[float, float]:
    """What changed in a face besides moving as a whole, over its contrast: within the face, and in the mouth.

    Both are patches `(height, width)` of one size. The later is laid over the earlier by the similarity transform that
    most points agree on; of what is left, fine detail is noise and is blurred away.
    """
    steps = np.linspace(0.15 * PATCH, 0.85 * PATCH, 8)
    points = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 1, 2).astype(np.float32)
    moved, found, _ = cv2.calcOpticalFlowPyrLK(before, after, points, None, winSize=(15, 15), maxLevel=2)
    ok = found.ravel().astype(bool)
    if ok.sum() >= 6:
        back, _ = cv2.estimateAffinePartial2D(moved[ok], points[ok], ransacReprojThreshold=0.7)
        if back is not None:
            after = cv2.warpAffine(after, back, (PATCH, PATCH), borderMode=cv2.BORDER_REPLICATE)
    one, other = (cv2.GaussianBlur(patch.astype(np.float32), (0, 0), 2.0) for patch in (before, after))
    contrast = max(4.0, float(one[INSIDE].std()))
    # Brightness that changes as a whole, as with a camera's gain, is no movement.
    change = np.abs((one - one[INSIDE].mean()) - (other - other[INSIDE].mean())) / contrast
    return float(change[INSIDE].mean()), float(change[MOUTH].mean())


def lasting(evidence: list[Evidence]) -> list[bool]:
    """Which tracks are faces: certain enough, and seen for long enough beside the one seen longest."""
    longest_s = max((one.seen_s for one in evidence), default=0.0)
    return [
        one.confidence >= MIN_CONFIDENCE
        and one.seen_s >= min(SEEN_AT_LEAST_S, longest_s)
        and (one.seen_s >= min(PASSING_S, MIN_SHARE_OF_LONGEST * longest_s))
        for one in evidence
    ]
