"""A function over a list on an executor: results in order, errors each its own, nothing large on the way."""

import pytest
from example_workers import steps

from avse.errors import AvseError, InputError
from avse.jobs.call import LARGEST_BYTES, call_each
from avse.jobs.in_process import InProcess
from avse.jobs.local_pool import LocalPool


def doubled(item):
    """Double a number; of a negative one the error, of a thousand something large."""
    if item < 0:
        raise InputError("the number must be 0 or more but is not; choose another")
    return b"x" * LARGEST_BYTES if item == 1000 else 2 * item


def call(items):
    found = call_each(
        doubled, items, executor=InProcess(), name_of=lambda item: str(item)[:9],
        lost=lambda item, error: f"{item}: {error}",
    )  # fmt: skip
    return list(found)


def test_results_come_in_order_and_an_error_is_that_of_its_item():
    assert call([3, -1, 1]) == [6, "-1: the number must be 0 or more but is not; choose another", 2]


def test_what_is_large_does_not_travel():
    assert "an item must be small but has" in call([1000])[0]
    with pytest.raises(AvseError, match=r"an item must be small but has .* bytes; pass paths, not what lies there"):
        call([b"x" * LARGEST_BYTES])


def test_a_function_that_reports_progress_may_take_longer_than_the_limit():
    found = call_each(
        steps, [12], executor=LocalPool(n_workers=1, no_progress_s=8.0), name_of=str,
        lost=lambda item, error: str(error),
    )  # fmt: skip
    assert list(found) == [12]
    assert steps(1) == 1  # without an executor nobody hears of it
