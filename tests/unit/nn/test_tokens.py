"""Tokens in the order that the paper's shapes say; DropToken by sample; positions for other sizes; relative bias."""

import numpy as np
import torch
from scipy.interpolate import CubicSpline
from torch import nn

from avse.nn.encoders.positions import resized
from avse.nn.encoders.tokens import (
    TokenEncoder,
    VideoTokens,
    WaveformTokens,
    WordTokens,
    bucket,
    drop_tokens,
    word_indices,
)
from avse.nn.transformer import Transformer, TransformerConfig

TINY = TransformerConfig(n_layers=2, dim=16, mlp_dim=32, n_heads=2)


def _video():
    return VideoTokens(16, patch=(2, 4, 4), grid=(3, 2, 4), fps=10)


def test_a_patch_of_video_is_one_token_and_no_other():
    torch.manual_seed(0)
    tokens = _video()
    frames = torch.rand(1, 7, 3, 9, 16)
    before = tokens(frames)
    assert before.shape == (1, 3 * 2 * 4, 16)
    changed = frames.clone()
    changed[0, 3, 1, 5, 10] += 1  # step 1 of time, row 1, column 2
    places = (tokens(changed) - before).abs().amax(dim=-1)[0].nonzero().flatten()
    assert places.tolist() == [1 * 8 + 1 * 4 + 2]
    beyond = frames.clone()
    beyond[0, 6], beyond[0, :, :, 8] = 0, 0
    torch.testing.assert_close(tokens(beyond), before)


def test_video_tokens_are_the_convolution_of_the_paper():
    torch.manual_seed(0)
    tokens = _video()
    frames = torch.rand(2, 6, 3, 8, 16)
    convolution = nn.Conv3d(3, 16, (2, 4, 4), stride=(2, 4, 4))
    weight = tokens.project.weight.reshape(16, 3, 2, 4, 4)
    convolution.weight.data, convolution.bias.data = weight, tokens.project.bias
    for table in tokens.positions:
        nn.init.zeros_(table)
    expected = convolution((2 * frames - 1).transpose(1, 2)).flatten(2).transpose(1, 2)
    torch.testing.assert_close(tokens(frames), expected)


def test_positions_of_video_are_the_sum_of_three_tables():
    tokens = _video()
    nn.init.zeros_(tokens.project.weight)
    nn.init.zeros_(tokens.project.bias)
    where = tokens(torch.rand(1, 6, 3, 8, 16))[0]
    time, rows, columns = tokens.positions
    torch.testing.assert_close(where[2 * 8 + 1 * 4 + 3], time[2] + rows[1] + columns[3])


def test_frames_of_video_are_means_over_the_video():
    tokens = _video()
    frames = torch.rand(1, 6, 3, 8, 16)
    made = tokens(frames)
    torch.testing.assert_close(tokens.to_frames(made, frames)[0, 1], made[0, 8:16].mean(dim=0))


def test_audio_is_cut_into_patches():
    torch.manual_seed(0)
    tokens = WaveformTokens(16, patch=8, n_positions=5, rate_hz=80)
    assert tokens.frame_rate_hz == 10
    waveform = torch.randn(2, 43)
    expected = waveform[1, 16:24] @ tokens.project.weight.T + tokens.project.bias + tokens.positions[2]
    torch.testing.assert_close(tokens(waveform)[1, 2], expected)
    two_channels = WaveformTokens(16, patch=8, n_positions=5, rate_hz=80, channels=2)
    assert two_channels(torch.randn(2, 2, 40)).shape == (2, 5, 16)


def test_positions_follow_another_size_in_order():
    line = torch.linspace(0, 1, 9)[:, None].repeat(1, 4)
    assert resized(line, 9) is line
    longer = resized(line, 33)
    assert (longer.diff(dim=0) > 0).all()
    torch.testing.assert_close(longer[4:-4, 0], ((torch.arange(33) + 0.5) * 9 / 33 - 0.5)[4:-4] / 8, atol=0.02, rtol=0)


def test_video_of_another_size_has_positions_in_between():
    tokens = VideoTokens(16, patch=(2, 4, 4), grid=(8, 4, 6), fps=10)
    nn.init.zeros_(tokens.project.weight)
    nn.init.zeros_(tokens.project.bias)
    lengths = (16, 8, 12)  # twice the frames, rows and columns: the same stretch, in steps of half the size
    for axis, length in enumerate(lengths):
        for number, table in enumerate(tokens.positions):
            line = (torch.arange(len(table)) + 0.5) / len(table)
            table.data = line[:, None].repeat(1, 16) * (number == axis)
        where = tokens(torch.rand(1, 32, 3, 32, 48)).reshape(*lengths, 16)[..., 0].movedim(axis, 0)
        assert (where == where[:, :1, :1]).all()
        expected = (torch.arange(length) + 0.5) / length
        torch.testing.assert_close(where[2:-2, 0, 0], expected[2:-2], atol=0.03, rtol=0)


def test_the_official_codes_positions_are_normalised_and_lie_on_a_natural_spline():
    torch.manual_seed(0)
    table = torch.randn(14, 5)
    by_scipy = CubicSpline(np.arange(14), table.numpy(), bc_type="natural")
    for length in (20, 9):
        places = np.arange(length) * 14 / length
        inside = places <= 13
        np.testing.assert_allclose(
            resized(table, length, spline=True)[inside], by_scipy(places[inside]), atol=1e-4, rtol=1e-4
        )
    video = VideoTokens(16, patch=(2, 4, 4), grid=(3, 2, 4), fps=10, official_code=True)
    audio = WaveformTokens(16, patch=8, n_positions=5, rate_hz=80, official_code=True)
    for tokens, inputs in ((video, torch.rand(1, 6, 3, 8, 16)), (audio, torch.rand(1, 56))):
        nn.init.zeros_(tokens.project.weight)
        nn.init.zeros_(tokens.project.bias)
        where = tokens(inputs)[0]
        torch.testing.assert_close(where.mean(dim=-1), torch.zeros(len(where)), atol=1e-5, rtol=0)
        torch.testing.assert_close(where.std(dim=-1, correction=0), torch.ones(len(where)), atol=0.01, rtol=0)


def test_far_words_share_t5s_buckets():
    far = torch.tensor([0, 1, 7, 8, 9, 11, 15, 63, 500, -1, -8, -15])
    # Eight of each direction by themselves; 8 to 64 are three octaves in eight buckets.
    assert bucket(far).tolist() == [0, 1, 7, 8, 8, 9, 10, 15, 15, 17, 24, 26]
    tokens = WordTokens(16, n_words=16, vocabulary=100, n_heads=2, official_code=True)
    nn.init.normal_(tokens.distances)
    bias = tokens.bias(16)[0]
    assert bias[1 + 8, 1] == bias[1 + 9, 1]
    assert bias[1 + 7, 1] != bias[1 + 8, 1] != bias[1, 1 + 8]
    assert bias[0, 5] == tokens.distances[0, -1]


def test_tokens_are_dropped_by_sample_and_keep_their_order():
    torch.manual_seed(0)
    tokens = torch.arange(40.0).reshape(1, 40, 1).repeat(64, 1, 1)
    kept = drop_tokens(tokens, rate=0.75)
    assert kept.shape == (64, 10, 1)
    assert (kept.diff(dim=1) > 0).all()
    assert len({tuple(sample.tolist()) for sample in kept[..., 0]}) == 64
    counts = torch.bincount(kept.flatten().long(), minlength=40)
    assert counts.min() > 4, "every place has the same chance of a quarter"
    same = drop_tokens(tokens, rate=0.5, shared=True)
    assert (same == same[:1]).all()
    assert drop_tokens(tokens, rate=0.99).shape[1] == 1


def test_training_drops_tokens_and_use_does_not():
    torch.manual_seed(0)
    encoder = TokenEncoder(WaveformTokens(16, patch=8, n_positions=20, rate_hz=80), Transformer(TINY), drop_rate=0.5)
    waveform = torch.randn(3, 160)
    assert not torch.equal(encoder.clip(waveform), encoder.clip(waveform))
    encoder.eval()
    torch.testing.assert_close(encoder.clip(waveform), encoder.clip(waveform))
    assert encoder(waveform).shape == (3, 20, 16)


def test_a_batch_of_one_is_a_batch_of_many():
    torch.manual_seed(0)
    encoder = TokenEncoder(_video(), Transformer(TINY)).eval()
    frames = torch.rand(3, 6, 3, 8, 16)
    torch.testing.assert_close(encoder.clip(frames)[1:2], encoder.clip(frames[1:2]))
    torch.testing.assert_close(encoder(frames)[1:2], encoder(frames[1:2]))


def test_attention_hears_how_far_words_are_apart_and_no_word_is_not_there():
    torch.manual_seed(0)
    tokens = WordTokens(16, n_words=6, vocabulary=100, n_heads=2)
    encoder = TokenEncoder(tokens, Transformer(TINY)).eval()
    numbers = torch.tensor([[5, 9, 7, 0, 0, 0]])
    swapped = torch.tensor([[9, 5, 7, 0, 0, 0]])
    torch.testing.assert_close(
        encoder.clip(numbers), encoder.clip(swapped), msg=lambda m: f"without bias words are a bag: {m}"
    )
    torch.testing.assert_close(encoder.clip(numbers), encoder.clip(numbers[:, :3]))
    nn.init.normal_(tokens.distances)
    assert not torch.allclose(encoder.clip(numbers), encoder.clip(swapped), atol=1e-3)
    bias = tokens.bias(6)[1]
    assert bias[1, 2] == tokens.distances[1, 6 - 1 - 1]
    assert bias[3, 1] == tokens.distances[1, 6 - 1 + 2]
    assert bias[0, 1] == bias[1, 0] == tokens.distances[1, -1]


def test_words_are_numbered_without_regard_to_case_and_marks():
    numbers = word_indices(["Bin, blue!", "bin blue at F two now", ""], n_words=4, vocabulary=50)
    assert numbers[0, :2].tolist() == numbers[1, :2].tolist()
    assert numbers[0, 2:].tolist() == [0, 0]
    assert (numbers[1] > 0).all()
    assert numbers[2].tolist() == [0, 0, 0, 0]
    assert numbers.max() < 50
    assert word_indices(["bin"], n_words=1, vocabulary=2**16).item() == 1 + 0xAA275AED % (2**16 - 1)


def test_checkpointing_changes_memory_and_nothing_else():
    plain, thrifty = (Transformer(TransformerConfig(2, 16, 32, 2, checkpointing=on)) for on in (False, True))
    thrifty.load_state_dict(plain.state_dict())
    tokens = torch.randn(2, 5, 16)
    for transformer in (plain, thrifty):
        transformer(tokens).square().sum().backward()
    for one, other in zip(plain.parameters(), thrifty.parameters(), strict=True):
        torch.testing.assert_close(one.grad, other.grad)


def test_the_transformer_is_pytorchs_pre_norm_one():
    torch.manual_seed(0)
    ours = Transformer(TINY).eval()
    theirs = nn.TransformerEncoderLayer(16, 2, 32, 0.0, "gelu", 1e-6, batch_first=True, norm_first=True).eval()
    layer = ours.layers[0]
    theirs.load_state_dict(
        {
            "self_attn.in_proj_weight": layer.query_key_value.weight,
            "self_attn.in_proj_bias": layer.query_key_value.bias,
            **{f"self_attn.out_proj.{k}": v for k, v in layer.output.state_dict().items()},
            **{f"linear1.{k}": v for k, v in layer.mlp[0].state_dict().items()},
            **{f"linear2.{k}": v for k, v in layer.mlp[2].state_dict().items()},
            **{f"norm1.{k}": v for k, v in layer.norm_attention.state_dict().items()},
            **{f"norm2.{k}": v for k, v in layer.norm_mlp.state_dict().items()},
        }
    )
    tokens = torch.randn(2, 5, 16)
    torch.testing.assert_close(layer(tokens), theirs(tokens), atol=1e-5, rtol=1e-5)
