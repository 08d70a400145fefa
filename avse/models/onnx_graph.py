"""Causal networks as ONNX graphs whose whole state goes in and out as one row of numbers, zeros at the start."""

import dataclasses
import json
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from avse.errors import ConfigError, MissingExtraError
from avse.media.output import atomic_write

OPSET = 18
TOLERANCE = 1e-4
"""Largest difference between a model and its graphs."""
PUSHES = (1, 7, 40)
"""Frames of each push that model and graphs are compared over."""

Runner = TypeVar("Runner")
Inputs = TypeVar("Inputs")


class Exported(Protocol):
    """What a graph's header holds of its model."""

    @property
    def name(self) -> str:
        """As the registry knows it."""
        ...

    @property
    def config(self) -> Any:
        """Dataclass of its sizes."""
        ...

    @property
    def crop_size(self) -> tuple[int, int]:
        """Height and width of mouth crops, pixels."""
        ...

    @property
    def video_rate_hz(self) -> float:
        """Video frames per second."""
        ...


class StatefulGraph(nn.Module):
    """A part of a model whose state goes in and out as one row."""

    inputs: ClassVar[tuple[str, ...]]
    outputs: ClassVar[tuple[str, ...]]
    frame_axes: ClassVar[dict[str, int]]
    """The axis of frames of each input and output that has one."""

    def __init__(self, state: tuple[Tensor, ...]) -> None:
        """Set up; `state` is what the part begins with, for a batch of one."""
        super().__init__()
        self.shapes = [tensor.shape for tensor in state]

    @property
    def n_state(self) -> int:
        """Numbers in the row."""
        return sum(shape.numel() for shape in self.shapes)

    def split(self, state: Tensor) -> list[Tensor]:
        """The row `(1, n_state)` as the tensors that it holds."""
        pieces = torch.split(state, [shape.numel() for shape in self.shapes], dim=1)
        return [piece.reshape(shape) for piece, shape in zip(pieces, self.shapes, strict=True)]

    @staticmethod
    def join(state: tuple[Tensor, ...]) -> Tensor:
        """The tensors as one row `(1, n_state)`."""
        return torch.cat([tensor.reshape(1, -1) for tensor in state], dim=1)

    def example(self, n_frames: int) -> tuple[Tensor, ...]:
        """Inputs of the right shapes."""
        raise NotImplementedError


def write_graph(graph: StatefulGraph, path: Path, *, model: Exported) -> None:
    """Write a graph with a header that says what it is of.

    Args:
        graph: what to write.
        path: ends in `.onnx`.
        model: that the graph is a part of.

    Raises:
        MissingExtraError: the package onnx is not installed.
    """
    try:
        import onnx
    except ImportError:
        raise MissingExtraError("onnx must be installed to export but is not; pip install 'avse[export]'") from None
    with warnings.catch_warnings():
        # The newer exporter fixes the number of frames of a GRU to that of the example (PyTorch 2.13).
        warnings.simplefilter("ignore")
        torch.onnx.export(
            graph.eval(),
            graph.example(5),
            path,
            input_names=list(graph.inputs),
            output_names=list(graph.outputs),
            dynamic_axes={name: {axis: "frames"} for name, axis in graph.frame_axes.items()},
            opset_version=OPSET,
            dynamo=False,
        )
    written = onnx.load(path)
    header = {
        "model": model.name,
        "config": dataclasses.asdict(model.config),
        "n_state": graph.n_state,
        "crop_size": model.crop_size,
        "video_rate_hz": model.video_rate_hz,
    }
    onnx.helper.set_model_props(written, {"avse": json.dumps(header)})
    onnx.save(written, path)


@dataclasses.dataclass(frozen=True)
class GraphExport:
    """How the graphs of one kind of model are written, and kept only if they give what the model gives."""

    graphs: Callable[[Any, Path], Mapping[Path, StatefulGraph]]
    """Of a model, by the files that they go to."""
    runners: Callable[..., Sequence[Any]]
    """For a model and the written files in order: what runs the model, and what runs the graphs."""
    inputs: Callable[[Any, np.random.Generator, int], Any]
    """Random ones of a model, for a number of frames."""
    step: Callable[[Any, Any, Any], tuple[Sequence[npt.NDArray[Any]], Any]]
    """Outputs and next state of a runner, for inputs and its state, None at first."""

    def __call__(self, model: Any, path: Path, *, force: bool = False) -> float:
        """Write a model's graphs and check them.

        Args:
            model: in evaluation mode, on the CPU.
            path: ends in `.onnx`; what the graphs beside it are called follows from it.
            force: replace files that exist.

        Returns:
            The largest difference between what the model and the graphs give for random input.

        Raises:
            MissingExtraError: the package onnx is not installed.
            ConfigError: they differ by more than 1e-4; nothing is written then.
            MediaError: a file exists or cannot be written.
        """
        graphs = self.graphs(model, path)
        with ExitStack() as stack:
            written = [stack.enter_context(atomic_write(path, force=force)) for path in graphs]
            for graph, temporary in zip(graphs.values(), written, strict=True):
                write_graph(graph, temporary, model=model)
            runners = self.runners(model, *written)
            found = largest_difference(runners, inputs=partial(self.inputs, model), step=self.step)
            if not found <= TOLERANCE:
                raise ConfigError(
                    f"graphs must give what the model gives within {TOLERANCE:g} but differ by {found:g}; "
                    "report this with the versions of torch, onnx and onnxruntime"
                )
        return found


def largest_difference(
    runners: Sequence[Runner],
    *,
    inputs: Callable[[np.random.Generator, int], Inputs],
    step: Callable[[Runner, Inputs, Any], tuple[Sequence[npt.NDArray[Any]], Any]],
) -> float:
    """Compare a model and its graphs over three pushes, each continuing from the one before.

    Args:
        runners: the model, and its graphs.
        inputs: random ones for a number of frames.
        step: outputs and next state of a runner, for inputs and its state, None at first.
    """
    rng = np.random.default_rng(0)
    states: list[Any] = [None] * len(runners)
    largest = 0.0
    for n_frames in PUSHES:
        given = inputs(rng, n_frames)
        outputs = []
        for index, runner in enumerate(runners):
            found, states[index] = step(runner, given, states[index])
            outputs.append(found)
        largest = max(largest, *(float(np.max(np.abs(one - other))) for one, other in zip(*outputs, strict=True)))
    return largest
