"""Expressions of the drawn face, and the manner of the synthetic voice that goes with each.

Which muscles move: Ekman and Friesen 1978 (lip corners AU 12 and 15, brows AU 1, 2 and 4, lids AU 5 and 7). How a
voice changes: Scherer 2003 (pitch, its range, rate). By how much is our own, and so is that everybody does the same.
"""

from collections.abc import Mapping
from dataclasses import astuple, dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Expression:
    """Of a face; all 0 at rest."""

    smile: float = 0.0
    """Lip corners, -1 pulled down to 1 pulled up."""
    brows: float = 0.0
    """-1 lowered to 1 raised."""
    frown: float = 0.0
    """Inner ends of the brows, -1 raised to 1 lowered."""
    lids: float = 0.0
    """-1 closed to 1 wide open."""

    def scaled(self, strength: float) -> "Expression":
        """The same expression, weaker or stronger; 0 is a face at rest."""
        return Expression(*(strength * part for part in astuple(self)))

    def plus(self, other: "Expression") -> "Expression":
        """Both at once, as an expression on a face that is not quite at rest."""
        return Expression(*(one + two for one, two in zip(astuple(self), astuple(other), strict=True)))


@dataclass(frozen=True)
class Manner:
    """Of a voice; all 1 where nothing moves the speaker."""

    pitch: float = 1.0
    """Factor of the mean pitch."""
    liveliness: float = 1.0
    """Factor of the range of the pitch from syllable to syllable."""
    pace: float = 1.0
    """Factor of the rate of syllables."""

    def scaled(self, strength: float) -> "Manner":
        """The same manner, weaker or stronger; 0 is a plain voice."""
        return Manner(*(1 + strength * (part - 1) for part in astuple(self)))


REST, PLAIN = Expression(), Manner()
EMOTIONS: Mapping[str, tuple[Expression, Manner]] = MappingProxyType(
    {
        "neutral": (REST, PLAIN),
        "happiness": (Expression(smile=1.0, brows=0.2, lids=-0.2), Manner(pitch=1.3, liveliness=2.2, pace=1.15)),
        "sadness": (Expression(smile=-0.8, frown=-0.9, lids=-0.3), Manner(pitch=0.85, liveliness=0.4, pace=0.75)),
        "anger": (Expression(smile=-0.4, brows=-0.3, frown=1.0), Manner(pitch=1.3, liveliness=1.6, pace=1.3)),
        "surprise": (Expression(brows=1.0, lids=0.6), Manner(pitch=1.4, liveliness=2.4, pace=1.0)),
    }
)
"""Face and voice of each emotion at full strength."""
