"""Values that can be worked out by hand, for faults that shapes and trends do not show."""

import dataclasses

import numpy as np
import pytest
import torch

from avse.data.channel import Channel, ChannelConfig
from avse.enhance.causal import CausalGain
from avse.enhance.stream import EnhancerStream, Mixing
from avse.faces.crop import CROP_WIDTH, MOUTH, MOUTH_CENTRE_Y, crop_mouth
from avse.faces.detect import Box
from avse.faces.people import SMOOTHING_S, _Cropper, _Scene
from avse.models.live import Live, LiveConfig
from avse.nn.losses import compressed_mse, masked_mse
from avse.signal.stft_config import StftConfig
from avse.training.ema import WeightAverage
from avse.training.loop import fit
from avse.training.loop_config import LoopConfig
from avse.training.run import Run

# Losses


def test_masked_error_counts_only_what_the_mask_lets_through():
    estimate = torch.tensor([[[1.0], [5.0], [2.0]]])
    target = torch.tensor([[[0.0], [0.0], [0.0]]])
    mask = torch.tensor([[True, False, True]])
    assert masked_mse(estimate, target, mask=mask).item() == pytest.approx((1 + 4) / 2)
    assert masked_mse(estimate, target, mask=torch.zeros(1, 3, dtype=torch.bool)).item() == 0


def test_compressed_errors_are_the_magnitudes_and_then_the_parts():
    # 1 and i: magnitudes are equal, parts differ by 1 each way.
    one, turned = torch.zeros(1, 2, 1), torch.zeros(1, 2, 1)
    one[:, 0], turned[:, 1] = 1, 1
    magnitude, parts = compressed_mse(one, turned)
    assert magnitude.item() == pytest.approx(0, abs=1e-6)
    assert parts.item() == pytest.approx(1, abs=1e-5)
    # 1 and 32: with a power of 0.3 the magnitudes are 1 and 2.828.
    magnitude, parts = compressed_mse(one, 32 * one)
    assert magnitude.item() == pytest.approx((32**0.3 - 1) ** 2, rel=1e-5)
    assert parts.item() == pytest.approx((32**0.3 - 1) ** 2 / 2, rel=1e-5)


# Training


def test_the_moving_average_keeps_its_decay_of_itself():
    model = torch.nn.Linear(1, 1, bias=False)
    with torch.no_grad():
        model.weight.fill_(1.0)
    mean = WeightAverage(model, decay=0.9)
    with torch.no_grad():
        model.weight.fill_(2.0)
    mean.update(model)
    assert mean.weights["weight"].item() == pytest.approx(0.9 * 1 + 0.1 * 2)
    mean.update(model)
    assert mean.weights["weight"].item() == pytest.approx(0.9 * 1.1 + 0.1 * 2)


def test_the_moving_average_forgets_its_beginning_within_some_steps():
    model = torch.nn.Linear(1, 1, bias=False)
    with torch.no_grad():
        model.weight.fill_(100.0)
    mean = WeightAverage(model, decay=0.999)
    with torch.no_grad():
        model.weight.fill_(1.0)
    for step in range(50):
        mean.update(model, n_steps=step)
    # The product of (1 + n) / (10 + n) over n below 50 is 50! 9! / 59!, some 8e-11: nothing is left of the 100.
    assert mean.weights["weight"].item() == pytest.approx(1.0, abs=1e-4)
    before = mean.weights["weight"].item()
    with torch.no_grad():
        model.weight.fill_(2.0)
    mean.update(model, n_steps=100_000)
    assert mean.weights["weight"].item() == pytest.approx(0.999 * before + 0.001 * 2)


def test_gradients_are_clipped_to_the_norm(tmp_path):
    # Adam's step is the rate times g / (g + 1e-8): with gradients clipped to 1e-9 it is 1 / 11 of the rate.
    config = LoopConfig(
        n_epochs=1, batch_size=4, warmup_steps=0, precision="32-true", clip_norm=1e-9, learning_rate=0.1,
        schedule="quarter-cosine", final_learning_rate=0.1,
    )  # fmt: skip
    model = torch.nn.Linear(1, 1, bias=False)
    before = model.weight.item()
    fit(
        model, dataset=_Ones(),
        collate=torch.utils.data.default_collate, loss_step=lambda m, batch: 1000 * m(batch).mean(),
        validate=lambda _: {"loss": 0.0}, config=config, run=Run(tmp_path, config=config),
    )  # fmt: skip
    assert before - model.weight.item() == pytest.approx(0.1 / 11, rel=1e-3)


class _Ones(torch.utils.data.Dataset):
    def __len__(self):
        return 4

    def __getitem__(self, key):
        return torch.ones(1)


# The mouth


def test_a_crop_is_centred_to_a_tenth_of_a_pixel():
    # On a ramp the mean of a crop is the ramp's value at its centre; the ramp downwards takes out the rounding of grey
    # levels, which is upwards.
    columns, rows = np.meshgrid(np.arange(240), np.arange(200))
    for box in (Box(60.0, 40.0, 96.0), Box(61.53, 40.29, 101.7), Box(40.11, 20.43, 151.9)):
        centre = box.x + box.size / 2, box.y + MOUTH_CENTRE_Y * box.size
        for ramp, at in ((columns, centre[0]), (rows, centre[1])):
            up, down = (
                crop_mouth(np.repeat(grey[..., None], 3, axis=2).astype(np.uint8), box, crop_size=(32, 48)).mean()
                for grey in (ramp, 239 - ramp)
            )
            # A pixel's number is where it begins, its middle half a pixel farther.
            assert (up - down + 239) / 2 == pytest.approx(at - 0.5, abs=0.1)


def test_the_crop_is_as_wide_as_it_says():
    ramp = np.repeat(np.repeat(np.arange(240)[None, :, None], 200, axis=0), 3, axis=2).astype(np.uint8)
    crop = crop_mouth(ramp, Box(60.0, 40.0, 96.0), crop_size=(32, 48)).astype(float)
    assert np.diff(crop[16, :, 0]).mean() == pytest.approx(CROP_WIDTH * 96 / 48, abs=0.05)


def test_a_detector_that_jitters_moves_the_crop_less_than_the_box():
    image = np.zeros((200, 240, 3), np.uint8)
    cropper = _Cropper((32, 48), MOUTH)
    shifts = [4.0 * (number % 2) for number in range(25)]
    for number, shift in enumerate(shifts):
        cropper.add(_Scene(number / 25, image, {0: Box(60.0 + shift, 40.0, 96.0)}))
    cropper._crop_up_to(np.inf)
    x = np.array([box.x for box in cropper._faces[0].boxes])[6:-6]
    assert len(x) == 13
    assert np.abs(x - 62).max() < 0.5
    assert SMOOTHING_S == 0.2


# Audio and video


class _Asked:
    """Notes the times that video frames are asked for."""

    def __init__(self):
        self.times_s = []

    def latest(self, times_s):
        self.times_s += times_s.tolist()
        return np.zeros((len(times_s), 32, 48, 3), np.uint8), np.ones(len(times_s), bool)


class _Causal:
    """A causal model that changes nothing."""

    name, crop_size, video_rate_hz = "causal", (32, 48), 25.0
    stft = StftConfig(window=512, hop=128, sample_rate=16000)

    def encode_video(self, motion, state):
        return np.zeros((len(motion), 1), np.float32), None

    def enhance_step(self, noisy, mouth, present, state):
        return noisy, np.ones(noisy.shape[1], np.float32), None


@pytest.mark.parametrize("offset_s", [0.0, 0.12, -0.2])
def test_the_default_models_video_is_taken_later_by_the_offset(offset_s):
    asked = _Asked()
    gain = CausalGain(_Causal(), video_frames=asked, offset_s=offset_s)
    gain.push(np.ones((257, 200), np.complex64))
    # A video frame that comes late belongs to audio of before: at 1 s of audio it is taken at 1 s + offset.
    np.testing.assert_allclose(asked.times_s, np.arange(len(asked.times_s)) / 25 + offset_s)
    assert len(asked.times_s) > 30


def test_a_mouth_that_the_gate_does_not_believe_changes_nothing():
    torch.manual_seed(0)
    model = Live.build(LiveConfig(channels=8, band_state_dim=4, state_dim=16, video_dim=12, gate_dim=8)).eval()
    noisy = torch.randn(1, 257, 40, dtype=torch.complex64)
    motion, present = torch.randn(1, 20, 2, 32, 48), torch.ones(1, 20)

    def spectrum(gate, shown):
        with torch.no_grad():
            for name, parameter in model.named_parameters():
                if name in ("gate_out.weight", "gate_out.bias"):
                    parameter.fill_(gate if name.endswith("bias") else 0.0)
            return model(noisy, motion, shown).spectrum

    audio_only = spectrum(0.0, torch.zeros(1, 20))
    closed, half, opened = (spectrum(gate, present) for gate in (-60.0, 0.0, 60.0))
    torch.testing.assert_close(closed, audio_only, atol=1e-5, rtol=0)
    assert (opened - audio_only).abs().max() > 1e-3
    assert (opened - half).abs().max() > 1e-4


class _ByOctave:
    """Halves the model's upper octave, and takes a tenth of all below it."""

    name, context_frames, crop_size = "octave", 3, (2, 3)
    stft = StftConfig(window=512, hop=320, sample_rate=16000)

    def estimate_spectrum(self, noisy, crops, present):
        gain = np.where(np.arange(257) >= 128, 0.5, 0.1).astype(np.float32)
        return noisy * gain[:, None]


def test_the_band_above_the_models_follows_the_octave_below_it():
    rate = 48000
    times_s = np.arange(3 * rate) / rate
    # 15 kHz lies above the model's band; noise fills the band, so that every octave has power.
    tone = 0.2 * np.sin(2 * np.pi * 15000 * times_s)
    noise = 0.1 * np.random.default_rng(0).standard_normal(len(times_s))
    stream = EnhancerStream(_ByOctave(), sample_rate=rate, n_channels=1, mixing=Mixing(keep_level=False))
    given = np.concatenate([stream.push((tone + noise)[None].astype(np.float32)), stream.finish()], axis=1)[0]
    middle = slice(rate, 2 * rate)
    level = 2 * np.abs(np.mean(given[middle] * np.exp(-2j * np.pi * 15000 * times_s[middle])))
    assert level == pytest.approx(0.5 * 0.2, rel=0.05)


# Mixtures


def test_a_narrow_channel_limits_the_clean_target_like_the_noisy_input():
    config = ChannelConfig()
    chances = {f.name: 0.0 for f in dataclasses.fields(config) if f.name.endswith("_probability")}
    config = dataclasses.replace(config, **{**chances, "narrow_probability": 1.0})
    rng = np.random.default_rng(0)
    speech, noise = (rng.standard_normal(32000).astype(np.float32) for _ in range(2))
    for waveform in Channel(config, responses=[], sample_rate=16000).mix(speech, noise, snr_db=0.0, rng=rng):
        power = np.abs(np.fft.rfft(waveform)) ** 2
        hz = np.fft.rfftfreq(32000, 1 / 16000)
        assert power[hz > 7700].mean() < 1e-3 * power[(hz > 500) & (hz < 3000)].mean()
