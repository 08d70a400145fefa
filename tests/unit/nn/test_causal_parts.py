"""Parts that run frame by frame give what they give for the whole, and bands lose nothing."""

import pytest
import torch

from avse.nn.bands import ErbBands
from avse.nn.causal import BandGRU, BandMixer, CausalConv, FullBandGRU
from avse.nn.encoders.mouth import MouthCNN
from avse.signal.stft_config import StftConfig


@pytest.mark.parametrize("dilation", [1, 3])
def test_a_convolution_in_pieces(dilation):
    torch.manual_seed(0)
    block = CausalConv(4, dilation=dilation).eval()
    x = torch.randn(2, 4, 11, 6)
    state = block.initial_state(2, 6, x)
    whole, last = block(x, state)
    pieces = []
    for frames in x.split([1, 4, 1, 5], dim=2):
        y, state = block(frames, state)
        pieces.append(y)
    torch.testing.assert_close(torch.cat(pieces, dim=2), whole)
    torch.testing.assert_close(state, last)


@pytest.mark.parametrize("kind", [BandGRU, FullBandGRU])
def test_a_memory_over_time_in_pieces(kind):
    torch.manual_seed(0)
    block = kind(4, 6, dim=5)
    x = torch.randn(2, 4, 9, 6)
    state = block.initial_state(2, x)
    whole, _ = block(x, state)
    first, state = block(x[:, :, :4], state)
    second, _ = block(x[:, :, 4:], state)
    torch.testing.assert_close(torch.cat([first, second], dim=2), whole)


def test_each_band_remembers_itself_alone_and_each_example_too():
    torch.manual_seed(0)
    block = BandGRU(4, 6, dim=5)
    x = torch.randn(2, 4, 9, 6)
    changed = x.clone()
    changed[1, 0, 2, 3] += 1
    before, after = (block(given, block.initial_state(2, given))[0] for given in (x, changed))
    same = (before == after).all(dim=1)
    assert same[0].all()
    assert same[1].all(dim=0).tolist() == [True, True, True, False, True, True]
    assert same[1, :, 3].tolist() == [True, True] + 7 * [False]


def test_bands_are_mixed_in_each_frame_alone():
    torch.manual_seed(0)
    block = BandMixer(4, 6)
    x = torch.randn(1, 4, 3, 6)
    changed = x.clone()
    changed[:, :, 1] += 1
    same = (block(x) == block(changed)).all(dim=(0, 1, 3))
    assert same.tolist() == [True, False, True]


def test_mouths_in_pieces():
    torch.manual_seed(0)
    encoder = MouthCNN(height=16, width=24, dim=6).eval()
    frames = torch.randn(1, 9, 2, 16, 24)
    whole, _ = encoder(frames, encoder.initial_state(1, frames))
    state, pieces = encoder.initial_state(1, frames), []
    for piece in frames.split([2, 1, 6], dim=1):
        y, state = encoder(piece, state)
        pieces.append(y)
    torch.testing.assert_close(torch.cat(pieces, dim=1), whole)


def test_a_constant_stays_what_it_is_through_the_bands():
    bands = ErbBands(StftConfig(window=512, hop=256, sample_rate=16000))
    flat = torch.full((1, 257), 3.0)
    in_bands = bands.to_bands(flat)
    assert in_bands.shape == (1, 129)
    torch.testing.assert_close(in_bands, torch.full((1, 129), 3.0))
    torch.testing.assert_close(bands.from_bands(in_bands), flat)


def test_low_frequencies_pass_the_bands_untouched():
    bands = ErbBands(StftConfig(window=512, hop=256, sample_rate=16000))
    x = torch.randn(2, 257)
    torch.testing.assert_close(bands.from_bands(bands.to_bands(x))[:, :65], x[:, :65])
