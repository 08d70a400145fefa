"""Which examples come when, as a function of the seed and the step alone."""

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
from torch.utils.data import Sampler

from avse.training.bijection import Bijection

MOST_DRAWN = 1_000_000
"""Examples up to which an epoch's order is drawn as a list, once; of more, each index is worked out by itself."""

Order = Callable[[npt.NDArray[np.int64]], npt.NDArray[np.int64]]


class ResumableBatchSampler(Sampler[list[tuple[int, int]]]):
    """Batches of (epoch, index), shuffled again each epoch, from any step to any other.

    An epoch drops the examples that do not fill a last batch; another shuffle brings them next time.
    """

    def __init__(
        self,
        *,
        n_examples: int,
        batch_size: int,
        seed: int,
        first_step: int,
        last_step: int,
        rank: int = 0,
        n_ranks: int = 1,
    ) -> None:
        """Set the range.

        Args:
            n_examples: examples in an epoch, at least `batch_size * n_ranks`.
            batch_size: examples a batch, on each rank.
            seed: of the shuffles.
            first_step: step to begin with, counted from the first epoch's start.
            last_step: step to stop before.
            rank: of this process.
            n_ranks: processes that share each step.
        """
        self.n_examples, self.batch_size, self.seed = n_examples, batch_size, seed
        self.first_step, self.last_step, self.rank, self.n_ranks = first_step, last_step, rank, n_ranks
        self.steps_per_epoch = max(1, n_examples // (batch_size * n_ranks))

    def __len__(self) -> int:
        return max(0, self.last_step - self.first_step)

    def __iter__(self) -> Iterator[list[tuple[int, int]]]:
        """Yield one batch a step."""
        of_epoch, order = -1, self._order(0)
        for step in range(self.first_step, self.last_step):
            epoch, position = divmod(step, self.steps_per_epoch)
            if epoch != of_epoch:
                of_epoch, order = epoch, self._order(epoch)
            start = (position * self.n_ranks + self.rank) * self.batch_size
            wanted = np.arange(start, min(start + self.batch_size, self.n_examples))
            yield [(epoch, int(index)) for index in order(wanted)]

    def _order(self, epoch: int) -> Order:
        """Which example comes at which position of an epoch."""
        if self.n_examples > MOST_DRAWN:
            return Bijection(self.n_examples, seed=[self.seed, epoch])
        drawn = np.random.default_rng([self.seed, epoch]).permutation(self.n_examples)
        return lambda positions: drawn[positions]
