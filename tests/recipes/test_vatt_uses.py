"""What is done with a trained VATT: fine-tuning, maps, costs, the other models, and RESULTS.md of all that."""

import json
import shutil
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch

from avse.errors import ConfigError
from avse.media.tensors import write_tensors
from avse.models import zoo
from avse.models.vatt import VATT, VATTConfig
from avse.synthetic.talker import write_video
from avse.training.config import read_config
from recipes.driver_predictions import Predictions, save_predictions
from recipes.vatt import cost, evaluate, finetune, plot, publish, shards, vatt_results
from recipes.vatt.finetune import FinetuneConfig

ROOT = Path(__file__).parents[2]


def _finetune(folder, shards, run, *more):
    config = read_config(
        FinetuneConfig,
        ["--folder", str(folder), "--shards", str(shards), "--pretrained", str(run / "model.safetensors"), "--split",
         "valid", "--loop.n_epochs", "2", "--loop.batch_size", "8", "--loop.warmup_steps", "2", *more],
    )  # fmt: skip
    finetune.main(config)
    return json.loads((folder / "scores.json").read_text())


def test_fine_tuning_learns_the_label_that_is_asked_for(vatt_run, vatt_shards, tmp_path):
    scores = _finetune(tmp_path / "colour", vatt_shards, vatt_run, "--label", "colour")
    assert (scores["label"], scores["n_labels"], scores["split"]) == ("colour", 2, "valid")
    assert 0 <= scores["accuracy"] <= 1
    log = [json.loads(line) for line in (tmp_path / "colour" / "log.jsonl").read_text().splitlines()]
    assert log[-1]["accuracy"] == pytest.approx(scores["accuracy"]) or log[-1]["loss"] > min(r["loss"] for r in log)
    by_source = _finetune(tmp_path / "fresh", vatt_shards, vatt_run, "--label", "digit", "--fresh", "true")
    assert by_source["n_labels"] == 2
    with pytest.raises(ConfigError, match="must have the label weather but none has"):
        _finetune(tmp_path / "weather", vatt_shards, vatt_run, "--label", "weather")


def test_a_map_of_the_features(vatt_run, vatt_shards, tmp_path, capsys):
    model = str(vatt_run / "model.safetensors")
    assert plot.main([model, str(vatt_shards), str(tmp_path / "map.svg"), "--split", "valid"]) == 0
    assert "<svg" in (tmp_path / "map.svg").read_text()
    assert plot.main([model, str(vatt_shards), str(tmp_path / "map.doc"), "--split", "valid"]) == 2
    assert "must end in .png or .svg" in capsys.readouterr().err


def test_videos_of_ones_own_are_distinguished_by_their_folders(tmp_path, capsys):
    for folder, light in (("day", 220), ("night", 30)):
        (tmp_path / "videos" / folder).mkdir(parents=True)
        for number in range(8):
            images = [np.full((32, 48, 3), light + number, np.uint8)] * 10
            write_video(tmp_path / "videos" / folder / f"{number}.mp4", images, timestamps_s=np.arange(10) / 10)
    command = ["--fps", "10", "--sample-rate", "8000", "--duration-s", "1", "--height", "32", "--workers", "1"]
    assert shards.main([str(tmp_path / "videos"), str(tmp_path / "s"), *command, "--valid-share", "0.5"]) == 0
    config = VATTConfig(
        video="tiny", audio="tiny", text="tiny", n_frames=8, height=32, width=48, n_samples=2560, sample_rate=8000,
        vocabulary=64,
    )  # fmt: skip
    zoo.save(tmp_path / "m.safetensors", VATT.build(config))
    options = [str(tmp_path / "m.safetensors"), str(tmp_path / "s")]
    labels = ["--label", "folder", "--label", "speaker"]
    assert evaluate.main([*options, str(tmp_path / "scores.json"), *labels]) == 0
    scores = json.loads((tmp_path / "scores.json").read_text())
    assert scores["trained"] == {
        "retrieval": {},
        "probe": {"folder": 1.0},
        "probe_interval": {"folder": {"low": 1.0, "high": 1.0}},
    }, "silent videos without words"
    assert (
        plot.main([*options, str(tmp_path / "map.png"), "--split", "train", "--split", "valid", "--word", "folder"])
        == 0
    )
    assert (tmp_path / "map.png").is_file()
    assert plot.main([*options, str(tmp_path / "map.png"), "--split", "valid", "--word", "speaker"]) == 2
    assert "must have the label speaker but 0 have" in capsys.readouterr().err
    found = read_config(
        FinetuneConfig, ["--folder", str(tmp_path / "r"), "--shards", options[1], "--pretrained", options[0], "--label",
                         "folder", "--split", "valid", "--loop.n_epochs", "8", "--loop.batch_size", "4"],
    )  # fmt: skip
    finetune.main(found)
    assert json.loads((tmp_path / "r" / "scores.json").read_text())["n_labels"] == 2


@pytest.fixture(scope="module")
def costs(tmp_path_factory):
    output = tmp_path_factory.mktemp("cost") / "cost.json"
    with pytest.MonkeyPatch.context() as patch:
        toy = str(ROOT / "egs/toy/conf/vatt.yaml")
        model = read_config(cost.TrainConfig, ["--config", toy, "--folder", "-", "--shards", "-"]).model
        patch.setattr(cost, "DRY_RUNS", {"BBS": model})
        apart = [cost._apart]

        def measured(*arguments, **options):
            """Apart once, as all are; the others here, without a start of Python for each."""
            return (apart.pop() if apart else cost.step_cost)(*arguments, **options)

        patch.setattr(cost, "_apart", measured)
        assert (
            cost.main(
                [str(output), "--config", str(ROOT / "egs/toy/conf/vatt.yaml"), "--n-steps", "2", "--device", "cpu"]
            )
            == 0
        )
    return output


def test_dropping_tokens_saves_multiply_adds(costs):
    found = json.loads(costs.read_text())
    rates = ["0.75", "0.5", "0.25", "0.0"]
    # The first is of a process that has done nothing else.
    assert 0 < found["drop"]["0.75"]["bytes"] <= found["drop"]["0.0"]["bytes"]
    assert [found["drop"][rate]["tokens"] for rate in rates] == [9, 16, 23, 30]
    work = [found["drop"][rate]["multiply_adds"] for rate in rates]
    assert work == sorted(work)
    assert found["matrix_rate"] > found["drop"]["0.0"]["multiply_adds"] / found["drop"]["0.0"]["seconds"] > 0
    # Forward and backward of the linear layers over each token: three times their weights, and attention beside.
    assert work[-1] > 3 * 24 * 30 * 4 * 12 * 128**2 * 0.9


def test_results_say_what_the_stages_found(vatt_run, vatt_shards, costs, tmp_path):
    run = tmp_path / "vatt"
    shutil.copytree(vatt_run, run)
    assert evaluate.main([str(run / "model.safetensors"), str(vatt_shards), str(run / "scores.json")]) == 0
    for name in (
        "agnostic",
        "drop_0",
        "drop_50",
        "drop_75",
        "flat",
        "mil",
        "noisy",
        "one_window",
        "reference",
        "still",
    ):
        shutil.copytree(run, tmp_path / "variants" / name)
    for label in ("colour", "digit"):
        for kind, accuracy in (("with", 0.75), ("without", 0.5)):
            folder = tmp_path / "finetune" / f"{label}_{kind}"
            folder.mkdir(parents=True)
            (folder / "scores.json").write_text(
                json.dumps({"label": label, "n_labels": 2, "n": 20, "accuracy": accuracy})
            )
    for name, metric in (("avdcnn", "si_sdr_gain_db"), ("live", "face_si_sdr_gain_db")):
        for kind, gain in (("with", 4.25), ("without", 3.5)):
            folder = tmp_path / "transfer" / f"{name}_{kind}"
            folder.mkdir(parents=True)
            (folder / "log.jsonl").write_text(json.dumps({"step": 1, "loss": 2.0, metric: gain}) + "\n")
    levels, sure = np.array([0, 1, 2]), np.eye(3)
    predicted = {"with": sure, "without": np.roll(sure, 1, axis=0)}
    save_predictions(
        tmp_path / "transfer" / "driver_stress" / "predictions" / "00.safetensors",
        [Predictions("drive01", "01", 30, levels, predicted, {})],
    )
    shutil.copy(run / "scores.json", run / "scores_unseen.json")
    output = tmp_path / "RESULTS.md"
    options = ["--run", run, "--variants", tmp_path / "variants", "--cost", costs, "--finetune", tmp_path / "finetune",
               "--transfer", tmp_path / "transfer", "--figure", tmp_path / "figures" / "features.png",
               "--command", "egs/toy/run.sh"]  # fmt: skip
    assert vatt_results.main([str(output), *map(str, options)]) == 0
    assert "## Targets" not in output.read_text()
    options += ["--targets", ROOT / "egs/grid_vatt/targets.yaml"]
    assert vatt_results.main([str(output), *map(str, options)]) == 0
    text = output.read_text()
    parts = [
        "## Unseen speakers, valid",
        "Among windows of each of 1 speakers by themselves",
        "## Targets",
        "| audio to video, R@1 by chance | 10 times |",
        "| training | 60 minutes |",
        "| text to video | chance |",
        "| colour | 2 | 20 | 75.0% | 50.0% |",
        "### Hierarchy against a flat common space",
        "| 75% | 9 |",
        "| AVDCNN | video | SI-SDR gain dB | 4.25 | 3.50 |",
        "| driver stress | audio | balanced accuracy, 1 drivers | 1.000 | 0.000 |",
        "![t-SNE",
    ]
    assert [part for part in parts if part not in text] == []
    shutil.rmtree(tmp_path / "variants" / "mil")
    assert vatt_results.main([str(output), *map(str, options)]) == 2
    assert output.read_text() == text, "nothing is half-written"


def test_weights_are_published_with_a_card_of_what_was_measured(vatt_run, vatt_shards, tmp_path, capsys):
    run, manifest = tmp_path / "vatt", tmp_path / "manifest.jsonl"
    shutil.copytree(vatt_run, run)
    item = {"id": "a", "split": "train", "audio": "a.mkv", "video": "a.mkv", "licence": "CC-BY-4.0", "speaker": "s1",
            "attribution": "Somebody 2020"}  # fmt: skip
    manifest.write_text(json.dumps(item) + "\n", encoding="utf-8")
    arguments = ["--run", str(run), "--manifest", str(manifest), "--output", str(tmp_path / "package")]
    assert publish.main(arguments) == 2
    assert "scores.json must be there but are not; run the stages" in capsys.readouterr().err
    assert not (tmp_path / "package").exists()
    for name, more in (("scores", []), ("scores_unseen", ["--each-group"])):
        scores = run / f"{name}.json"
        assert evaluate.main([str(run / "model.safetensors"), str(vatt_shards), str(scores), *more]) == 0
    assert publish.main(arguments) == 0
    card = (tmp_path / "package/vatt.md").read_text(encoding="utf-8")
    found = json.loads((run / "scores.json").read_text())["trained"]["retrieval"]["audio to video"]
    assert f"| audio to video | trained | {found['n']:g} | {found['recall_at_1']:.1%} |" in card
    assert "1 clips of 1 talking faces" in card
    assert "  - Somebody 2020" in card
    for heading in ("## Data", "## Licence", "## Training", "## Scores", "## Limits"):
        assert heading in card
    whole, half = (zoo.load(str(path)) for path in (run / "model.safetensors", tmp_path / "package/vatt.safetensors"))
    for name, tensor in half.state_dict().items():
        torch.testing.assert_close(tensor, whole.state_dict()[name], atol=1e-3, rtol=1e-3)


def test_vatts_encoders_begin_other_models(vatt_run, tmp_path):
    from avse.models.avdcnn import AVDCNN
    from avse.models.avdcnn_config import AVDCNNConfig
    from avse.models.driver_stress import DriverStress, DriverStressConfig, ModalityConfig
    from avse.models.live import Live, LiveConfig
    from avse.models.transfer import with_vatt
    from avse.nn.encoders.pretrained import CropTokensConfig

    weights = tmp_path / "vatt.safetensors"
    vatt = VATT.build(
        VATTConfig(
            video="tiny", audio="tiny", text="tiny", n_frames=24, height=32, width=48, n_samples=15360, vocabulary=64
        )
    )
    zoo.save(weights, vatt)
    tokens = CropTokensConfig()
    avdcnn = AVDCNN.build(AVDCNNConfig(tokens=tokens, lip_height=32, lip_width=48))
    stress = DriverStress.build(
        DriverStressConfig(modalities={"heart": ModalityConfig(("rate",), 4.0)}, encoder="tokens")
    )
    live = Live.build(LiveConfig(tokens=tokens))
    for model, holder, modality in (
        (avdcnn, avdcnn.video, "video"), (live, live.video, "video"), (stress, stress.encoders["heart"], "audio"),
    ):  # fmt: skip
        given = vatt.encoder(modality).state_dict()
        assert not np.array_equal(holder.encoder.aggregate.detach(), given["aggregate"])
        assert with_vatt(model, None) is model
        with_vatt(model, weights)
        for name, tensor in holder.encoder.state_dict().items():
            np.testing.assert_array_equal(tensor, given[name])
        # And what is saved is had back, its configuration too.
        zoo.save(tmp_path / "m.safetensors", model)
        assert asdict(zoo.load(str(tmp_path / "m.safetensors")).config) == asdict(model.config)
    with pytest.raises(ConfigError, match="must read video by tokens to begin with"):
        with_vatt(Live.build(LiveConfig()), weights)
    with pytest.raises(ConfigError, match="must be of the sizes of that of live but is not"):
        with_vatt(Live.build(LiveConfig(tokens=CropTokensConfig(grid=(2, 2, 3)))), weights)
    write_tensors(tmp_path / "broken.safetensors", {}, header={"model": "nothing"})
    with pytest.raises(ConfigError):
        with_vatt(live, tmp_path / "broken.safetensors")


def test_with_tokens_the_live_model_is_exported_and_avdcnn_reaches_no_farther_than_it_says(tmp_path):
    from avse.models.avdcnn import AVDCNN
    from avse.models.avdcnn_config import AVDCNNConfig
    from avse.models.live import Live, LiveConfig
    from avse.models.live_onnx import export
    from avse.nn.encoders.pretrained import CropTokensConfig

    torch.manual_seed(0)
    small = LiveConfig(channels=8, band_state_dim=4, state_dim=16, video_dim=12, gate_dim=8, tokens=CropTokensConfig())
    assert export(Live.build(small).eval(), tmp_path / "live.onnx") < 1e-4
    config = AVDCNNConfig(normalisation_radius=3, lip_height=32, lip_width=48, tokens=CropTokensConfig())
    model = AVDCNN.build(config).eval()
    rng = np.random.default_rng(0)
    noisy = (rng.standard_normal((257, 40)) + 1j * rng.standard_normal((257, 40))).astype(np.complex64)
    crops = rng.integers(0, 255, (40, 32, 48, 3), dtype=np.uint8)
    present = np.ones(40, bool)
    before = model.estimate_spectrum(noisy, crops, present)
    crops[20] = 0
    change = np.abs(model.estimate_spectrum(noisy, crops, present) - before).max(axis=0)
    reached = np.flatnonzero(change > 1e-6)
    assert 2 < np.abs(reached - 20).max() <= model.context_frames
