"""Encoders behind one interface give what they give by themselves, in any batch, and are built again from numbers."""

import pytest
import torch

from avse.errors import ConfigError
from avse.nn.encoders.audio import SpectrumCNN
from avse.nn.encoders.clip_tokens import ClipTokens
from avse.nn.encoders.frame_rows import EncoderConfig, FrameRows
from avse.nn.encoders.mouth import MouthCNN
from avse.nn.encoders.movement import movement
from avse.nn.encoders.series import SeriesCNN
from avse.nn.encoders.video import LipCNN
from avse.nn.encoders.voice import VoiceEncoder
from avse.signal.voice_features import N_FEATURES

ENCODERS = {
    "mouth": (lambda: MouthCNN(height=16, width=24, dim=8, widths=(4, 4, 4)), (2, 16, 24)),
    "lips": (LipCNN, (2, 3, 16, 24)),
    "spectrum": (lambda: SpectrumCNN(n_freqs=65), (65,)),
    "tokens": (lambda: ClipTokens(n_frames=4, moving=True, size="tiny", patch=(2, 8, 8), grid=(2, 2, 3)), (3, 16, 24)),
    "voice": (lambda: VoiceEncoder(dim=8), (N_FEATURES,)),
}


def _made(name):
    torch.manual_seed(0)
    build, shape = ENCODERS[name]
    encoder = build().eval()
    frames = torch.randn(2, 12, *shape)
    if name == "lips":
        frames[:, :, 1] = frames[:, :, 0]  # copies, as 50 frames a second hold each of 25 twice
    return encoder, shape, frames


def _by_itself(name, encoder, frames):
    if name == "lips":
        return encoder(frames.flatten(1, 2))[:, ::2]
    if name == "tokens":
        windows = movement(frames.reshape(-1, 4, *frames.shape[2:]))
        return encoder.encoder(windows).reshape(len(frames), -1, encoder.dim).repeat_interleave(2, dim=1)
    if name == "spectrum":
        return encoder(frames.transpose(1, 2))
    return encoder(frames, encoder.initial_state(len(frames), frames))[0]


@pytest.mark.parametrize("name", ENCODERS)
def test_rows_give_what_the_encoder_gives(name):
    encoder, shape, frames = _made(name)
    rows = FrameRows.around(encoder, shape)
    with torch.no_grad():
        wanted = _by_itself(name, encoder, frames)
        torch.testing.assert_close(rows(frames.flatten(2)), wanted)
        assert rows.dim == wanted.shape[2]
        again = FrameRows(rows.config).eval()
        assert not torch.allclose(again(frames.flatten(2)), wanted)
        again.load_state_dict(rows.state_dict())
        torch.testing.assert_close(again(frames.flatten(2)), wanted)


@pytest.mark.parametrize("name", ENCODERS)
def test_a_recording_whose_last_row_is_repeated_gives_what_it_gives_alone(name):
    encoder, shape, frames = _made(name)
    rows, short = FrameRows.around(encoder, shape), frames[:, :7].flatten(2)
    padded = torch.cat([short, short[:, -1:].expand(-1, 5, -1)], dim=1)
    with torch.no_grad():
        torch.testing.assert_close(rows(padded)[:, :7], rows(short))


def test_training_a_copy_leaves_the_encoder_alone():
    encoder, shape, frames = _made("mouth")
    before = {name: tensor.clone() for name, tensor in encoder.state_dict().items()}
    rows = FrameRows.around(encoder, shape).train()
    torch.optim.SGD(rows.parameters(), lr=0.1).zero_grad()
    rows(frames.flatten(2)).square().sum().backward()
    torch.optim.SGD(rows.parameters(), lr=0.1).step()
    assert not torch.equal(rows.encoder.project.weight, before["project.weight"])
    for name, tensor in encoder.state_dict().items():
        torch.testing.assert_close(tensor, before[name])


def test_other_encoders_are_refused_in_one_line():
    with pytest.raises(ConfigError, match=r"^encoder must be one of mouth_cnn, .* but is 'SeriesCNN'; correct it$"):
        FrameRows.around(SeriesCNN(2, rate_hz=4.0), (2,))
    with pytest.raises(ConfigError, match="sizes of encoder voice must be those of its class"):
        FrameRows(EncoderConfig("voice", {"depth": 3}, (N_FEATURES,)))
