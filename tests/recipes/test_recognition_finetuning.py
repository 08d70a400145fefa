"""Fine-tuned encoders: their weights move, frozen ones do not, and a new video is classified as in the evaluation."""

import json

import numpy as np
import pytest
import torch

from avse.models import zoo
from avse.models.recognition import Recognizer, RecognizerConfig
from avse.models.vatt import VATT, VATTConfig
from avse.synthetic.head import PEOPLE
from avse.synthetic.talker import render_video, write_video
from recipes.recognition import evaluate, predict
from recipes.recognition import fit as fitting
from recipes.recognition.batches import to_batch
from recipes.recognition.encoders import read_encoder
from recipes.recognition.evaluate import EvaluateConfig
from recipes.recognition.examples import LabelledRecording
from recipes.recognition.features import CLEAN, Features
from recipes.recognition.fit import FitConfig, fit
from recipes.recognition.folds import folds_of
from recipes.recognition.predictions import load_predictions
from recipes.recognition.recordings import Crops, Sources

TINY = FitConfig(n_epochs=3, batch_size=4, modality_dropout=0.0)


def _rows(modality, encoder, n=6):
    """Crops of noise that is brighter on one side, by label."""
    rng, rows = np.random.default_rng(0), []
    size = {"lips": (32, 48), "face": (48, 48)}[modality]
    for number in range(n):
        crops = rng.integers(0, 100, (8, *size, 3)).astype(np.uint8)
        crops[:, :, : size[1] // 2] += np.uint8(100 * (number % 2))
        source = Crops(crops, np.ones(8, bool))
        sources = Sources(source if modality == "lips" else None, None, None, None, (), source)
        example = LabelledRecording(str(number), __file__, "ab"[number % 2], "p", file_id=str(number))
        rows.append(Features(example, {CLEAN: {modality: encoder(sources)}}, ()))
    return rows, np.arange(n) % 2


def _fitted(modality, name, config=TINY):
    encoder = read_encoder(modality, name)
    rows, labels = _rows(modality, encoder)
    sizes = RecognizerConfig({modality: encoder.input}, ("a", "b"), dim=8)
    return fit(rows, labels, sizes=sizes, config=config, seed=1), rows, encoder


@pytest.mark.parametrize(
    ("modality", "name"), [("lips", "lip_cue"), ("lips", "live"), ("lips", "avdcnn"), ("face", "cnn")]
)
def test_weights_move_when_fine_tuned_and_not_when_frozen(modality, name):
    shipped = {
        key: tensor.clone() for key, tensor in read_encoder(modality, f"fine-tuned {name}").network.state_dict().items()
    }
    tuned, _, encoder = _fitted(modality, f"fine-tuned {name}")
    moved = [key for key, _ in encoder.network.named_parameters()
             if not torch.equal(tuned.encoders[modality].state_dict()[key], shipped[key])]  # fmt: skip
    assert len(moved) == len(list(encoder.network.parameters()))
    for key, tensor in encoder.network.state_dict().items():
        assert torch.equal(tensor, shipped[key]), key  # what other folds begin with
    frozen, rows, encoder = _fitted(modality, name)
    assert not frozen.encoders
    assert encoder.network is None
    assert rows[0].of(CLEAN, modality).shape == (8, encoder.input.dim)


def test_without_a_learning_rate_the_encoder_stays_what_it_was():
    still, _, encoder = _fitted(
        "lips", "fine-tuned lip_cue", FitConfig(n_epochs=2, batch_size=4, encoder_learning_rate=0.0)
    )
    for key, parameter in encoder.network.named_parameters():
        assert torch.equal(still.encoders["lips"].state_dict()[key], parameter), key


@pytest.mark.parametrize("name", ["lip_cue", "avdcnn"])
def test_before_training_a_fine_tuned_network_is_the_frozen_one(name):
    frozen, tuned = (_fitted("lips", n, FitConfig(n_epochs=0)) for n in (name, f"fine-tuned {name}"))
    tuned[0].load_state_dict(frozen[0].state_dict(), strict=False)
    one, other = (
        fitting.predict(model, to_batch(rows, dict(model.config.inputs), [CLEAN] * len(rows)))
        for model, rows, _ in (frozen, tuned)
    )
    np.testing.assert_allclose(other, one, atol=1e-5)
    for key in ("mean_lips", "std_lips"):
        torch.testing.assert_close(getattr(tuned[0], key), getattr(frozen[0], key), atol=1e-4, rtol=1e-4)


def _vatt(path, **settings):
    torch.manual_seed(0)
    config = VATTConfig(video="tiny", audio="tiny", text="tiny", n_frames=8, fps=25.0, height=16, width=24,
                        patch=(4, 8, 8), n_samples=1280, sample_rate=16000, movement=True, **settings)  # fmt: skip
    zoo.save(path, VATT.build(config))
    return f"vatt:{path}"


def test_vatts_encoder_is_the_frozen_one_for_each_video_frame_and_moves(tmp_path):
    name = _vatt(tmp_path / "v.safetensors")
    frozen, tuned = read_encoder("lips", name), read_encoder("lips", f"fine-tuned {name}")
    crops = np.random.default_rng(0).integers(0, 255, (13, 32, 48, 3)).astype(np.uint8)
    sources = Sources(Crops(crops, np.ones(13, bool)), None, None, None, ())
    with torch.no_grad():
        rows = tuned.network(torch.from_numpy(tuned(sources))[None])[0].numpy()
    np.testing.assert_allclose(rows, np.repeat(frozen(sources), 4, axis=0)[:13], atol=1e-5)
    assert (frozen.input.rate_hz, tuned.input.rate_hz) == (6.25, 25.0)
    model, _, encoder = _fitted("lips", f"fine-tuned {name}")
    assert not torch.equal(
        model.encoders["lips"].encoder.encoder.tokens.project.weight,
        encoder.network.encoder.encoder.tokens.project.weight,
    )
    with pytest.raises(Exception, match="encoder of lips must be one that can be fine-tuned but vatt cannot"):
        read_encoder("lips", "fine-tuned " + _vatt(tmp_path / "shared.safetensors", shared=True))


@pytest.mark.parametrize(("modality", "n_rows"), [("waveform", 7), ("text", 3)])
def test_vatts_audio_and_text_are_the_frozen_ones_and_move(tmp_path, modality, n_rows):
    name = _vatt(tmp_path / "v.safetensors")
    frozen, tuned = read_encoder(modality, name), read_encoder(modality, f"fine-tuned {name}")
    waveform = 0.1 * np.random.default_rng(0).standard_normal(7 * 640).astype(np.float32)
    sources = Sources(None, waveform, "bin blue now", None, ())
    read = tuned(sources)
    with torch.no_grad():
        alone = tuned.network(torch.from_numpy(read)[None])[0].numpy()
        longer = np.pad(read, ((0, 2), (0, 0)))  # as where another recording of the batch is longer
        beside = tuned.network(torch.from_numpy(longer)[None])[0].numpy()
    np.testing.assert_allclose(alone, frozen(sources), atol=1e-5)
    np.testing.assert_allclose(beside[:n_rows], alone, atol=1e-5)
    assert alone.shape == (n_rows, frozen.input.dim)
    assert tuned.input.rate_hz == frozen.input.rate_hz

    rows = [
        Features(LabelledRecording(str(k), __file__, "ab"[k % 2], "p", file_id=str(k)), {CLEAN: {modality: some}}, ())
        for k, some in enumerate([read, read[: n_rows - 1]] * 2)
    ]
    sizes = RecognizerConfig({modality: tuned.input}, ("a", "b"), dim=8)
    model = fit(rows, np.arange(4) % 2, sizes=sizes, config=TINY, seed=1)
    trained, begun = model.encoders[modality].state_dict(), tuned.network.state_dict()
    assert not torch.equal(trained["encoder.encoder.aggregate"], begun["encoder.encoder.aggregate"])
    batch = to_batch(rows, dict(sizes.inputs), [CLEAN] * 4)
    assert not batch.frames[modality][1, n_rows - 1].any()  # silence, no word: not the last row again
    zoo.save(tmp_path / "r.safetensors", model)
    again = zoo.load(tmp_path / "r.safetensors")
    np.testing.assert_allclose(fitting.predict(again, batch), fitting.predict(model, batch), atol=1e-6)

    with pytest.raises(Exception, match=f"encoder of {modality} must be one that can be fine-tuned but vatt cannot"):
        read_encoder(modality, "fine-tuned " + _vatt(tmp_path / "shared.safetensors", shared=True))


def test_what_cannot_be_fine_tuned_is_one_line():
    with pytest.raises(
        Exception, match="encoder of spectrum must be one that can be fine-tuned but bands cannot"
    ) as caught:
        read_encoder("spectrum", "fine-tuned bands")
    assert "\n" not in str(caught.value)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Two people, mouths that open slowly or fast; lips and whole face, both fine-tuned."""
    folder = tmp_path_factory.mktemp("tuned")
    for label, period in (("slow", 12), ("fast", 4)):
        for number, person in enumerate(PEOPLE[:2]):
            for clip in range(2):
                path = folder / "videos" / label / f"p{number}" / f"{clip}.mp4"
                path.parent.mkdir(parents=True, exist_ok=True)
                opening = 0.5 + 0.5 * np.sin(2 * np.pi * np.arange(14) / period + clip)
                images = render_video(person, opening, np.random.default_rng(clip), size=(160, 120))
                write_video(path, images, timestamps_s=np.arange(14) / 25)
    config = EvaluateConfig(
        folder / "run", folder / "videos", modalities={"lips": "fine-tuned lip_cue", "face": "fine-tuned cnn"},
        n_inner_folds=2, fit=FitConfig(n_epochs=2, batch_size=4), dim=8,
    )  # fmt: skip
    evaluate.main(config)
    return config


def test_a_new_video_is_classified_as_in_the_evaluation(run, capsys):
    """The network of one fold, written and loaded, on the videos that the evaluation tested with it."""
    rows, names = evaluate.prepared(run)
    fold = folds_of([row.example for row in rows], n_folds=0, leaky=False, tested="test", seed=run.seed)[0]
    training = evaluate.training_of([rows[i] for i in fold.train], names, run, seed=run.seed)
    path = run.folder / "fold.safetensors"
    zoo.save(path, training.network("late", list(training.inputs)))
    evaluated = load_predictions([run.folder / "predictions/0/000.safetensors"])
    for number, i in enumerate(fold.test):
        example = rows[i].example
        capsys.readouterr()
        assert predict.main([str(path), str(example.path), "--json"]) == 0
        found = json.loads(capsys.readouterr().out)["probabilities"]
        wanted = evaluated.systems[CLEAN]["concatenate late"][evaluated.ids.index(example.id)]
        assert [found[name] for name in names] == pytest.approx(list(wanted), abs=2e-3), number


def test_the_final_model_holds_its_encoders(run):
    model = zoo.load_as(Recognizer, run.folder / "model.safetensors")
    assert set(model.encoders) == {"lips", "face"}
    assert type(model.encoders["lips"].encoder) is type(model.encoders["face"].encoder)
    shipped = read_encoder("lips", "fine-tuned lip_cue").network.state_dict()
    assert not torch.equal(
        model.encoders["lips"].state_dict()["encoder.project.weight"], shipped["encoder.project.weight"]
    )


def test_crops_of_faces_lie_apart_from_those_of_mouths_and_show_more(run):
    mouth, face = (np.load(run.folder / "crops" / f / "slow/p0/0.npz")["crops"] for f in ("", ".faces"))
    assert (mouth.shape[1:], face.shape[1:]) == ((32, 48, 3), (48, 48, 3))
    # The eyes lie in the upper half of a face's crop: darker than the forehead above and the cheeks below.
    rows = face.astype(float).mean(axis=(0, 2, 3))
    assert rows[14:24].min() < min(rows[8:12].mean(), rows[28:32].mean())


def test_a_new_encoders_features_are_normalised_as_training_gives_them():
    model, rows, _ = _fitted("face", "fine-tuned cnn", FitConfig(n_epochs=0))
    batch = to_batch(rows, dict(model.config.inputs), [CLEAN] * len(rows))
    for name, module in model.named_modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            assert module.momentum == 0.1, name
            module.train()  # as in training: by the batch, which here is all there is
    with torch.no_grad():
        features = (model.encoded("face", batch.frames["face"]) - model.mean_face) / model.std_face
    assert float(features.std(dim=(0, 1)).median()) == pytest.approx(1, abs=0.2)
