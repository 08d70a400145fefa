"""The lip network trains from a packed corpus as from its sources: the same examples, the same weights after a kill."""

import json
import pickle
from functools import partial

import numpy as np
import pytest
import soundfile
import torch

from avse.data import packed
from avse.data.crops import save_mouth
from avse.errors import ConfigError
from avse.faces.mouth import MouthTrack
from avse.faces.report import FaceReport
from avse.media.tensors import read_tensors
from avse.models.lip_cue import LipCueConfig
from avse.training.loop_config import LoopConfig
from recipes import pack
from recipes.lip_cue import cue_sources
from recipes.lip_cue import train as program
from recipes.lip_cue.config import ExampleConfig, TrainConfig
from recipes.lip_cue.data import CueDataset
from recipes.lip_cue.packed_sources import first_of_each

RATE = 16000
RECORDINGS = (
    ("never seen", {"video": "x.mp4", "speaker": "f1"}), ("face", {"video": "x.mp4", "speaker": "f0"}),
    ("face", {"video": "x.mp4", "speaker": "f1"}), ("face", {"video": "x.mp4", "speaker": "f0"}),
    *[("speech", {"speaker": "s1"})] * 5, ("speech", {"speaker": "s0"}),
    *[("noise", {"noise_type": "hum"})] * 6, ("noise", {"noise_type": "air"}),
)  # fmt: skip
"""More sentences and noises of one name than are read, and a face that no video frame shows."""


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """A folder with `manifest.jsonl`, `crops`, and both made of them: `sources` and `packed`."""
    folder = tmp_path_factory.mktemp("lips")
    rng = np.random.default_rng(0)
    rows = []
    for split in ("train", "valid"):
        for number, (kind, fields) in enumerate(RECORDINGS):
            name, loudness = f"{split}{number}", np.repeat(rng.uniform(0, 0.2, 12), 2000)
            soundfile.write(folder / f"{name}.wav", loudness * rng.standard_normal(24000), RATE, subtype="PCM_16")
            rows.append({"id": name, "split": split, "audio": f"{name}.wav", "licence": "CC0-1.0", **fields})
            if "video" in fields:
                images = rng.integers(256, size=(37, 32, 48, 3), dtype=np.uint8)
                present = np.full(37, kind == "face")
                track = MouthTrack(np.arange(37) / 25, images, present, FaceReport(1, present.mean(), "largest"))
                save_mouth(folder / "crops" / f"{name}.npz", track)
    (folder / "manifest.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    manifest, crops = str(folder / "manifest.jsonl"), str(folder / "crops")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AVSE_DATA", str(folder))
        assert cue_sources.main([manifest, crops, str(folder / "sources")]) == 0
        assert pack.main([manifest, str(folder / "packed"), "--crops", crops]) == 0
    return folder


def _both(corpus, split="train"):
    plain = cue_sources.load_sources(corpus / "sources", corpus / "crops", split=split)
    return plain, cue_sources.load_sources(corpus / "packed", None, split=split)


@pytest.mark.parametrize("split", ["train", "valid"])
def test_a_packed_corpus_holds_the_recordings_that_the_sources_stage_chooses(corpus, split):
    plain, lazy = _both(corpus, split)
    assert [len(kind) for kind in lazy] == [3, 4, 6] == [len(kind) for kind in plain]
    for one, other in zip([*plain.speech, *plain.noise], [*lazy.speech, *lazy.noise], strict=True):
        assert one.name == other.name
        np.testing.assert_array_equal(one.cue, other.cue)
        np.testing.assert_array_equal(one.powers, other.powers)
    for face, other in zip(plain.faces, lazy.faces, strict=True):
        np.testing.assert_array_equal(face.audio.cue, other.audio.cue)
        np.testing.assert_array_equal(face.mouth.crops[:], other.mouth.crops[:])
    assert [face.audio.name for face in lazy.faces[1:]] == ["f1", "f0"]


def test_examples_are_the_same_from_either_also_in_worker_processes(corpus):
    plain, lazy = _both(corpus)
    config = ExampleConfig(n_examples=40, n_frames=40)
    sets = [CueDataset(sources, config=config, seed=3) for sources in (plain, lazy)]
    sets.append(pickle.loads(pickle.dumps(sets[1])))
    for index in range(40):
        first, *others = [some[1, index] for some in sets]
        for other in others:
            for one, same in zip(first, other, strict=True):
                torch.testing.assert_close(same, one, rtol=0, atol=0)


def test_nothing_is_read_before_an_example_is_drawn(corpus, monkeypatch):
    read = []
    real = packed.decode_sample
    monkeypatch.setattr(packed, "decode_sample", lambda files: read.append(1) or real(files))
    dataset = CueDataset(_both(corpus)[1], config=ExampleConfig(n_frames=40), seed=3)
    assert read == []
    assert dataset[0, 0].cue.shape == (40, 9)
    assert read


def _train(corpus, folder, sources, *, kill_at=None):
    calls = 0

    def loss(model, batch, *, config, real):
        nonlocal calls
        calls += 1
        if calls == kill_at:
            raise KeyboardInterrupt
        return real(model, batch, config=config)

    crops = None if sources == "packed" else corpus / "crops"
    loop = LoopConfig(n_epochs=2, batch_size=2, warmup_steps=2, precision="32-true", checkpoint_every_steps=2)
    config = TrainConfig(
        folder=folder, sources=corpus / sources, crops=crops, loop=loop,
        examples=ExampleConfig(n_examples=6, n_frames=40),
        model=LipCueConfig(video_dim=8, audio_dim=8, embedding_dim=8, widths=(4, 4, 8)),
    )  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(program, "loss_step", partial(loss, real=program.loss_step))
        patch.setattr(program, "validate", lambda model, **_: {"loss": 0.0})  # random crops tell nothing
        program.main(config)
    return read_tensors(folder / "model.safetensors")[0], calls


def test_a_killed_run_from_shards_resumes_to_the_weights_of_one_from_sources(corpus, tmp_path):
    whole, n_steps = _train(corpus, tmp_path / "whole", "sources")
    assert n_steps == 6
    with pytest.raises(KeyboardInterrupt):
        _train(corpus, tmp_path / "killed", "packed", kill_at=4)
    resumed, n_left = _train(corpus, tmp_path / "killed", "packed")
    assert n_left == 4  # from the checkpoint after two steps
    assert whole.keys() == resumed.keys()
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def test_the_first_recordings_of_every_name():
    codes = np.array([2, 0, 2, 2, 1, 0, 2, 0], dtype=np.uint32)
    assert first_of_each(codes, most=2).tolist() == [0, 1, 2, 4, 5]


def test_a_corpus_packed_before_or_without_a_kind_is_refused(corpus, tmp_path):
    import shutil

    for name, words in (("faces/shown.npy", "must tell which faces are seen"), ("noise", "must hold noise of train")):
        shutil.copytree(corpus / "packed", tmp_path / name)
        gone = tmp_path / name / "train" / name
        shutil.rmtree(gone) if gone.is_dir() else gone.unlink()
        with pytest.raises(ConfigError, match=words):
            cue_sources.load_sources(tmp_path / name, None, split="train")
    shutil.copytree(corpus / "packed", tmp_path / "old")
    (tmp_path / "old/train/noise" / packed.NAMES).write_text('["None"]')
    with pytest.raises(ConfigError, match="must name its noises"):
        cue_sources.load_sources(tmp_path / "old", None, split="train")
    with pytest.raises(ConfigError, match="crops must be a folder"):
        cue_sources.load_sources(corpus / "sources", None, split="train")
