"""The minimal GRU: its own gradient, and PyTorch's GRU with recurrent weights of zero."""

import torch

from avse.nn.band_blocks import Block, BlockConfig, give_recurrent_weights
from avse.nn.recurrence import BandwiseGRU, MinimalGRU, _Blend


def test_the_gradient_is_that_of_finite_differences():
    generator = torch.Generator().manual_seed(1)

    def drawn(*shape):
        return torch.rand(shape, dtype=torch.double, generator=generator, requires_grad=True)

    assert torch.autograd.gradcheck(_Blend.apply, (drawn(2, 6, 3), drawn(2, 6, 3), drawn(2, 3)))


def test_it_is_a_gru_without_recurrent_weights():
    torch.manual_seed(1)
    unit = MinimalGRU(5, 7)
    x, state = torch.randn(2, 9, 3, 5), torch.rand(2, 3, 7)
    states, last = unit(x, state)
    twin_states, twin_last = unit.as_gru()(x, state)
    torch.testing.assert_close(states, twin_states, atol=1e-6, rtol=0)
    torch.testing.assert_close(last, twin_last, atol=1e-6, rtol=0)
    torch.testing.assert_close(last, states[:, -1])


def test_a_constant_input_is_approached_exponentially():
    unit = MinimalGRU(1, 1)
    with torch.no_grad():
        unit.project.weight.zero_()
        unit.project.bias.copy_(torch.tensor([0.0, 0.5]))  # gate 1/2, candidate tanh(1/2)
    states, _ = unit(torch.zeros(1, 4, 1), torch.zeros(1, 1))
    target = torch.tanh(torch.tensor(0.5))
    torch.testing.assert_close(states[0, :, 0], target * (1 - 0.5 ** torch.arange(1, 5)))


def test_a_gru_in_each_band_gives_the_same_with_gradients_as_without():
    torch.manual_seed(1)
    unit, x, state = BandwiseGRU(5, 7), torch.randn(2, 9, 3, 5), torch.rand(2, 3, 7)
    without, with_gradients = unit(x, state), unit(x.clone().requires_grad_(), state)
    for one, other in zip(with_gradients, without, strict=True):
        torch.testing.assert_close(one, other)


def test_blocks_that_are_given_recurrent_weights_begin_as_the_same_function_and_learn_them():
    torch.manual_seed(1)
    block = Block(BlockConfig(channels=6, state_dim=5), 4)
    x, state = torch.randn(2, 8, 4, 6), torch.zeros(2, 4, 5)
    before, _ = block(x, state)
    give_recurrent_weights(block)
    after, _ = block(x.requires_grad_(), state)
    torch.testing.assert_close(after, before, atol=1e-6, rtol=0)
    after.square().sum().backward()
    assert block.over_time.gru.weight_hh_l0.grad.abs().max() > 0
