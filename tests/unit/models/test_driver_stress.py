"""The driver stress network: masked data do not count, time runs one way, weights come back."""

import pytest
import torch

from avse.enhance.enhancer import Enhancer
from avse.errors import ConfigError
from avse.models import zoo
from avse.models.driver_stress import DriverStress, DriverStressConfig, ModalityConfig
from avse.nn.encoders.series import SeriesCNN


@pytest.fixture(params=["cnn", "gru", "transformer"])
def model(request):
    torch.manual_seed(0)
    modalities = {"ecg": ModalityConfig(("ecg_mv",), 64.0), "context": ModalityConfig(("rain", "traffic"), 1.0)}
    config = DriverStressConfig(modalities, window_s=10, encoder=request.param, dim=16, lstm_dim=8)
    return DriverStress.build(config).eval()


@pytest.fixture
def given():
    generator = torch.Generator().manual_seed(1)
    values = {
        "ecg": torch.randn(2, 4, 1, 640, generator=generator),
        "context": torch.randn(2, 4, 2, 10, generator=generator),
    }
    return values, {name: torch.ones(v.shape, dtype=torch.bool) for name, v in values.items()}


def test_every_window_has_an_answer(model, given):
    assert model(*given).shape == (2, 4, 3)


def test_what_is_masked_does_not_count(model, given):
    values, masks = given
    masks["ecg"][:, 1:3] = False
    masks["context"][:, :, 0, 4:] = False
    changed = {name: torch.where(masks[name], v, v + 5) for name, v in values.items()}
    torch.testing.assert_close(model(changed, masks), model(values, masks))


def test_later_windows_do_not_change_earlier_answers(model, given):
    values, masks = given
    changed = {name: v.clone() for name, v in values.items()}
    changed["context"][:, 2] += 1
    before, after = model(values, masks), model(changed, masks)
    torch.testing.assert_close(after[:, :2], before[:, :2])
    assert not torch.allclose(after[:, 2:], before[:, 2:])


def test_units_are_those_of_training(model, given):
    values, masks = given
    before = model(values, masks)
    stds = {"ecg": torch.tensor([2.0]), "context": torch.tensor([3.0, 5.0])}
    means = {"ecg": torch.tensor([1.0]), "context": torch.tensor([-1.0, 4.0])}
    model.normalise_as(means, stds)
    other = {name: v * stds[name][:, None] + means[name][:, None] for name, v in values.items()}
    torch.testing.assert_close(model(other, masks), before, atol=1e-5, rtol=1e-4)


def test_weights_come_back(model, given, tmp_path):
    model.normalise_as(
        {"ecg": torch.tensor([1.0]), "context": torch.zeros(2)}, {"ecg": torch.tensor([2.0]), "context": torch.ones(2)}
    )
    zoo.save(tmp_path / "m.safetensors", model)
    loaded = zoo.load(str(tmp_path / "m.safetensors"))
    assert loaded.config == model.config
    torch.testing.assert_close(loaded(*given), model(*given))


def test_encoders_of_others_can_be_passed_in(model):
    encoders = {
        "ecg": SeriesCNN(2, rate_hz=64.0, dim=8, n_halvings=6),
        "context": SeriesCNN(4, rate_hz=1.0, dim=24, n_halvings=1),
    }
    own = DriverStress(model.config, encoders=encoders)
    assert own.encoders["ecg"] is encoders["ecg"]


def test_it_enhances_no_speech(model, tmp_path):
    zoo.save(tmp_path / "m.safetensors", model)
    with pytest.raises(ConfigError, match="must enhance speech but is of driver_stress"):
        Enhancer.load(str(tmp_path / "m.safetensors"))
