"""Stages with lists, corpora and outputs at URLs end as those with local ones, and again do only what is left."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from avse.data.corpus import load_corpus
from avse.data.crops import load_mouth, save_mouth
from avse.data.shard_index import spans_of
from avse.errors import MediaError
from avse.faces.mouth import MouthTrack
from avse.faces.report import FaceReport
from avse.jobs import urls
from recipes import pack
from recipes.speech_benchmark import crop_store, score_mixtures
from recipes.speech_benchmark import find_mouths as crops
from recipes.vatt import shards

RATE = 16000


def _lines(rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


@pytest.fixture
def talks(memory, media, monkeypatch):
    """Two talking faces and a manifest that names a third, in memory: the folder."""
    monkeypatch.setenv("AVSE_DATA", "memory://talks")
    for name in ("a", "b"):
        memory.pipe_file(f"/talks/video/{name}.mp4", (media / "talk.mp4").read_bytes())
    rows = [{"id": name, "split": "train", "audio": f"video/{name}.mp4", "video": f"video/{name}.mp4",
             "licence": "CC0-1.0", "speaker": name, "text": "one two"} for name in ("a", "b", "gone")]  # fmt: skip
    memory.pipe_file("/talks/m.jsonl", _lines(rows).encode())
    return "memory://talks"


def test_crops_at_a_url_are_those_of_local_videos_and_made_once(talks, memory, media, tmp_path, monkeypatch, capsys):
    arguments = [f"{talks}/m.jsonl", f"{talks}/crops", "--workers", "1"]
    assert crops.main(arguments) == 1
    err = capsys.readouterr().err
    assert "crops: error: memory://talks/video/gone.mp4 must exist but does not" in err
    assert sorted(memory.ls("/talks/crops", detail=False)) == [
        "/talks/crops/.crops", "/talks/crops/a.npz", "/talks/crops/b.npz", "/talks/crops/found.json"
    ]  # fmt: skip
    found = json.loads(memory.cat_file("/talks/crops/found.json"))
    assert [row["id"] for row in found] == ["a", "b", "gone"]
    urls.fetch(f"{talks}/crops/a.npz", tmp_path / "a.npz")
    (tmp_path / "m.jsonl").write_text(_lines([json.loads(memory.cat_file("/talks/m.jsonl").splitlines()[0])]))
    (tmp_path / "video").mkdir()
    (tmp_path / "video/a.mp4").write_bytes((media / "talk.mp4").read_bytes())
    monkeypatch.setenv("AVSE_DATA", str(tmp_path))
    assert crops.main([str(tmp_path / "m.jsonl"), str(tmp_path / "local"), "--workers", "1"]) == 0
    mouth, expected = load_mouth(tmp_path / "a.npz"), load_mouth(tmp_path / "local/a.npz")
    np.testing.assert_array_equal(mouth.crops[:], expected.crops[:])
    np.testing.assert_array_equal(mouth.present, expected.present)
    # Again only what changed is made.
    monkeypatch.setenv("AVSE_DATA", talks)
    made = []
    monkeypatch.setattr(crop_store, "track_mouth", lambda frames, **_: made.append(1) or expected)
    assert crops.main(arguments) == 1
    assert made == []
    memory.pipe_file("/talks/video/b.mp4", (media / "talk.mp4").read_bytes())
    assert crops.main(arguments) == 1
    assert made == [1]


@pytest.fixture
def mixtures(memory, tmp_path, monkeypatch):
    """Two mixtures and half of their noise left, in memory and here: the arguments of either."""
    rng = np.random.default_rng(0)
    for name in ("clip", "hum", "enhanced/m-5.0", "enhanced/m5.0"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        soundfile.write(tmp_path / f"{name}.wav", 0.1 * rng.standard_normal(RATE), RATE)
    noise = [{"path": "hum.wav", "offset_s": 0.0}]
    rows = [{"id": f"m{snr}", "clip": "clip", "split": "test_seen", "noise_type": "hum", "noise": noise, "snr_db": snr}
            for snr in (-5.0, 5.0)]  # fmt: skip
    (tmp_path / "mixtures.jsonl").write_text(_lines(rows))
    item = {"id": "clip", "split": "test_seen", "audio": "clip.wav", "licence": "none", "speaker": "s1"}
    (tmp_path / "manifest.jsonl").write_text(_lines([item]))
    for path in tmp_path.rglob("*.*"):
        memory.pipe_file(f"/bench/{path.relative_to(tmp_path)}", path.read_bytes())

    def arguments(place, *more):
        monkeypatch.setenv("AVSE_DATA", str(place))
        return [f"{place}/out/s.jsonl", f"{place}/out/noisy.jsonl", "--mixtures", f"{place}/mixtures.jsonl",
                "--manifest", f"{place}/manifest.jsonl", "--enhanced", f"{place}/enhanced", "--metrics", "si_sdr_db",
                "--workers", "1", *more]  # fmt: skip

    return arguments


def _scores(text):
    return [{**json.loads(line), "made_from": None} for line in text.splitlines()]


@pytest.mark.usefixtures("in_process")
def test_scores_at_a_url_are_those_of_local_files_by_shares_too(mixtures, memory, tmp_path, monkeypatch):
    assert score_mixtures.main(mixtures(tmp_path)) == 0
    expected = [_scores((tmp_path / "out" / f"{name}.jsonl").read_text()) for name in ("s", "noisy")]
    monkeypatch.chdir(tmp_path)
    for share in ("1/2", "2/2"):
        assert score_mixtures.main(mixtures("memory://bench", "--shard", share)) == 0
    assert len(memory.glob("/bench/out/*.part")) == 4
    monkeypatch.setattr(score_mixtures, "score_one", None)  # nothing is left to score
    assert score_mixtures.main(mixtures("memory://bench")) == 0
    assert sorted(memory.ls("/bench/out", detail=False)) == ["/bench/out/noisy.jsonl", "/bench/out/s.jsonl"]
    assert [_scores(memory.cat_file(f"/bench/out/{name}.jsonl").decode()) for name in ("s", "noisy")] == expected
    assert score_mixtures.main(mixtures("memory://bench")) == 0  # is up to date


def test_what_a_killed_run_scored_is_kept_at_the_url(mixtures, memory, monkeypatch):
    real = score_mixtures.score_one

    def killed(mixture, **named):
        if mixture.id == "m5.0":
            raise KeyboardInterrupt
        return real(mixture, **named)

    with monkeypatch.context() as patch:
        patch.setattr(score_mixtures, "score_one", killed)
        with pytest.raises(KeyboardInterrupt):
            score_mixtures.main(mixtures("memory://bench"))
    assert not memory.exists("/bench/out/s.jsonl")
    assert [row["id"] for row in _scores(memory.cat_file("/bench/out/s.jsonl.part").decode())] == ["m-5.0"]


@pytest.mark.parametrize(
    ("flag", "wrong", "words"),
    [
        ("--manifest", "memory://bench/none.jsonl", "score: error: memory://bench/none.jsonl must exist but does not"),
        ("--enhanced", "memory://bench/none", "memory://bench/none must hold enhanced files but holds none"),
    ],
)
def test_bad_places_of_the_score_stage_are_one_line(mixtures, capsys, flag, wrong, words):
    arguments = mixtures("memory://bench")
    arguments[arguments.index(flag) + 1] = wrong
    assert score_mixtures.main(arguments) == 1
    err = capsys.readouterr().err
    assert len(err.splitlines()) == 1
    assert words in err


SMALL = ("--duration-s", "1", "--fps", "5", "--height", "32", "--sample-rate", "16000", "--valid-share", "0")


def _clips(folder):
    """Keys of all clips in a local folder of shards."""
    return sorted(span.key for path in folder.rglob("*.tar") for span in spans_of(path))


def _fetched(memory, tmp_path, name):
    memory.get("/talks/shards/", str(tmp_path / name) + "/", recursive=True)
    return tmp_path / name


def test_shards_at_a_url_are_those_of_local_videos_and_a_killed_run_continues(
    talks, memory, media, tmp_path, monkeypatch, capsys
):
    memory.pipe_file("/talks/video/a.en.vtt", b"WEBVTT\n\n00:00.000 --> 00:01.000\nhello\n")
    (tmp_path / "video").mkdir()
    for path in memory.ls("/talks/video", detail=False):
        (tmp_path / "video" / Path(path).name).write_bytes(memory.cat_file(path))
    assert shards.main([str(tmp_path / "video"), str(tmp_path / "local"), *SMALL, "--workers", "1"]) == 0
    arguments = [f"{talks}/video", f"{talks}/shards", *SMALL, "--workers", "1"]
    real = urls.put

    def killed(path, url):
        if "done-1" in url:  # the second part's shards are there, its list is not
            raise MediaError("killed")
        real(path, url)

    with monkeypatch.context() as patch:
        patch.setattr(urls, "put", killed)
        with pytest.raises(MediaError, match="killed"):
            shards.cut_videos((1, shards.videos_in(shards.path_or_url(f"{talks}/video"), valid_share=0)[1:]),
                              folder=shards.path_or_url(f"{talks}/shards"), config=shards.ClipConfig(
                                  duration_s=1, fps=5, height=32, sample_rate=16000, mouth=None),
                              written=frozenset(), max_bytes=2**20)  # fmt: skip
    assert memory.glob("/talks/shards/train/part1-*.tar")
    assert shards.main(arguments) == 0
    there = _fetched(memory, tmp_path, "there")
    assert _clips(there) == _clips(tmp_path / "local")  # each once
    assert json.loads((there / "clips.json").read_text())["fps"] == 5
    first = {path: memory.info(path)["created"] for path in memory.glob("/talks/shards/train/*.tar")}
    memory.pipe_file("/talks/video/c.mp4", (media / "talk.mp4").read_bytes())
    assert shards.main(arguments) == 0
    assert all(memory.info(path)["created"] == stamp for path, stamp in first.items())
    assert {key.partition("__")[0] for key in _clips(_fetched(memory, tmp_path, "more"))} == {"a_mp4", "b_mp4", "c_mp4"}
    capsys.readouterr()
    assert shards.main([*arguments, "--fps", "4"]) == 2
    assert "must all be cut alike" in capsys.readouterr().err


def test_shards_of_a_manifest_at_a_url_name_the_video_that_is_gone(talks, memory, tmp_path, capsys):
    assert shards.main([f"{talks}/m.jsonl", f"{talks}/shards", *SMALL, "--workers", "1"]) == 0
    assert "shards: gone: memory://talks/video/gone.mp4 must exist but does not" in capsys.readouterr().err
    assert {key.partition("__")[0] for key in _clips(_fetched(memory, tmp_path, "there"))} == {"a", "b"}


def test_a_corpus_at_a_url_is_packed_as_a_local_one(memory, tmp_path, monkeypatch, capsys):
    rng = np.random.default_rng(0)
    rows = []
    for kind, fields in (("face", {"video": "x.mp4", "speaker": "f"}), ("noise", {"noise_type": "hum"})):
        soundfile.write(tmp_path / f"{kind}.wav", 0.1 * rng.standard_normal(9000), RATE)
        rows.append({"id": kind, "split": "train", "audio": f"{kind}.wav", "licence": "CC0-1.0", **fields})
    images = rng.integers(256, size=(14, 48, 72, 3), dtype=np.uint8)
    save_mouth(tmp_path / "crops" / "face.npz",
               MouthTrack(np.arange(14) / 25, images, np.ones(14, bool), FaceReport(1, 1.0, "largest")))  # fmt: skip
    (tmp_path / "m.jsonl").write_text(_lines(rows))
    for path in (p for p in tmp_path.rglob("*") if p.is_file()):
        memory.pipe_file(f"/corpus/{path.relative_to(tmp_path)}", path.read_bytes())
    monkeypatch.setenv("AVSE_DATA", "memory://corpus")
    arguments = ["memory://corpus/m.jsonl", "memory://corpus/packed", "--crops", "memory://corpus/crops", "--workers",
                 "1"]  # fmt: skip
    assert pack.main(arguments) == 0
    memory.get("/corpus/packed/", str(tmp_path / "packed") + "/", recursive=True)
    found = load_corpus(tmp_path / "m.jsonl", tmp_path / "packed", split="train", sample_rate=RATE)
    monkeypatch.setenv("AVSE_DATA", str(tmp_path))
    expected = load_corpus(tmp_path / "m.jsonl", tmp_path / "crops", split="train", sample_rate=RATE)
    np.testing.assert_array_equal(found.faces.waveforms[0], expected.faces.waveforms[0])
    np.testing.assert_array_equal(found.noise.waveforms[0], expected.noise.waveforms[0])
    np.testing.assert_array_equal(found.mouths[0].crops[:], images)
    # Again writes nothing; at another rate it is another corpus.
    monkeypatch.setenv("AVSE_DATA", "memory://corpus")
    stamps = {path: memory.info(path)["created"] for path in memory.find("/corpus/packed") if path.endswith(".tar")}
    assert pack.main(arguments) == 0
    assert {path: memory.info(path)["created"] for path in stamps} == stamps
    capsys.readouterr()
    assert pack.main([*arguments, "--sample-rate", "8000"]) == 2
    assert "must hold this corpus at this rate but holds another" in capsys.readouterr().err


def test_stages_on_an_s3_server(s3, media, monkeypatch, tmp_path):
    import s3fs

    system = s3fs.S3FileSystem()
    system.pipe_file(f"{s3}/video/a.mp4", (media / "talk.mp4").read_bytes())
    row = {"id": "a", "split": "train", "audio": "video/a.mp4", "video": "video/a.mp4", "licence": "CC0-1.0",
           "speaker": "a"}  # fmt: skip
    system.pipe_file(f"{s3}/m.jsonl", _lines([row]).encode())
    monkeypatch.setenv("AVSE_DATA", s3)
    for _ in range(2):
        assert crops.main([f"{s3}/m.jsonl", f"{s3}/crops", "--workers", "1"]) == 0
        assert shards.main([f"{s3}/m.jsonl", f"{s3}/shards", *SMALL, "--workers", "1"]) == 0
    system.get(f"{s3}/crops/a.npz", str(tmp_path / "a.npz"))
    assert load_mouth(tmp_path / "a.npz").present.any()
    assert len(system.glob(f"{s3}/shards/train/*.tar")) == 1


def test_missing_credentials_of_a_stage_are_one_line(no_credentials, monkeypatch, capsys):
    monkeypatch.setenv("AVSE_DATA", no_credentials)
    for main in (crops.main, shards.main, pack.main):
        assert main([f"{no_credentials}/m.jsonl", f"{no_credentials}/out"]) == 2
        err = capsys.readouterr().err
        assert len(err.splitlines()) == 1
        assert "with the credentials that are set but is not" in err
