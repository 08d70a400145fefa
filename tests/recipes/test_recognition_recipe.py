"""Recognition from made media to a table, a page and a prediction."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from inside import run_stages
from recognition_rows import informative_rows

from avse.data.augment import coloured_noise
from avse.models import zoo
from avse.models.recognition import InputConfig, RecognizerConfig
from recipes.recognition import evaluate, fusions, predict, recognition_results
from recipes.recognition.batches import conditions, under
from recipes.recognition.encoders import read_encoder
from recipes.recognition.evaluate import EvaluateConfig
from recipes.recognition.features import CLEAN
from recipes.recognition.fit import FitConfig, fit
from recipes.recognition.noise import Noises
from recipes.recognition.predictions import Predictions
from recipes.recognition.recordings import SAMPLE_RATE, Sources
from recipes.recognition.scores import Comparison, read_comparison

ROOT = Path(__file__).parents[2]
PEOPLE = ("ann", "bob", "cy")
TINY = FitConfig(n_epochs=40, batch_size=12, learning_rate=7e-3, modality_dropout=0.4)


def _tone(label, rng):
    """A hum for one label and a hiss for the other: distinguished by ear, whoever it is."""
    n = SAMPLE_RATE // 2
    loud = rng.uniform(0.05, 0.2)
    if label == "hum":
        return loud * np.sin(2 * np.pi * rng.uniform(150, 250) * np.arange(n) / SAMPLE_RATE)
    return loud * np.clip(coloured_noise(rng, n_samples=n, exponent=0.0), -3, 3) / 3


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("own labels ü")
    rng = np.random.default_rng(0)
    for label in ("hum", "hiss"):
        for person in PEOPLE:
            for n in range(3):
                path = folder / label / person / f"{n}.wav"
                path.parent.mkdir(parents=True, exist_ok=True)
                soundfile.write(path, _tone(label, rng), SAMPLE_RATE)
                # Text tells the label in two of three recordings; the third has none.
                if n:
                    path.with_suffix(".txt").write_text("a deep one" if label == "hum" else "sharp air")
    return folder


@pytest.fixture(scope="module")
def run(videos, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    config = EvaluateConfig(
        folder, videos, modalities={"spectrum": "bands", "text": "words"}, snr_db=(0.0,), n_inner_folds=2, fit=TINY,
        dim=16,
    )  # fmt: skip
    evaluate.main(config)
    return config


def test_every_system_is_tested_on_people_that_it_has_not_seen(run):
    comparison = read_comparison(run.folder)
    assert comparison.systems() == [
        "majority", "SVM, waveform", "random forest, waveform", "SVM, text", "random forest, text", "SVM, all",
        "random forest, all", "spectrum", "text", "hard vote", "soft vote", "weighted vote", "stacking",
        "concatenate early", "concatenate late", "attention",
    ]  # fmt: skip
    assert len(comparison.first.labels) == 18
    assert sorted(set(comparison.first.groups)) == list(PEOPLE)
    assert set(comparison.first.systems) == set(conditions([0.0], ["spectrum", "text"]))
    for name in ("spectrum", "concatenate late", "soft vote", "stacking", "SVM, waveform"):
        assert comparison.units(CLEAN, name).mean() > 0.8 > comparison.units(CLEAN, "majority").mean(), name
    # Without its audio the fused network has the text of two recordings of three.
    assert comparison.units("spectrum missing", "concatenate late").mean() > 0.6


def test_a_second_call_trains_nothing(run):
    before = (run.folder / "predictions/0/000.safetensors").stat().st_mtime_ns
    evaluate.main(run)
    assert (run.folder / "predictions/0/000.safetensors").stat().st_mtime_ns == before


def test_the_table_and_the_page_hold_what_was_measured(run, tmp_path):
    code = recognition_results.main([str(tmp_path / "R.md"), "--folder", str(run.folder), "--command", "c", "--report",
                         str(tmp_path / "r.html")])  # fmt: skip
    assert code == 0
    text = (tmp_path / "R.md").read_text(encoding="utf-8")
    late = read_comparison(run.folder).units(CLEAN, "concatenate late").mean()
    assert f"| concatenate late | {late:.3f} (" in text
    assert "18 recordings of 3 groups, 2 labels" in text
    for name in ("snr", "confusion", "roc", "reliability"):
        assert (tmp_path / f"figures/{name}.png").is_file()
    assert "concatenate late" in (tmp_path / "r.html").read_text(encoding="utf-8")


def test_both_ways_of_fusing_stand_side_by_side(run, tmp_path, capsys):
    output = tmp_path / "F.md"
    assert fusions.main([str(output), "--task", f"toy={run.folder}", "--command", "c"]) == 0
    text = output.read_text(encoding="utf-8")
    late = read_comparison(run.folder).units(CLEAN, "concatenate late")
    vote = read_comparison(run.folder).units(CLEAN, "soft vote")
    assert f"| toy: concatenate late over soft vote | {(late - vote).mean():+.3f} (" in text
    assert "| toy | 18 of 3 groups | " in text
    assert fusions.main([str(output), "--task", "toy", "--command", "c"]) == 2
    assert "task must be NAME=FOLDER but is 'toy'" in capsys.readouterr().err


def test_a_new_recording_is_classified(run, tmp_path, capsys):
    soundfile.write(tmp_path / "new one.wav", np.tile(_tone("hum", np.random.default_rng(9)), 6), SAMPLE_RATE)
    model = str(run.folder / "model.safetensors")
    assert predict.main([model, str(tmp_path / "new one.wav"), "-o", str(tmp_path / "o.csv"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["label"] == "hum"
    assert sum(found["probabilities"].values()) == pytest.approx(1, abs=1e-3)
    assert list(found["influence"]) == ["spectrum"]
    rows = (tmp_path / "o.csv").read_text().splitlines()
    assert rows[0] == "start_s,end_s,label,p_hiss,p_hum"
    assert len(rows) > 10  # 3 s in windows of 0.5 s
    assert predict.main([model, str(tmp_path / "new one.wav"), "-o", str(tmp_path / "o.csv")]) == 1
    assert predict.main([model, str(tmp_path / "gone.wav")]) == 1
    assert capsys.readouterr().err.count("\n") == 2


def test_the_same_seed_gives_the_same_weights_and_another_one_others():
    rows, labels = informative_rows(12, informative=True)
    sizes = RecognizerConfig({"x": InputConfig(3, 25.0, "")}, ("a", "b"), dim=8)
    one, same, other = (fit(rows, labels, sizes=sizes, config=FitConfig(n_epochs=2), seed=s) for s in (1, 1, 2))
    for name, tensor in one.state_dict().items():
        torch.testing.assert_close(same.state_dict()[name], tensor)
    assert not torch.equal(other.classify[1].weight, one.classify[1].weight)
    assert one.config.window_s == pytest.approx(0.4)


def test_conditions_take_away_what_they_say():
    rows, _ = informative_rows(40, informative=True)
    inputs = {"x": InputConfig(3, 25.0, "")}
    assert under(CLEAN, rows, inputs, seed=0).masks["x"].all()
    assert not under("x missing", rows, inputs, seed=0).masks["x"].any()
    share = under("x 25% missing", rows, inputs, seed=0).masks["x"].float().mean()
    assert float(share) == pytest.approx(0.75, abs=0.06)


def test_noise_has_its_snr_and_never_crosses_from_training_to_tests(tmp_path):
    rng = np.random.default_rng(0)
    for name in ("a", "b"):
        soundfile.write(tmp_path / f"{name}.wav", 0.1 * rng.standard_normal(8000), SAMPLE_RATE)
    (tmp_path / "n.csv").write_text("file,use\na.wav,train\nb.wav,test\n")
    speech = np.sin(np.arange(16000) / 20).astype(np.float32)
    noises = Noises(tmp_path / "n.csv")
    noisy = noises.add(speech, snr_db=-5.0, use="test", key="k")
    assert 10 * np.log10(np.mean(speech**2) / np.mean((noisy - speech) ** 2)) == pytest.approx(-5, abs=0.01)
    assert np.array_equal(noisy, Noises(tmp_path / "n.csv").add(speech, snr_db=-5.0, use="test", key="k"))
    assert list(noises._read) == [tmp_path / "b.wav"]
    (tmp_path / "n.csv").write_text("file,use\na.wav,train\na.wav,test\n")
    with pytest.raises(Exception, match="is of both"):
        Noises(tmp_path / "n.csv")


def test_units_are_people_from_five_on():
    probabilities = np.eye(2)[[0, 0, 1, 1, 0, 1]]
    one = Predictions(("a", "b"), list("uvwxyz"), ["p", "p", "p", "q", "q", "q"], np.array([0, 0, 0, 1, 1, 1]),
                      {CLEAN: {"s": probabilities}})  # fmt: skip
    assert Comparison([one], True).units(CLEAN, "s").tolist() == pytest.approx([2 / 3, 2 / 3])
    assert Comparison([one], False).units(CLEAN, "s").tolist() == [1, 1, 0, 1, 0, 1]


@pytest.mark.parametrize(
    ("modality", "name", "message"),
    [
        ("smell", "nose", "modality must be one of lips"),
        ("lips", "resnet", "encoder of lips must be one of lip_cue"),
        ("spectrum", "bands:30", "frames per second of bands must divide 100 but are '30'"),
        ("spectrum", "bands:fast", "must divide 100 but are 'fast'"),
        ("lips", "vatt:missing.safetensors", "missing.safetensors"),
        ("spectrum", "avdcnn:lip_cue", "must be of an AVDCNN with audio"),
    ],
)
def test_encoders_that_are_not_there_are_one_line(modality, name, message):
    with pytest.raises(Exception, match=message) as caught:
        read_encoder(modality, name)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("modality", "name"), [("lips", "lip_cue"), ("lips", "live"), ("voice", "lip_cue")])
def test_frozen_encoders_give_what_their_models_give(modality, name):
    rng = np.random.default_rng(0)
    encoder = read_encoder(modality, name)
    if modality == "voice":
        from avse.signal.voice_features import VoiceFeatures, voice_powers

        waveform = rng.standard_normal(SAMPLE_RATE).astype(np.float32) / 10
        model = zoo.load("lip_cue")
        powers = voice_powers(waveform, sample_rate=SAMPLE_RATE, n_frames=25)
        features = torch.from_numpy(VoiceFeatures().push(powers))[None]
        with torch.inference_mode():
            wanted = model.voice(features, model.voice.initial_state(1, features))[0][0]
        found = encoder(Sources(None, waveform, None, None, ()))
    else:
        from avse.signal.motion import motion_of
        from recipes.recognition.recordings import Crops

        crops = rng.integers(0, 255, (12, 32, 48, 3), dtype=np.uint8)
        motion = torch.from_numpy(motion_of(crops, np.ones(12, bool)))[None]
        video = zoo.load(name).video
        with torch.inference_mode():
            wanted = video(motion, video.initial_state(1, motion))[0][0]
        found = encoder(Sources(Crops(crops, np.ones(12, bool)), None, None, None, ()))
    torch.testing.assert_close(torch.from_numpy(found), wanted)
    assert encoder.input.dim == found.shape[1]


def test_one_command_from_a_folder_to_the_page(videos, tmp_path):
    config = tmp_path / "c.yaml"
    config.write_text("modalities: {spectrum: bands}\nfit: {n_epochs: 2}\ndim: 8\n")
    done = run_stages("own_labels", "--videos", videos, "--exp", tmp_path / "e x", "--config", config, "--workers", "1")
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "e x/RESULTS.md").read_text(encoding="utf-8")
    assert "| spectrum |" in text
    assert "18 recordings of 3 groups" in text
    assert "<h1>Recognition on own videos</h1>" in (tmp_path / "e x/report.html").read_text(encoding="utf-8")


def test_a_leaky_split_says_why_it_is_wrong(videos, tmp_path, capsys):
    evaluate.main(
        EvaluateConfig(
            tmp_path,
            videos,
            modalities={"text": "words"},
            leaky=True,
            n_folds=2,
            final="",
            dim=8,
            fit=FitConfig(n_epochs=1),
        )
    )
    assert "leaky split: recordings of one person stand in training and in test" in capsys.readouterr().err
    assert recognition_results.main([str(tmp_path / "R.md"), "--folder", str(tmp_path), "--command", "c"]) == 0
    assert "Leaky split: recordings of one person" in (tmp_path / "R.md").read_text(encoding="utf-8")


def test_one_command_without_videos_is_one_line(tmp_path):
    done = run_stages("own_labels", "--exp", tmp_path / "e")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "--videos must name the folder of labelled videos but is missing" in done.stderr
    done = run_stages("own_labels", "--exp", tmp_path / "e", "--videos", tmp_path / "gone", "--stages", "evaluate")
    assert done.returncode == 2
    assert "must be a folder but there is none" in done.stderr.splitlines()[-1]
