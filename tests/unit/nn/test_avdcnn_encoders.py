"""The encoders share work between windows; each window by itself must give the same features."""

import torch

from avse.nn.encoders.audio import SpectrumCNN
from avse.nn.encoders.video import LipCNN, normalise_images


def _window(sequence, frame, context, axis):
    """Frames around one frame, the end frames repeated."""
    n = sequence.shape[axis]
    indices = torch.arange(frame - context // 2, frame + context // 2 + 1).clamp(0, n - 1)
    return sequence.index_select(axis, indices)


def test_audio_features_equal_a_convolution_of_each_window_alone():
    torch.manual_seed(0)
    encoder = SpectrumCNN().double()
    log_power = torch.randn(2, 257, 8).double()
    features = encoder(log_power)
    assert encoder.dim == 1904
    for frame in range(8):
        alone = encoder.conv2(encoder.pool(encoder.conv1(_window(log_power, frame, 5, 2).unsqueeze(1))))
        torch.testing.assert_close(features[:, frame], alone.flatten(1))


def test_lip_features_equal_a_convolution_of_each_stack_of_frames_alone():
    torch.manual_seed(0)
    encoder = LipCNN().double()
    frames = torch.randn(2, 7, 3, 16, 24).double()
    features = encoder(frames)
    assert encoder.dim == 900
    for frame in range(7):
        window = _window(frames, frame, 5, 1)
        image = torch.cat(list(window.unbind(1)), dim=2)
        for convolution in encoder.convolutions:
            image = convolution(image)
        torch.testing.assert_close(features[:, frame], image.transpose(2, 3).flatten(1))


def test_context_of_one_frame_sees_no_neighbour():
    torch.manual_seed(0)
    for encoder, clip in (
        (SpectrumCNN(context=1), torch.randn(1, 257, 6)),
        (LipCNN(context=1), torch.randn(1, 6, 3, 16, 24)),
    ):
        before = encoder(clip)
        changed = clip.clone()
        changed[..., 2] += 1 if clip.ndim == 3 else 0
        if clip.ndim == 5:
            changed[:, 2] += 1
        differs = (encoder(changed) - before).abs().amax(dim=(0, 2)) > 1e-5
        assert differs.tolist() == [False, False, True, False, False, False]


def test_images_are_normalised_one_by_one():
    torch.manual_seed(0)
    frames = torch.rand(1, 2, 3, 16, 24) * torch.tensor([1.0, 0.1])[None, :, None, None, None] + 0.3
    normalised = normalise_images(frames)
    torch.testing.assert_close(normalised.mean(dim=(2, 3, 4)), torch.zeros(1, 2), atol=1e-5, rtol=0)
    torch.testing.assert_close(normalised.std(dim=(2, 3, 4), correction=0), torch.ones(1, 2), atol=2e-2, rtol=0)
    assert not normalise_images(torch.full((1, 1, 3, 16, 24), 0.7)).abs().gt(1e-3).any()
