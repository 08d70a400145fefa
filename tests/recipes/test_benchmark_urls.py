"""The benchmark's enhance and long_scores stages with all places at URLs, by shares, end as local runs do."""

import io
import json

import pytest
import soundfile
from long_videos import video_of, write_pack

from avse.data.manifest import Mixture, NoiseCut, write_manifest
from recipes.speech_benchmark import enhance, long_scores
from recipes.speech_benchmark.videos import write_videos

NAMES = ("m-5.0", "m5.0")


@pytest.fixture
def place(memory, tmp_path, monkeypatch):
    """Clips, mixtures, long videos and weights, here and in memory; the folder of the journals is the current one."""
    write_pack(tmp_path)
    rows = [Mixture(f"m{snr}", "clip", "test_seen", "hum", (NoiseCut("other.wav", 0.0),), snr) for snr in (-5.0, 5.0)]
    write_manifest(tmp_path / "mixtures.jsonl", rows)
    write_videos(tmp_path / "long.jsonl", [video_of("n", length_s=5.0), video_of("t", "talkers", length_s=5.0)])
    for path in (path for path in tmp_path.rglob("*.*") if path.is_file()):
        memory.pipe_file(f"/bench/{path.relative_to(tmp_path)}", path.read_bytes())
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(place, monkeypatch, capsys):
    """Runs a stage on a root of all places: exit code and standard error."""

    def call(main, given, root, *options):
        monkeypatch.setenv("AVSE_DATA", str(root))
        common = ["--manifest", f"{root}/manifest.jsonl", "--crops", f"{root}/crops", "--workers", "1"]
        code = main([*given, *common, *options])
        err = capsys.readouterr().err
        assert "Traceback" not in err
        return code, err

    return call


@pytest.fixture
def enhanced(run, place):
    """Runs the enhance stage with two models."""

    def call(root, *options):
        models = ["--model", "logmmse", "--model", str(place / "model.safetensors")]
        folders = ["--folder", f"{root}/classical", "--folder", f"{root}/net"]
        return run(enhance.main, [*models, *folders, "--mixtures", f"{root}/mixtures.jsonl"], root, *options)

    return call


def _audio(memory, name):
    """Samples by name: such files hold the time at which they were written."""
    files = memory.glob(f"/bench/{name}/*.wav")
    return {path.rpartition("/")[2]: _samples(io.BytesIO(memory.cat_file(path))) for path in files}


def _samples(file):
    return soundfile.read(file)[0].tolist()


@pytest.mark.usefixtures("in_process")
def test_enhanced_mixtures_at_a_url_are_those_of_local_files(enhanced, memory, place):
    code, err = enhanced(place)
    assert (code, "4 mixtures enhanced, 0 were done before" in err) == (0, True)
    expected = {
        name: {path.name: _samples(path) for path in (place / name).glob("*.wav")} for name in ("classical", "net")
    }
    for share, name in (("1/2", "classical"), ("2/2", "net")):
        code, err = enhanced("memory://bench", "--shard", share)
        assert (code, "2 mixtures enhanced" in err) == (0, True)
        assert _audio(memory, name) == expected[name]
    assert sorted(expected["net"]) == sorted(f"{name}.wav" for name in NAMES)
    assert (place / "enhance-2-of-2.journal.jsonl").is_file()
    assert "0 mixtures enhanced, 4 were done before" in enhanced("memory://bench")[1]
    # What was made from other crops is made again, and only by the model that sees them.
    memory.pipe_file("/bench/crops/clip.npz", memory.cat_file("/bench/crops/other.npz"))
    assert "4 mixtures enhanced" in enhanced("memory://bench")[1]
    assert _audio(memory, "classical") == expected["classical"]
    assert _audio(memory, "net") != expected["net"]


def test_a_mixture_that_cannot_be_read_does_not_end_the_others(enhanced, memory, place):
    rows = [Mixture(name, clip, "test_seen", "hum", (NoiseCut("other.wav", 0.0),), 0.0)
            for name, clip in (("bad", "gone"), ("good", "clip"))]  # fmt: skip
    write_manifest(place / "mixtures.jsonl", rows)
    memory.pipe_file("/bench/mixtures.jsonl", (place / "mixtures.jsonl").read_bytes())
    for root in (place, "memory://bench"):
        code, err = enhanced(root)
        lines = [line for line in err.splitlines() if line.startswith("enhance: error: ")]
        assert (code, len(lines)) == (1, 2)  # one for each model
        assert all("bad: clip of bad must be in the manifest" in line for line in lines)
    assert list(_audio(memory, "net")) == ["good.wav"]
    assert [path.name for path in (place / "net").glob("*.wav")] == ["good.wav"]


def _rows(text):
    """Sums of the same numbers differ in the last bit with where they lie in memory."""
    lines = [json.loads(line, parse_float=lambda digits: round(float(digits), 9)) for line in text.splitlines()]
    return [{**line, "made_from": None} for line in lines]


@pytest.mark.usefixtures("in_process")
def test_scores_of_long_videos_at_a_url_are_those_of_local_files(run, memory, place):
    options = ["--model", str(place / "model.safetensors"), "--conditions", "own,late"]

    def scored(root, *more):
        return run(long_scores.main, [f"{root}/out", "--videos", f"{root}/long.jsonl"], root, *options, *more)

    assert scored(place)[0] == 0
    for share in ("1/2", "2/2"):
        code, err = scored("memory://bench", "--shard", share)
        assert (code, "2 rows scored of 1 long videos" in err) == (0, True)
    assert len(memory.glob("/bench/out/*.part")) == 4
    code, err = scored("memory://bench")
    assert (code, "0 rows scored of 2 long videos" in err) == (0, True)
    assert sorted(memory.ls("/bench/out", detail=False)) == ["/bench/out/long_late.jsonl", "/bench/out/long_own.jsonl"]
    for name in ("own", "late"):
        there = memory.cat_file(f"/bench/out/long_{name}.jsonl").decode()
        assert _rows(there) == _rows((place / f"out/long_{name}.jsonl").read_text())
        assert [row["id"] for row in _rows(there)] == ["n", "t"]
    # Rows of other crops are replaced.
    memory.pipe_file("/bench/crops/clip.npz", memory.cat_file("/bench/crops/other.npz"))
    assert "4 rows scored" in scored("memory://bench")[1]


@pytest.mark.parametrize("stage", [enhance, long_scores])
def test_missing_credentials_are_one_line(no_credentials, run, stage):
    lists = {enhance: ["--mixtures", f"{no_credentials}/m.jsonl", "--folder", f"{no_credentials}/out"],
             long_scores: [f"{no_credentials}/out", "--videos", f"{no_credentials}/v.jsonl"]}  # fmt: skip
    code, err = run(stage.main, [*lists[stage], "--model", "logmmse"], no_credentials)
    assert code == 1
    assert len(err.splitlines()) == 1
    assert "with the credentials that are set but is not" in err


@pytest.mark.parametrize("stage", [enhance, long_scores])
def test_a_list_that_is_not_there_is_one_line(run, stage):
    lists = {enhance: ["--mixtures", "memory://bench/none.jsonl", "--folder", "memory://bench/out"],
             long_scores: ["memory://bench/out", "--videos", "memory://bench/none.jsonl"]}  # fmt: skip
    code, err = run(stage.main, [*lists[stage], "--model", "logmmse"], "memory://bench")
    assert code == 1
    assert err.splitlines()[-1].endswith("memory://bench/none.jsonl must exist but does not; correct the address")
    assert len(err.splitlines()) == 1
