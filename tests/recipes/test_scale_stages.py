"""Stages on executors and shares end as plain runs do; a packed corpus gives training the examples of the files."""

import json

import numpy as np
import pytest
import soundfile
import torch

from avse.data.corpus import load_corpus
from avse.data.crops import save_mouth
from avse.data.dataset import MixtureDataset
from avse.data.mix_config import MixConfig
from avse.errors import ConfigError
from avse.faces.mouth import MouthTrack
from avse.faces.report import FaceReport
from avse.jobs.journal import read_journal
from recipes import pack
from recipes.speech_benchmark import find_mouths as crops
from recipes.speech_benchmark import score_mixtures as score_stage

RATE = 16000
KINDS = {"face": {"video": "x.mp4", "speaker": "f"}, "speech": {"speaker": "s"}, "noise": {"noise_type": "hum"}}


@pytest.fixture
def corpus(tmp_path, monkeypatch):
    """Three recordings of each kind, with crops of the faces: the manifest."""
    monkeypatch.setenv("AVSE_DATA", str(tmp_path))
    rng = np.random.default_rng(0)
    rows = []
    for kind, fields in KINDS.items():
        for number in range(3):
            name = f"{kind}{number}"
            soundfile.write(tmp_path / f"{name}.wav", 0.1 * rng.standard_normal(20000 - 3000 * number), RATE)
            own = {**fields, "speaker": f"{fields['speaker']}{number}"} if "speaker" in fields else fields
            rows.append({"id": name, "split": "train", "audio": f"{name}.wav", "licence": "CC0-1.0", **own})
            if kind == "face":
                images = rng.integers(256, size=(30, 48, 72, 3), dtype=np.uint8)
                mouth = MouthTrack(np.arange(30) / 25, images, np.ones(30, bool), FaceReport(1, 1.0, "largest"))
                (tmp_path / "crops").mkdir(exist_ok=True)
                save_mouth(tmp_path / "crops" / f"{name}.npz", mouth)
    (tmp_path / "manifest.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tmp_path / "manifest.jsonl"


def _examples(manifest, folder):
    found = load_corpus(manifest, folder, split="train", sample_rate=RATE)
    config = MixConfig(n_samples=8000, any_speaker_probability=0.5)
    mixtures = MixtureDataset(found, config=config, seed=1, hop=320, sample_rate=RATE, n_audio_only=2)
    return [mixtures[0, index] for index in range(len(mixtures))]


def test_a_packed_corpus_gives_the_same_examples_as_its_files(corpus, tmp_path, capsys):
    assert pack.main([str(corpus), str(tmp_path / "packed"), "--crops", str(tmp_path / "crops")]) == 0
    plain, packed = _examples(corpus, tmp_path / "crops"), _examples(corpus, tmp_path / "packed")
    assert len(plain) == len(packed) == 5
    for one, other in zip(plain, packed, strict=True):
        for field, value in zip(one, other, strict=True):
            torch.testing.assert_close(value, field)
    # Again does nothing; at another rate it is another corpus.
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "packed").rglob("*.tar")}
    assert pack.main([str(corpus), str(tmp_path / "packed"), "--crops", str(tmp_path / "crops")]) == 0
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "packed").rglob("*.tar")} == before
    capsys.readouterr()
    assert pack.main([str(corpus), str(tmp_path / "packed"), "--sample-rate", "8000"]) == 2
    assert "must hold this corpus at this rate but holds another" in capsys.readouterr().err
    with pytest.raises(ConfigError, match="must be of 8000 Hz but is of 16000 Hz"):
        load_corpus(corpus, tmp_path / "packed", split="train", sample_rate=8000)
    with pytest.raises(ConfigError, match="must hold talking faces of valid but holds none"):
        load_corpus(corpus, tmp_path / "packed", split="valid", sample_rate=RATE)


def test_a_kill_while_packing_leaves_no_half_kind(corpus, tmp_path, capsys):
    (tmp_path / "crops" / "face2.npz").rename(tmp_path / "away.npz")
    folder = tmp_path / "packed"
    assert pack.main([str(corpus), str(folder), "--crops", str(tmp_path / "crops")]) == 2
    err = capsys.readouterr().err
    assert "pack: error: train faces was not packed: " in err
    assert "face2.npz must exist but do not" in err
    assert not (folder / "train" / "faces").exists()
    assert not (folder / "packed.json").exists()
    assert sorted(path.name for path in (folder / "train").iterdir() if path.name[0] != ".") == ["noise", "speech"]
    (tmp_path / "away.npz").rename(tmp_path / "crops" / "face2.npz")
    assert pack.main([str(corpus), str(folder), "--crops", str(tmp_path / "crops")]) == 0
    assert len(_examples(corpus, folder)) == 5


def test_a_corpus_packed_by_shares_is_that_of_one_run_and_complete_only_with_the_last(corpus, tmp_path, capsys):
    given = ["--crops", str(tmp_path / "crops"), "--workers", "1"]
    assert pack.main([str(corpus), str(tmp_path / "whole"), *given]) == 0
    folder = tmp_path / "shared"
    for share, n in ((2, 3), (1, 6)):  # of faces, noise and speech, 3 of each
        assert not (folder / "packed.json").exists()
        capsys.readouterr()
        assert pack.main([str(corpus), str(folder), *given, "--shard", f"{share}/2"]) == 0
        assert f"{n} recordings packed" in capsys.readouterr().err
    own, expected = (
        {path.relative_to(place): path.read_bytes() for path in place.glob("train/*/*")}
        for place in (folder, tmp_path / "whole")
    )
    assert len(own) > 9
    assert own == expected
    assert len(_examples(corpus, folder)) == 5
    assert set(read_journal(folder / "pack-1-of-2.journal.jsonl").entries) == {"train faces", "train speech"}
    assert pack.main([str(corpus), str(folder), *given, "--journal", str(tmp_path / "j.jsonl")]) == 0


def test_two_runs_at_once_pack_every_kind_once(corpus, tmp_path, monkeypatch):
    given = ["--crops", str(tmp_path / "crops"), "--workers", "1"]
    assert pack.main([str(corpus), str(tmp_path / "whole"), *given]) == 0
    folder, real = tmp_path / "both", pack.pack_bank

    def overtaken(*arguments, **options):
        """Pack, and let another run do all of it before this one ends."""
        n = real(*arguments, **options)
        monkeypatch.setattr(pack, "pack_bank", real)
        assert pack.main([str(corpus), str(folder), *given]) == 0
        return n

    monkeypatch.setattr(pack, "pack_bank", overtaken)
    assert pack.main([str(corpus), str(folder), *given]) == 0
    own, expected = (
        {path.relative_to(place): path.read_bytes() for path in place.rglob("*") if path.is_file()}
        for place in (folder, tmp_path / "whole")
    )
    assert own == expected
    assert not list(folder.rglob("*.part"))


def test_crops_by_shares_are_all_crops(tmp_path, media, monkeypatch, capsys):
    monkeypatch.setenv("AVSE_DATA", str(media))
    rows = [{"id": f"c{n}", "split": "train", "audio": "talk.mp4", "video": "talk.mp4", "licence": "CC0-1.0",
             "speaker": "a"} for n in range(2)]  # fmt: skip
    rows.append({**rows[0], "id": "gone", "video": "gone.mp4"})
    (tmp_path / "m.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    folder = tmp_path / "crops"
    codes = [
        crops.main([str(tmp_path / "m.jsonl"), str(folder), "--shard", f"{i}/2", "--workers", "1"]) for i in (1, 2)
    ]
    assert codes == [1, 0]
    assert sorted(path.name for path in folder.glob("*.npz")) == ["c0.npz", "c1.npz"]
    found = [json.loads((folder / f"found-{i}-of-2.json").read_text()) for i in (1, 2)]
    assert sorted(row["id"] for rows in found for row in rows) == ["c0", "c1", "gone"]
    journal = read_journal(folder / "crops-1-of-2.journal.jsonl")
    assert set(journal.entries) == {"c0", "gone"}
    assert "gone.mp4" in capsys.readouterr().err


def test_scores_on_the_pool_are_those_of_a_plain_run(tmp_path, monkeypatch):
    monkeypatch.setenv("AVSE_DATA", str(tmp_path))
    rng = np.random.default_rng(0)
    for name in ("clip", "hum"):
        soundfile.write(tmp_path / f"{name}.wav", 0.1 * rng.standard_normal(RATE), RATE)
    noise = [{"path": "hum.wav", "offset_s": 0.0}]
    rows = [{"id": f"m{snr}", "clip": "clip", "split": "test_seen", "noise_type": "hum", "noise": noise, "snr_db": snr}
            for snr in (-5.0, 5.0)]  # fmt: skip
    (tmp_path / "mixtures.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    item = {"id": "clip", "split": "test_seen", "audio": "clip.wav", "licence": "none", "speaker": "s1"}
    (tmp_path / "manifest.jsonl").write_text(json.dumps(item) + "\n")
    common = ["--mixtures", str(tmp_path / "mixtures.jsonl"), "--manifest", str(tmp_path / "manifest.jsonl"),
              "--metrics", "si_sdr_db", "--workers", "1"]  # fmt: skip
    assert score_stage.main([str(tmp_path / "plain.jsonl"), *common]) == 0
    assert score_stage.main([str(tmp_path / "pool.jsonl"), *common, "--journal", str(tmp_path / "j.jsonl")]) == 0
    assert (tmp_path / "plain.jsonl").read_text() == (tmp_path / "pool.jsonl").read_text()
    assert all(entry.is_done for entry in read_journal(tmp_path / "j.jsonl").entries.values())
    # Shares leave their parts; the run without one takes them, scores nothing again, and writes the whole.
    shared = str(tmp_path / "shared.jsonl")
    for share in ("1/2", "2/2"):
        assert score_stage.main([shared, *common, "--shard", share]) == 0
    parts = sorted(path.name for path in tmp_path.glob("shared.jsonl*"))
    assert parts == ["shared.jsonl.1-of-2.part", "shared.jsonl.2-of-2.part"]
    monkeypatch.setattr(score_stage, "_score_task", _scored_again)
    assert score_stage.main([shared, *common]) == 0
    assert (tmp_path / "shared.jsonl").read_text() == (tmp_path / "plain.jsonl").read_text()
    assert [path.name for path in tmp_path.glob("shared.jsonl*")] == ["shared.jsonl"]


def _scored_again(task, **_):
    raise AssertionError(f"{task} was scored by a share")
