"""An experiment's figures and its page: what they show, and that they are the same each time."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from tiny_experiment import CONFIG, RATE

from avse.data.manifest import Mixture
from avse.errors import ConfigError
from avse.faces.mouth import MouthTrack
from avse.faces.report import FaceReport
from avse.models.avdcnn import AVDCNN, Estimate
from avse.models.avdcnn_config import AVDCNNConfig
from avse.signal.stft import POWER_FLOOR
from avse.signal.stft_config import StftConfig
from recipes.speech_benchmark.experiment import lips
from recipes.speech_benchmark.experiment import mouth_figures as mouths
from recipes.speech_benchmark.experiment.config import Claim, ExperimentConfig
from recipes.speech_benchmark.experiment.experiment_scores import Scored
from recipes.speech_benchmark.experiment.items import Item, choose
from recipes.speech_benchmark.experiment.lips import (
    LipFrames,
    MixtureInput,
    draw_lip_frames,
    lip_frames,
    looks,
    mixture_input,
)
from recipes.speech_benchmark.experiment.score_figures import noise_bars, save, snr_curves, spectrograms
from recipes.speech_benchmark.mixture_scores import Results


def mixture(clip, noise_type, snr_db, split="test_seen"):
    return Mixture(f"{clip}_{noise_type}_{snr_db}", clip, split, noise_type, (), snr_db)


@pytest.fixture
def scored():
    """Two systems on three clips; `good` gains 1, 2 and 6 dB in rain and 0 among talkers."""
    mixtures = [mixture(clip, kind, snr) for clip in "abc" for kind in ("rain", "talker_1") for snr in (-5, 5)]
    gains = dict(zip("abc", (1, 2, 6), strict=True))
    noisy = {m.id: {"si_sdr_db": m.snr_db} for m in mixtures}
    good = {m.id: {"si_sdr_db": m.snr_db + gains[m.clip] * (m.noise_type == "rain")} for m in mixtures}
    asked = {"si_sdr_db": {m.id for m in mixtures}}
    return Scored(Results(mixtures, {"noisy": noisy, "good": good}), ["si_sdr_db"], asked, [], [], [])


def test_curves_go_through_the_means_with_their_intervals(scored):
    figure = snr_curves(CONFIG, scored, "si_sdr_db")
    (axes,) = figure.axes
    noisy, good = axes.containers
    assert noisy.lines[0].get_ydata().tolist() == [-5, 5]
    assert good.lines[0].get_ydata().tolist() == [-5 + 1.5, 5 + 1.5]
    (bars,) = good.lines[2]
    (low, high) = bars.get_segments()[0][:, 1]
    assert -5 + 0.5 <= low < -3.5 < high <= -5 + 3
    assert [text.get_text() for text in figure.legends[0].texts] == ["noisy", "good <one>"]


def test_bars_are_the_means_of_the_noise_types(scored):
    (axes,) = noise_bars(CONFIG, scored, "si_sdr_db").axes
    heights = [[bar.get_height() for bar in container] for container in axes.containers]
    assert heights == [[0, 0], [3, 0]]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["rain", "talker_1"]


def test_figures_are_the_same_bytes_each_time(scored, tmp_path):
    for folder in ("one", "two"):
        figure = snr_curves(CONFIG, scored, "si_sdr_db")
        for name in ("a.svg", "a.png"):
            save(figure, tmp_path / folder / name)
    for name in ("a.svg", "a.png"):
        first, second = ((tmp_path / folder / name).read_bytes() for folder in ("one", "two"))
        assert first == second
        assert len(first) < 200_000
    text = (tmp_path / "one/a.svg").read_text()
    assert "<dc:date>" not in text
    assert "good &lt;one&gt;" in text


def test_mixtures_to_show_are_those_of_the_median_gain(scored):
    found, words = choose(CONFIG, scored)
    assert [m.id for m in found] == ["a_talker_1_-5", "b_rain_-5"]
    assert "by good <one>" in words
    claimed = ExperimentConfig(CONFIG.systems, claims=[Claim("noisy", "good")])
    assert "by noisy" in choose(claimed, scored)[1]
    named = ExperimentConfig(CONFIG.systems, shown=["c_rain_5"])
    assert [m.id for m in choose(named, scored)[0]] == ["c_rain_5"]
    with pytest.raises(ConfigError, match="d_rain_5 is not among them"):
        choose(ExperimentConfig(CONFIG.systems, shown=["d_rain_5"]), scored)


def test_spectrograms_show_a_tone_where_it_is():
    times_s = np.arange(RATE) / RATE
    recordings = {
        name: np.sin(2 * np.pi * hz * times_s).astype(np.float32) for name, hz in (("noisy", 2000), ("clean", 500))
    }
    figure = spectrograms(Item(mixture("a", "rain", 0), recordings))
    brightest = {}
    for axes in figure.axes:
        level = axes.images[0].get_array()
        brightest[axes.get_title()] = level.mean(axis=1).argmax() * 8000 / (len(level) - 1)
        assert axes.images[0].get_clim()[1] == pytest.approx(figure.axes[0].images[0].get_clim()[1])
    assert brightest["noisy"] == pytest.approx(2000, abs=20)
    assert brightest["clean"] == pytest.approx(500, abs=20)


class Peephole:
    """Makes the audio as loud as one patch of the mouth is bright, and sees nothing else."""

    stft = StftConfig(window=512, hop=320, sample_rate=RATE)
    rows, columns = slice(16, 20), slice(8, 12)

    def estimate_spectrum(self, noisy, crops, present):
        return noisy * (1 + crops[:, self.rows, self.columns].mean(axis=(1, 2, 3)) / 255)


@pytest.fixture
def given():
    rng = np.random.default_rng(1)
    crops = rng.integers(0, 256, (30, 32, 48, 3), dtype=np.uint8)
    return MixtureInput(np.full((257, 30), 10 + 0j, np.complex64), crops, np.ones(30, dtype=bool))


def test_a_network_looks_where_the_only_pixels_are_that_it_uses(given):
    found = looks(Peephole(), [given, given])
    place = np.zeros((8, 12), dtype=bool)
    place[4, 2] = True
    assert (found.level_db > 0).tolist() == place.tolist()
    patch = given.crops[:, Peephole.rows, Peephole.columns].astype(float)
    mean = np.round(patch.mean(axis=0)).mean()
    by_hand = 20 * np.log10((1 + patch.mean(axis=(1, 2, 3)) / 255) / (1 + mean / 255))
    assert found.level_db[4, 2] == pytest.approx(np.sqrt(np.mean(by_hand**2)), rel=1e-4)
    assert found.whole_db == pytest.approx(found.level_db[4, 2])
    assert found.mouth == pytest.approx(given.crops.mean(axis=(0, 3)) / 255)


def test_a_still_mouth_has_nothing_to_look_at(given):
    still = given._replace(crops=given.crops[:1].repeat(30, axis=0))
    assert looks(Peephole(), [still]).level_db.max() == 0
    assert POWER_FLOOR < 1


class Parrot(AVDCNN):
    """Predicts the lips that it is shown, or their opposite."""

    sign = 1.0

    def forward(self, noisy_log_power, lips):
        return Estimate(noisy_log_power, self.sign * lips)


def test_lip_frames_are_compared_with_those_that_the_network_read(given):
    model = Parrot.build(AVDCNNConfig(normalisation_radius=20)).eval()
    shown = given._replace(present=np.arange(30) < 20)
    video = lip_frames(model, shown)
    assert video.true.shape == (20, 16, 24)
    assert video.correlation == pytest.approx(1)
    model.sign = -1.0
    assert lip_frames(model, shown).correlation == pytest.approx(-1)
    assert lip_frames(AVDCNN.build(AVDCNNConfig(normalisation_radius=20, lip_output=False)).eval(), shown) is None
    assert np.isnan(LipFrames(video.true, np.zeros_like(video.true)).correlation)


def test_predicted_lips_stand_below_the_true_ones_which_alike_systems_share():
    rng = np.random.default_rng(2)
    true, other = rng.normal(size=(20, 16, 24)), rng.normal(size=(20, 16, 24))
    figure = draw_lip_frames(
        {"a": LipFrames(true, 2 * true), "b": LipFrames(true, -true), "c": LipFrames(other, other)}
    )
    rows = [axes.get_ylabel().split("\n")[0] for axes in figure.axes][:: lips.N_TIMES]
    assert rows == ["true", "a", "b", "true", "c"]
    assert figure.axes[0].images[0].get_array().tolist() == true[0].tolist()
    assert figure.axes[lips.N_TIMES + 7].images[0].get_array().tolist() == (2 * true[-1]).tolist()


def test_audio_and_mouth_meet_at_the_networks_frames():
    crops = np.arange(25, dtype=np.uint8)[:, None, None, None] + np.zeros((1, 32, 48, 3), np.uint8)
    mouth = MouthTrack(np.arange(25) / 25, crops, np.ones(25, dtype=bool), FaceReport(1, 1.0, "1"))
    found = mixture_input(np.zeros(RATE, np.float32), mouth, model=Peephole())
    assert found.spectrum.shape == (257, len(found.crops))
    assert found.crops[[0, 10, 40], 0, 0, 0].tolist() == [0, 5, 20]


def test_only_networks_that_see_are_asked_where_they_look(tmp_path, monkeypatch):
    deaf, seeing = (AVDCNN.build(AVDCNNConfig(streams=s, encoders="none", hidden=(8, 8))) for s in ("audio", "video"))
    monkeypatch.setattr(mouths, "zoo", SimpleNamespace(load=lambda path: deaf if "noisy" in path else seeing))
    for name in CONFIG.systems:
        (tmp_path / name).mkdir()
        (tmp_path / name / "model.safetensors").touch()
    models, missing = mouths._seeing_models(CONFIG, tmp_path, rate=RATE)
    assert list(models) == ["good", "late"]
    assert missing == []
    assert mouths._seeing_models(CONFIG, tmp_path, rate=8000)[0] == {}
    assert not torch.is_inference_mode_enabled()
