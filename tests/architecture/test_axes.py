"""Public functions that take arrays or tensors say their axes, such as `(batch, frames, dim)`."""

import ast
import re
from pathlib import Path

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
    "FloatArray",
    "FloatSeries",
    "FloatWaveform",
    "Cue",
    "Features",
    "Flags",
    "Grey",
    "Labels",
    "Probabilities",
)
"""Words in an annotation that mean an array or a tensor."""
REFERENCE = re.compile(r"(?:^As|\bas|\bsee|\bas of|\band) `[\w.]+`")
"""A docstring that sends its readers to another one: `As X`, `arguments as of X`, `see X`."""


def functions_with_arrays():
    """Public functions and methods with an array among their parameters, each with whether axes are given."""
    for path in sorted((ROOT / "avse").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node, owner in _public(tree.body):
            if any(_is_array(argument.annotation) for argument in _arguments(node)):
                text = (ast.get_docstring(node) or "") + (owner if node.name in ("__init__", "__call__") else "")
                yield f"{path.relative_to(ROOT)}:{node.lineno} {node.name}", "`(" in text or REFERENCE.search(text)


def _public(body, owner=""):
    for node in body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from _public(node.body, ast.get_docstring(node) or "")
        elif isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            yield node, owner


def _arguments(node):
    return [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]


def _is_array(annotation):
    """A callable that takes or gives arrays is none."""
    text = ast.unparse(annotation) if annotation else ""
    return not text.startswith("Callable") and any(re.search(rf"\b{word}\b", text) for word in ARRAYS)


def test_functions_of_arrays_give_their_axes():
    found = list(functions_with_arrays())
    assert len(found) > 250
    without = [where for where, given in found if not given]
    assert not without, without


def test_an_array_without_axes_is_found():
    (node,) = ast.parse("def f(x: Tensor, g: Callable[[Tensor], Tensor]):\n    'Sum it up.'").body
    assert [_is_array(argument.annotation) for argument in _arguments(node)] == [True, False]
    assert not REFERENCE.search("Sum it up.")
