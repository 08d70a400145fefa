"""The examples in docstrings run, and every package that teaches by them has some."""

import doctest
import importlib
import pkgutil

import pytest

OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
LEAST = {"avse.signal": 8, "avse.metrics": 6, "avse.enhance": 3}
"""Docstrings with examples that each package has at least."""


def _examples(package):
    found = importlib.import_module(package)
    finder = doctest.DocTestFinder(exclude_empty=True)
    for info in pkgutil.iter_modules(found.__path__, f"{package}."):
        yield from (test for test in finder.find(importlib.import_module(info.name)) if test.examples)


@pytest.mark.parametrize("package", LEAST)
def test_examples_run(package):
    tests = list(_examples(package))
    assert len(tests) >= LEAST[package]
    for test in tests:
        report = []
        doctest.DocTestRunner(optionflags=OPTIONS).run(test, out=report.append)
        assert not report, "".join(report)
