"""GRUs with gradients of their own: PyTorch's, side by side."""

import pytest
import torch
from torch import nn

from avse.nn.grouped import GroupedGRU, TemporalAttention
from avse.nn.gru import run_grus


def test_states_and_gradients_are_those_of_pytorch():
    torch.manual_seed(1)
    grus = [nn.GRU(5, 4, batch_first=True).double() for _ in range(3)]
    x = torch.randn(7, 3, 5, 2, dtype=torch.double, requires_grad=True)
    initial = torch.randn(3, 4, 2, dtype=torch.double, requires_grad=True)
    weight = torch.randn(7, 3, 4, 2, dtype=torch.double)
    leaves = [x, initial, *(parameter for gru in grus for parameter in gru.parameters())]

    def theirs():
        runs = [gru(x[:, g].permute(2, 0, 1), initial[g].T[None].contiguous())[0] for g, gru in enumerate(grus)]
        return torch.stack([run.permute(1, 2, 0) for run in runs], dim=1)

    ours = run_grus(grus, x, initial)
    torch.testing.assert_close(ours, theirs())
    found, expected = (torch.autograd.grad((y * weight).sum(), leaves) for y in (ours, theirs()))
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize("bidirectional", [False, True])
def test_grouped_grus_give_the_same_with_gradients_as_without(bidirectional):
    torch.manual_seed(1)
    layer, x = GroupedGRU(8, bidirectional=bidirectional), torch.randn(3, 6, 8)
    state = None if bidirectional else torch.randn(3, 8)
    states, last = layer(x, state)
    trained_states, trained_last = layer(x.requires_grad_(), state)
    torch.testing.assert_close(trained_states, states)
    if not bidirectional:
        torch.testing.assert_close(trained_last, last)


@pytest.mark.parametrize("bidirectional", [False, True])
def test_grouped_grus_as_one_give_the_same_states_and_gradients(bidirectional):
    torch.manual_seed(1)
    layer = GroupedGRU(8, bidirectional=bidirectional).double()
    x = torch.randn(3, 6, 8, dtype=torch.double, requires_grad=True)
    state = None if bidirectional else torch.randn(3, 8, dtype=torch.double)
    (states, last), (as_one, last_as_one) = layer(x, state), layer._as_one(x, state)
    torch.testing.assert_close(as_one, states)
    if not bidirectional:
        torch.testing.assert_close(last_as_one, last)
    leaves = [x, *layer.parameters()]
    found, expected = (torch.autograd.grad(y.square().sum(), leaves) for y in (as_one, states))
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other)


def test_attention_gives_the_same_with_gradients_as_without():
    torch.manual_seed(1)
    layer, x, state = TemporalAttention(4), torch.randn(2, 4, 9, 5), torch.randn(2, 8)
    without, with_gradients = layer(x, state), layer(x.clone().requires_grad_(), state)
    for one, other in zip(with_gradients, without, strict=True):
        torch.testing.assert_close(one, other)
