"""The steered model trains from a packed corpus as from its files: the same examples, the same weights after a stop."""

import numpy as np
import pytest
import torch
from audio_files import write_audio

from avse.data import packed
from avse.data.manifest import Item, write_manifest
from avse.media.tensors import read_tensors
from avse.training.config import read_config
from recipes import pack
from recipes.steered import core
from recipes.steered.config import CoreTrainConfig
from recipes.steered.data import load_dataset

RATE = 16000
SMALL = {
    "mix.durations_s": "[1.0]", "mix.examples_per_epoch": "8", "mix.talker_probability": "0.5", "n_valid": "2",
    "model.channels": "8", "channel.measured_share": "0", "loop.batch_size": "4", "loop.precision": "32-true",
    "loop.n_workers": "0", "loop.n_epochs": "2", "loop.warmup_steps": "1", "loop.checkpoint_every_steps": "1",
}  # fmt: skip
RECORDINGS = (("speech", "s0"), ("speech", "s1"), ("speech", "s0"), ("face", "f0"), ("face", "f1"), ("noise", "hum"))
"""Kind, and speaker or type of noise."""


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """A folder with `manifest.jsonl` and the corpus packed; faces without crops, for only their audio is used."""
    root, rng, items = tmp_path_factory.mktemp("voices"), np.random.default_rng(0), []
    for split in ("train", "valid"):
        for index, (kind, name) in enumerate(RECORDINGS):
            path, loudness = f"{split}{index}.wav", np.repeat(rng.uniform(0.01, 0.2, 16), 2000)
            write_audio(root / path, (loudness * rng.standard_normal(32000)).astype(np.float32), RATE)
            own = {"noise_type": name} if kind == "noise" else {"speaker": name}
            video = "x.mp4" if kind == "face" else None
            items.append(Item(id=path[:-4], split=split, audio=path, video=video, licence="CC0-1.0", **own))
    write_manifest(root / "manifest.jsonl", items)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AVSE_DATA", str(root))
        assert pack.main([str(root / "manifest.jsonl"), str(root / "packed"), "--workers", "1"]) == 0
    return root


@pytest.fixture
def config(corpus, tmp_path, monkeypatch):
    """A small run of the audio core, by the folder of its audio."""
    monkeypatch.setenv("AVSE_DATA", str(corpus))

    def of(audio, *, name="run", **settings):
        flags = [part for key, value in {**SMALL, **settings}.items() for part in (f"--{key}", value)]
        places = ["--folder", tmp_path / name, "--manifest", corpus / "manifest.jsonl", "--audio", corpus / audio]
        return read_config(CoreTrainConfig, [*map(str, places), *flags])

    return of


@pytest.mark.parametrize("split", ["train", "valid"])
def test_examples_are_those_of_the_files_and_nothing_is_read_before(config, monkeypatch, split):
    read, decode = [], packed.decode_sample
    plain = load_dataset(config("audio"), split=split, sample_rate=RATE)
    monkeypatch.setattr(packed, "decode_sample", lambda files: read.append(1) or decode(files))
    lazy = load_dataset(config("packed"), split=split, sample_rate=RATE)
    assert read == []
    assert len(plain) == len(lazy) == (8 if split == "train" else 2)
    for index in range(len(plain)):
        for field, other in zip(plain[1, index], lazy[1, index], strict=True):
            torch.testing.assert_close(other, field, rtol=0, atol=0)
    assert read


def test_a_run_from_shards_that_is_stopped_resumes_to_the_weights_of_one_from_files(config, tmp_path):
    core.main(config("audio", name="whole"))
    core.main(config("packed", name="stopped", **{"loop.max_minutes": "0.0001"}))
    assert not (tmp_path / "stopped" / "model.safetensors").exists()
    core.main(config("packed", name="stopped"))
    whole, resumed = (read_tensors(tmp_path / name / "model.safetensors")[0] for name in ("whole", "stopped"))
    assert whole.keys() == resumed.keys()
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def test_a_manifest_is_not_read_where_the_corpus_is_packed(config, corpus, monkeypatch):
    monkeypatch.setattr("recipes.steered.data.read_manifest", lambda path: pytest.fail(f"{path} was read"))
    dataset = load_dataset(config("packed"), split="train", sample_rate=RATE)
    assert len(dataset) == 8
