"""Blocks that several encoders are made of."""

from torch import Tensor, nn

SLOPE = 0.2
"""Of the leaky rectifier below 0."""


def conv_block(
    kind: type[nn.Conv1d] | type[nn.Conv2d] | type[nn.ConvTranspose2d],
    n_in: int,
    n_out: int,
    size: int | tuple[int, int],
    *,
    stride: int | tuple[int, int] = 1,
    padding: int | tuple[int, int] = 0,
) -> list[nn.Module]:
    """A convolution, batch normalisation and a leaky rectifier, as layers for an `nn.Sequential`.

    Args:
        kind: of convolution.
        n_in: channels that come in.
        n_out: channels that go out.
        size: of the kernel.
        stride: of the kernel.
        padding: zeros at each end.
    """
    normalise = nn.BatchNorm1d if kind is nn.Conv1d else nn.BatchNorm2d
    convolution = kind(n_in, n_out, size, stride=stride, padding=padding)  # type: ignore[arg-type]
    return [convolution, normalise(n_out), nn.LeakyReLU(SLOPE)]


def crops_to_frames(crops: Tensor) -> Tensor:
    """Mouth crops as they are stored to video frames as networks take them.

    Args:
        crops: `(batch, time, height, width, channels)` of 0 to 255.

    Returns:
        `(batch, time, channels, height, width)` in [0, 1].
    """
    return crops.permute(0, 1, 4, 2, 3).float() / 255
