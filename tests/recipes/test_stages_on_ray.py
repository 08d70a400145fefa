"""Crops, shards, enhanced mixtures and scores with `--executor ray` are those of local runs."""

import json
from dataclasses import replace

import numpy as np
import pytest
import soundfile
from long_videos import video_of, write_pack
from ray_files import RATE, run_on_ray, write_lines, write_sounds
from ray_stages import SMALL, long_options

from avse.cli import enhance as enhance_files
from avse.data.crops import load_mouth
from avse.data.manifest import read_manifest, write_manifest
from avse.data.shard_index import spans_of
from avse.jobs.journal import read_journal
from recipes.speech_benchmark import enhance, find_mouths, long_scores, score_mixtures
from recipes.speech_benchmark.videos import write_videos
from recipes.vatt import shards

pytest.importorskip("ray")
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def found(media, tmp_path_factory):
    """The folder of all inputs and outputs, and the exit codes; Ray leaves processes to the end of its own."""
    folder = tmp_path_factory.mktemp("ray")
    rng = np.random.default_rng(0)
    write_sounds(folder)
    soundfile.write(folder / "clip.wav", 0.1 * rng.standard_normal(RATE), RATE)
    (folder / "talk.mp4").write_bytes((media / "talk.mp4").read_bytes())
    face = {"split": "train", "audio": "talk.mp4", "video": "talk.mp4", "licence": "CC0-1.0", "speaker": "a"}
    write_lines(folder / "faces.jsonl", [{"id": name, **face} for name in ("a", "b")])
    write_lines(folder / "clips.jsonl", [{"id": "clip", "split": "test_seen", "audio": "clip.wav", "licence": "none",
                                          "speaker": "s1"}])  # fmt: skip
    noise = [{"path": "hum.wav", "offset_s": 0.0}]
    write_lines(folder / "mixtures.jsonl", [{"id": f"m{snr}", "clip": "clip", "split": "test_seen", "noise_type": "hum",
                                             "noise": noise, "snr_db": snr} for snr in (-5.0, 5.0)])  # fmt: skip
    (folder / "long").mkdir()
    write_pack(folder / "long")
    items = [replace(item, audio=f"long/{item.audio}") for item in read_manifest(folder / "long/manifest.jsonl")]
    write_manifest(folder / "long/manifest.jsonl", items)
    write_videos(folder / "long/videos.jsonl", [video_of(name, length_s=5.0) for name in ("n", "t")])
    return folder, run_on_ray(folder)


def test_all_ended_well_and_kept_journals(found):
    folder, codes = found
    assert codes == dict.fromkeys(("crops", "shards", "enhance", "benchmark", "long", "pack", "files", "score"), 0)
    journals = {path.name: read_journal(path) for path in folder.rglob("*.journal.jsonl")}
    names = {"crops", "shards", "enhance", "score", "long_scores", "pack", "avse-enhance", "avse-score"}
    assert {name.partition(".")[0] for name in journals} == names
    assert all(entry.is_done for journal in journals.values() for entry in journal.entries.values())


def test_crops_and_clips_are_those_of_the_videos(found, monkeypatch, tmp_path):
    folder, _ = found
    monkeypatch.setenv("AVSE_DATA", str(folder))
    assert find_mouths.main([str(folder / "faces.jsonl"), str(tmp_path / "crops"), "--workers", "1"]) == 0
    for name in ("a", "b"):
        own, local = (load_mouth(place / f"{name}.npz") for place in (folder / "crops", tmp_path / "crops"))
        np.testing.assert_array_equal(own.crops[:], local.crops[:])
    assert shards.main([str(folder / "faces.jsonl"), str(tmp_path / "shards"), *SMALL, "--workers", "1"]) == 0
    keys, expected = (
        sorted(span.key for path in (place / "shards").rglob("*.tar") for span in spans_of(path))
        for place in (folder, tmp_path)
    )
    assert keys == expected
    assert {key.partition("__")[0] for key in keys} == {"a", "b"}


def test_enhanced_files_are_those_of_a_local_run(found, tmp_path):
    folder, _ = found
    assert enhance_files.main([str(folder / "wav"), "-o", str(tmp_path / "out"), "--audio-only", "--quiet"]) == 0
    for name in ("a.wav", "b.wav"):
        own, expected = (soundfile.read(place / "out" / name)[0] for place in (folder, tmp_path))
        np.testing.assert_allclose(own, expected, atol=1e-4)


def test_enhanced_mixtures_are_those_of_a_local_run(found, monkeypatch, tmp_path):
    folder, _ = found
    monkeypatch.setenv("AVSE_DATA", str(folder))
    lists = ["--mixtures", str(folder / "mixtures.jsonl"), "--manifest", str(folder / "clips.jsonl")]
    local = ["--model", "logmmse", "--folder", str(tmp_path / "e"), "--crops", str(folder / "crops"), *lists]
    assert enhance.main([*local, "--workers", "1"]) == 0
    for name in ("m-5.0.wav", "m5.0.wav"):
        own, expected = (soundfile.read(place / "e" / name)[0] for place in (folder, tmp_path))
        np.testing.assert_allclose(own, expected, atol=1e-7)


def test_scores_are_those_of_a_local_run(found, monkeypatch, tmp_path):
    folder, _ = found
    monkeypatch.setenv("AVSE_DATA", str(folder))
    lists = ["--mixtures", str(folder / "mixtures.jsonl"), "--manifest", str(folder / "clips.jsonl")]
    local = [str(tmp_path / "noisy.jsonl"), *lists, "--metrics", "si_sdr_db", "--workers", "1"]
    assert score_mixtures.main(local) == 0
    assert (folder / "b/noisy.jsonl").read_text() == (tmp_path / "noisy.jsonl").read_text()
    rows = json.loads((folder / "score/s.json").read_text())["files"]
    assert [row["id"] for row in rows] == ["a", "b"]
    assert all(row["estimate"]["stoi"] == pytest.approx(1.0, abs=1e-6) for row in rows)


def test_long_videos_score_as_in_a_local_run(found, monkeypatch, tmp_path):
    folder, _ = found
    monkeypatch.setenv("AVSE_DATA", str(folder))
    assert long_scores.main([str(tmp_path / "l"), *long_options(folder), "--workers", "1"]) == 0
    own, expected = (
        [json.loads(line) for line in (place / "l/long_own.jsonl").read_text().splitlines()]
        for place in (folder, tmp_path)
    )
    assert [row["id"] for row in own] == ["n", "t"]
    assert all(row["pesq_wb"] is not None and row["si_sdr_db"] is not None for row in own)
    for row, other in zip(own, expected, strict=True):
        assert row.keys() == other.keys()
        assert {name: row[name] for name in ("pesq_wb", "si_sdr_db")} == pytest.approx(
            {name: other[name] for name in ("pesq_wb", "si_sdr_db")}, abs=1e-4
        )
