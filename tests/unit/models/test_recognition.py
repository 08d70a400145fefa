"""The recogniser: what is missing or padded counts for nothing, whatever the fusion."""

import pytest
import torch

from avse.errors import ConfigError
from avse.models import zoo
from avse.models.recognition import InputConfig, OverTime, Recognizer, RecognizerConfig

INPUTS = {
    "lips": InputConfig(6, 25.0, "lip_cue"),
    "spectrum": InputConfig(5, 50.0, "bands"),
    "text": InputConfig(1, 0.0, "words", vocabulary=50),
}
FUSIONS = ("early", "late", "attention")


def _model(fusion, inputs=INPUTS):
    torch.manual_seed(0)
    return Recognizer.build(RecognizerConfig(inputs, ("a", "b", "c"), fusion, dim=16)).eval()


def _batch(n=3, seconds=1):
    torch.manual_seed(1)
    frames = {
        "lips": torch.randn(n, 25 * seconds, 6),
        "spectrum": torch.randn(n, 50 * seconds, 5),
        "text": torch.randint(1, 50, (n, 4, 1)).float(),
    }
    return frames, {name: torch.ones(values.shape[:2], dtype=torch.bool) for name, values in frames.items()}


@pytest.mark.parametrize("fusion", FUSIONS)
@pytest.mark.parametrize("name", INPUTS)
def test_what_is_missing_does_not_matter_and_what_is_there_does(fusion, name):
    model, (frames, masks) = _model(fusion), _batch()
    other = {**frames, name: frames[name].flip(0).flip(1)}
    assert not torch.allclose(model(other, masks), model(frames, masks))
    without = {**masks, name: torch.zeros_like(masks[name])}
    torch.testing.assert_close(model(other, without), model(frames, without))


@pytest.mark.parametrize("fusion", FUSIONS)
def test_a_recording_alone_and_padded_beside_a_longer_one(fusion):
    model, (frames, masks) = _model(fusion), _batch(2, seconds=2)
    short = {"lips": 25, "spectrum": 50, "text": 3}
    for name, n in short.items():
        masks[name][0, n:] = False
    alone = model({n: f[:1, : short[n]] for n, f in frames.items()}, {n: m[:1, : short[n]] for n, m in masks.items()})
    torch.testing.assert_close(model(frames, masks)[:1], alone, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("fusion", FUSIONS)
def test_nothing_at_all_gives_the_same_finite_answer(fusion):
    model, (frames, masks) = _model(fusion), _batch()
    logits = model(frames, {name: torch.zeros_like(mask) for name, mask in masks.items()})
    assert torch.isfinite(logits).all()
    torch.testing.assert_close(logits, logits[:1].expand_as(logits))


@pytest.mark.parametrize("fusion", FUSIONS)
def test_weights_come_back_from_a_file(fusion, tmp_path):
    model, batch = _model(fusion), _batch()
    model.normalise_as({"lips": torch.arange(6.0)}, {"lips": torch.full((6,), 2.0)})
    zoo.save(tmp_path / "m.safetensors", model)
    again = zoo.load_as(Recognizer, tmp_path / "m.safetensors")
    torch.testing.assert_close(again(*batch), model(*batch))
    assert again.config == model.config


def test_early_fusion_meets_modalities_at_the_same_moment():
    # A pulse at 0.5 s in both modalities: frame 12 of 25 Hz is frame 25 of 50 Hz.
    from avse.models.recognition import _at_common_rate

    pulse = torch.zeros(1, 50, 1)
    pulse[0, 25] = 1.0
    row, mask = _at_common_rate(pulse, torch.ones(1, 50, dtype=torch.bool), rate_hz=50.0, n_steps=25)
    assert int(row.argmax()) == 12
    assert mask.all()


def test_constant_frames_pool_to_what_one_frame_gives():
    torch.manual_seed(0)
    pool = OverTime(4, dim=8, dropout=0.0).eval()
    for convolution in pool.convolutions:
        torch.nn.init.zeros_(convolution.weight)
        torch.nn.init.zeros_(convolution.bias)
    frame = torch.randn(1, 1, 4)
    one = pool(frame, torch.ones(1, 1, dtype=torch.bool))
    torch.testing.assert_close(pool(frame.expand(1, 9, 4), torch.ones(1, 9, dtype=torch.bool)), one)


def test_fewer_than_two_labels_are_refused():
    with pytest.raises(ConfigError, match="two labels or more"):
        Recognizer.build(RecognizerConfig(INPUTS, ("a",)))
