"""The bar that recipes show while they read."""

from collections.abc import Iterable
from typing import Any

from tqdm import tqdm


def bar(items: Iterable[Any], description: str) -> Iterable[Any]:
    """Go through items and show how far it is, on stderr."""
    return tqdm(items, desc=description)
