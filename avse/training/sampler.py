"""Which examples come when, as a function of the seed and the step alone."""

from collections.abc import Iterator

import numpy as np
from torch.utils.data import Sampler


class ResumableBatchSampler(Sampler[list[tuple[int, int]]]):
    """Batches of (epoch, index), shuffled anew each epoch, from any step to any other.

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
        for step in range(self.first_step, self.last_step):
            epoch, position = divmod(step, self.steps_per_epoch)
            order = np.random.default_rng([self.seed, epoch]).permutation(self.n_examples)
            start = (position * self.n_ranks + self.rank) * self.batch_size
            yield [(epoch, int(index)) for index in order[start : start + self.batch_size]]
