"""Public functions that take arrays or tensors say their axes, such as `(batch, frames, dim)`."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ARRAYS = (
    "Tensor",
    "NDArray",
    "Waveform",
    "Spectrum",
    "Spectra",
    "Power",
    "Image",
    "Series",
    "Array",
    "Cue",
    "Features",
)
"""Words in an annotation that mean an array or a tensor."""
LEAST = {"signal": 1.0, "nn": 1.0, "metrics": 1.0, "enhance": 0.6, "faces": 0.55, "data": 0.7, "models": 0.45}
"""Share of each package's functions with such a parameter whose docstrings name axes."""


def functions_with_arrays(package):
    """Public functions and methods with an array among their parameters, each with whether axes are given."""
    for path in sorted((ROOT / "avse" / package).rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node, owner in _public(tree.body):
            arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            annotations = [ast.unparse(argument.annotation) for argument in arguments if argument.annotation]
            if any(word in annotation for annotation in annotations for word in ARRAYS):
                text = (ast.get_docstring(node) or "") + (owner if node.name in ("__init__", "__call__") else "")
                yield f"{path.relative_to(ROOT)}:{node.lineno} {node.name}", "`(" in text


def _public(body, owner=""):
    for node in body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from _public(node.body, ast.get_docstring(node) or "")
        elif isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            yield node, owner


@pytest.mark.parametrize("package", LEAST)
def test_functions_of_arrays_give_their_axes(package):
    found = list(functions_with_arrays(package))
    assert len(found) > 10
    without = [where for where, given in found if not given]
    assert len(without) <= (1 - LEAST[package]) * len(found), without
