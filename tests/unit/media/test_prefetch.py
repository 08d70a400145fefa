"""Prefetching gives the same items, hands on errors, and leaves no thread behind."""

import threading
import time

import pytest

from avse.media.prefetch import prefetch


def test_all_items_come_in_order_from_another_thread():
    makers = set()

    def items():
        for number in range(50):
            makers.add(threading.current_thread())
            yield number

    with prefetch(items(), n_items=3) as ahead:
        assert list(ahead) == list(range(50))
    assert threading.current_thread() not in makers
    assert not any(maker.is_alive() for maker in makers)


def test_no_more_than_a_few_wait():
    made = []

    def items():
        for number in range(100):
            made.append(number)
            yield number

    with prefetch(items(), n_items=3) as ahead:
        assert next(ahead) == 0
        time.sleep(0.2)
        # One was taken, three wait, one is in the maker's hands.
        assert len(made) <= 5


def test_an_error_comes_where_the_item_was_to_come():
    def items():
        yield 1
        raise ValueError("torn")

    with prefetch(items()) as ahead:
        assert next(ahead) == 1
        with pytest.raises(ValueError, match="torn"):
            next(ahead)


def test_leaving_early_stops_the_thread():
    before = threading.active_count()

    def items():
        while True:
            yield 0

    with prefetch(items()) as ahead:
        next(ahead)
        assert threading.active_count() == before + 1
    assert threading.active_count() == before
