"""What all tests of recipes share."""

from importlib.util import find_spec

import pytest


@pytest.fixture(scope="session", autouse=True)
def _few_trees():
    """Random forests of fewer trees: hundreds take a third of a second each, in every fold of every evaluation."""
    with pytest.MonkeyPatch.context() as patch:
        if find_spec("sklearn"):
            patch.setattr("recipes.classifiers.N_TREES", 40)
        yield
