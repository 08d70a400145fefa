"""A shuffle that needs no list: a seeded bijection of the numbers below n, each worked out by itself.

A Feistel network (Luby and Rackoff 1988) over the smallest power of two that holds n numbers, walked on from numbers
that lie beyond n until one lies below it (cycle walking: Black and Rogaway 2002). Less than two walks are needed on
average, and nothing is kept.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

N_ROUNDS = 8
"""Of the network; four are enough to be indistinguishable from random where halves are large, and halves may be small
here."""

Numbers = npt.NDArray[np.uint64]


class Bijection:
    """A permutation of `range(n)` by its seed alone."""

    def __init__(self, n: int, *, seed: Sequence[int]) -> None:
        """Draw the keys of the rounds.

        Args:
            n: how many numbers, at least 1 and at most 2**62.
            seed: non-negative integers, as of `numpy.random.default_rng`.
        """
        self._n = n
        bits = max(2, (n - 1).bit_length())
        self._bits = (bits // 2, bits - bits // 2)
        self._keys = np.random.default_rng(list(seed)).integers(2**63, size=N_ROUNDS, dtype=np.uint64)

    def __len__(self) -> int:
        return self._n

    def __call__(self, numbers: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Where some numbers go.

        Args:
            numbers: `(...)` integers from 0 to below n.

        Returns:
            The same shape.
        """
        found = self._once(np.atleast_1d(np.asarray(numbers, dtype=np.uint64)))
        while (beyond := found >= self._n).any():
            found[beyond] = self._once(found[beyond])
        return found.astype(np.int64).reshape(np.shape(numbers))

    def _once(self, numbers: Numbers) -> Numbers:
        low_bits, high_bits = self._bits
        low, high = numbers & _mask(low_bits), numbers >> np.uint64(low_bits)
        for key in self._keys:
            # The halves change places, and with them their sizes.
            low, high = high ^ (_mixed(low ^ key) & _mask(high_bits)), low
            low_bits, high_bits = high_bits, low_bits
        return (high << np.uint64(low_bits)) | low


def _mask(bits: int) -> np.uint64:
    return np.uint64((1 << bits) - 1)


def _mixed(numbers: Numbers) -> Numbers:
    """The finaliser of SplitMix64 (Steele et al. 2014): every bit of the input changes half of the output's."""
    mixed = (numbers ^ (numbers >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
