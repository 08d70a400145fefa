"""A run's share of a list, for arrays of jobs that know nothing of each other."""

import re
from collections.abc import Sequence
from typing import TypeVar

from avse.errors import InputError

Item = TypeVar("Item")


def parse_share(text: str | None) -> tuple[int, int]:
    """Index from 1 and number of shares from `i/n`; the only one without a text.

    Raises:
        InputError: it is none, or out of range.
    """
    if text is None:
        return 1, 1
    found = re.fullmatch(r"(\d{1,6})/(\d{1,6})", text.strip())
    index, count = (int(found[1]), int(found[2])) if found else (0, 0)
    if not 1 <= index <= count:
        raise InputError(f"share must be i/n with i from 1 to n but is {text[:30]!r}; write the first of 8 as 1/8")
    return index, count


def share_of(items: Sequence[Item], share: tuple[int, int]) -> list[Item]:
    """Every n-th item, from the i-th on: neighbours, often of one length, go to different machines."""
    index, count = share
    return list(items[index - 1 :: count])
