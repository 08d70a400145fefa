"""The GRU's kernels against PyTorch's GRU, where there is a GPU for them."""

import pytest
import torch
from torch import nn

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device and Triton")


@pytest.mark.parametrize(
    ("dim", "n_features", "n_sequences", "n_steps"), [(8, 5, 200, 70), (48, 32, 333, 50), (32, 16, 1, 1)]
)
def test_states_and_gradients_are_those_of_pytorch(dim, n_features, n_sequences, n_steps):
    from avse.nn.gru_triton import run_gru

    torch.manual_seed(1)
    gru = nn.GRU(n_features, dim, batch_first=True).cuda()
    x = torch.randn(n_sequences, n_steps, n_features, device="cuda", requires_grad=True)
    initial = torch.randn(n_sequences, dim, device="cuda", requires_grad=True)
    weight = torch.randn(n_sequences, n_steps, dim, device="cuda")
    expected, last = gru(x, initial[None])
    states, final = run_gru(x, initial, *gru.parameters())
    # The matrix units round to ten bits.
    torch.testing.assert_close(states, expected, atol=3e-3, rtol=0)
    torch.testing.assert_close(final, last[0], atol=3e-3, rtol=0)
    leaves = [x, initial, *gru.parameters()]
    found, wanted = (torch.autograd.grad((y * weight).sum(), leaves) for y in (states, expected))
    for one, other in zip(found, wanted, strict=True):
        assert (one - other).norm() < 3e-3 * other.norm()
