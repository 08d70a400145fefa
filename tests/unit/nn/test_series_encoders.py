"""Encoders of series keep the contract of all encoders, and treat each example alone."""

import pytest
import torch

from avse.nn.encoders.series import ENCODERS, SeriesGRU, positions


@pytest.mark.parametrize("kind", ENCODERS)
@pytest.mark.parametrize(("n_samples", "n_frames"), [(1, 1), (8, 1), (120, 15), (121, 16)])
def test_frames_come_at_the_stated_rate(kind, n_samples, n_frames):
    encoder = ENCODERS[kind](3, rate_hz=4.0, dim=16, n_halvings=3).eval()
    features = encoder(torch.randn(2, 3, n_samples))
    assert features.shape == (2, n_frames, encoder.dim)
    assert encoder.frame_rate_hz == 0.5


@pytest.mark.parametrize("kind", ENCODERS)
def test_one_of_a_batch_is_as_one_alone(kind):
    torch.manual_seed(0)
    encoder = ENCODERS[kind](3, rate_hz=4.0, dim=16).eval()
    series = torch.randn(4, 3, 40)
    torch.testing.assert_close(encoder(series)[2:3], encoder(series[2:3]))


def test_a_recurrent_frame_does_not_see_what_comes_much_later():
    torch.manual_seed(0)
    encoder = SeriesGRU(1, rate_hz=4.0, dim=16, n_halvings=2).eval()
    series = torch.randn(1, 1, 80)
    later = series.clone()
    later[..., 60:] += 1
    # The convolutions look 2 + 2 * 2 samples ahead of a frame's first.
    same = (encoder(series) == encoder(later)).all(dim=2)[0]
    assert same[:13].all()
    assert not same[15:].any()


def test_positions_differ_from_each_other():
    distances = torch.cdist(positions(50, 16), positions(50, 16))
    assert (distances + 10 * torch.eye(50)).min() > 0.1
