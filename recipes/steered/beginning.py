"""Weights to begin a training with: of the same network, or of one with fewer blocks or without recurrent weights."""

from pathlib import Path

from torch import nn

from avse.errors import ConfigError
from avse.nn.band_blocks import Block
from avse.nn.recurrence import BandwiseGRU, MinimalGRU


def match_recurrences(before: nn.Module, network: nn.Module) -> None:
    """Make minimal recurrences of `before` GRUs of the same function where those of `network` are GRUs."""
    wanted = dict(network.named_modules())
    for name, block in before.named_modules():
        if isinstance(block, Block) and isinstance(block.over_time, MinimalGRU):
            own = wanted.get(name)
            if isinstance(own, Block) and isinstance(own.over_time, BandwiseGRU):
                block.over_time = block.over_time.as_gru()


def begin_with(network: nn.Module, before: nn.Module, *, path: Path) -> None:
    """Give a network the weights of another.

    Args:
        network: to be trained; blocks that `before` does not have stay as they are, ones that change nothing.
        before: trained.
        path: of its weights, for messages.

    Raises:
        ConfigError: `before` has parts or sizes that the network does not have.
    """
    match_recurrences(before, network)
    try:
        network.load_state_dict({**network.state_dict(), **before.state_dict()})
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:160]
        raise ConfigError(
            f"start_from {path} must hold weights that fit the network but does not ({reason}); change `model`"
        ) from None
