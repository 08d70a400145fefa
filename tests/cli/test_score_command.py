"""The command `avse-score`: each flag changes the result, bad input ends in one line."""

import csv
import json
import subprocess
import sys

import numpy as np
import pytest
from audio_files import write_audio
from children import at_most

from avse.cli.score import main
from avse.metrics.score_or_reason import Score
from avse.metrics.table import METRICS

RATE = 16000
NAMES = ("one ä", "two")


def audio(seed):
    rng = np.random.default_rng(seed)
    return 0.1 * rng.standard_normal(RATE) * (1 + np.sin(np.arange(RATE) / 800))


@pytest.fixture
def folders(tmp_path):
    """clean/, noisy/ at 0 dB and enhanced/ at 14 dB, two files each."""
    for number, name in enumerate(NAMES):
        clean, noise = audio(number), audio(number + 10)
        for folder, level in (("clean", 0.0), ("noisy", 1.0), ("enhanced", 0.2)):
            (tmp_path / folder).mkdir(exist_ok=True)
            write_audio(tmp_path / folder / f"{name}.wav", clean + level * noise, RATE, subtype="FLOAT")
    return tmp_path


def score(folder, *options, estimate="enhanced", reference="clean", metrics="stoi,si_sdr_db"):
    return main([
        "--reference", str(folder / reference), "--estimate", str(folder / estimate), "--workers", "1",
        *(["--metrics", metrics] if metrics else []), *map(str, options),
    ])  # fmt: skip


def mixtures(folder, rows):
    path = folder / "mixtures.jsonl"
    lines = [
        json.dumps({"id": name, "clip": clip, "split": "test_seen", "noise_type": kind, "noise": [], "snr_db": snr})
        for name, clip, kind, snr in rows
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_folders_are_scored_to_a_table(folders, capsys):
    assert score(folders) == 0
    out = capsys.readouterr().out
    assert "enhanced  2" in out
    assert "SI-SDR" in out
    assert "PESQ" not in out
    assert "noisy" not in out


def test_two_files_are_scored(folders, capsys):
    options = {"reference": "clean/two.wav", "estimate": "enhanced/two.wav"}
    assert score(folders, "--json", "-", **options) == 0
    report = json.loads(capsys.readouterr().out)
    assert [row["id"] for row in report["files"]] == ["two"]
    assert report["files"][0]["estimate"]["si_sdr_db"] == pytest.approx(20 * np.log10(5), abs=0.3)


def test_all_metrics_without_the_flag(folders, capsys):
    options = {"reference": "clean/two.wav", "estimate": "enhanced/two.wav"}
    assert score(folders, "--json", "-", metrics=None, **options) == 0
    scores = json.loads(capsys.readouterr().out)["files"][0]["estimate"]
    assert set(scores) == {"pesq_wb", "pesq_nb", "stoi", "estoi", "si_sdr_db"}
    assert None not in scores.values()


def test_noisy_adds_its_scores_and_the_gain(folders, capsys):
    assert score(folders, "--noisy", folders / "noisy", "--json", "-") == 0
    summary = json.loads(capsys.readouterr().out)["summary"]
    assert summary["noisy"]["si_sdr_db"]["mean"] == pytest.approx(0, abs=0.3)
    assert summary["gain"]["si_sdr_db"]["mean"] == pytest.approx(20 * np.log10(5), abs=0.3)


def test_manifest_groups_and_finds_references_by_clip(folders, capsys):
    (folders / "clean/two.wav").rename(folders / "clean/clip_2.wav")
    manifest = mixtures(folders, [("one ä", "one ä", "rain", -5), ("two", "clip_2", "dog", 2.5)])
    assert score(folders, "--manifest", manifest, "--markdown", folders / "report.md") == 0
    text = (folders / "report.md").read_text(encoding="utf-8")
    assert "## By noise_type" in text
    assert "| test_seen | dog | enhanced | 1 |" in text
    assert "| 2.5 | enhanced | 1 |" in text
    assert score(folders) == 1  # Without the list nobody knows whose reference clip_2.wav is.


def test_every_mixture_of_the_manifest_must_be_there(folders, capsys):
    manifest = mixtures(folders, [(name, name, "rain", 0) for name in (*NAMES, "three")])
    assert score(folders, "--manifest", manifest) == 1
    assert "failed: three: estimate: " in capsys.readouterr().out


def test_each_output_holds_the_same_scores(folders, capsys):
    outputs = {kind: folders / "new folder" / f"report.{kind}" for kind in ("csv", "json", "markdown", "html")}
    assert score(folders, *(part for kind, path in outputs.items() for part in (f"--{kind}", path))) == 0
    table = list(csv.DictReader(outputs["csv"].read_text(encoding="utf-8").splitlines()))
    report = json.loads(outputs["json"].read_text(encoding="utf-8"))
    assert [line["id"] for line in table] == [row["id"] for row in report["files"]] == list(NAMES)
    mean = report["summary"]["estimate"]["si_sdr_db"]["mean"]
    assert np.mean([float(line["estimate_si_sdr_db"]) for line in table]) == pytest.approx(mean, abs=1e-4)
    for kind in ("markdown", "html"):
        assert f"{mean:.2f} ±" in outputs[kind].read_text(encoding="utf-8")
    assert f"{mean:.2f} ±" in capsys.readouterr().out
    written = {path.name for path in (folders / "new folder").iterdir()}
    assert written == {".avse-score.jsonl", *(path.name for path in outputs.values())}


def test_force_replaces_and_without_it_nothing_is_scored(folders, capsys, monkeypatch):
    output = folders / "scores.csv"
    output.write_text("mine", encoding="utf-8")
    with monkeypatch.context() as patch:
        patch.setattr("avse.score.score_pairs", lambda *_, **__: pytest.fail("scored before the check"))
        assert score(folders, "--csv", output) == 2
    assert "scores.csv must not exist but does; use --force" in one_line(capsys)
    assert output.read_text(encoding="utf-8") == "mine"
    assert score(folders, "--csv", output, "--force") == 0
    assert output.read_text(encoding="utf-8").startswith("id,")


def test_jobs_reach_the_scorer_and_leave_the_scores_as_they_are(folders, capsys, monkeypatch):
    assert score(folders, "--json", "-") == 0
    alone = capsys.readouterr().out
    assert score(folders, "--json", "-", "--workers", "2") == 0
    assert capsys.readouterr().out == alone
    asked = []
    monkeypatch.setattr("avse.score.score_pairs", lambda *_, n_workers, **__: asked.append(n_workers) or [])
    score(folders, "--json", "-", "--workers", "3")
    assert asked == [3]


def test_the_former_name_of_workers_works_and_is_not_in_the_help(folders, capsys, monkeypatch):
    asked = []
    monkeypatch.setattr("avse.score.score_pairs", lambda *_, n_workers, **__: asked.append(n_workers) or [])
    score(folders, "--json", "-", "--jobs", "3")
    assert asked == [3]
    capsys.readouterr()
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "--jobs" not in capsys.readouterr().out


def test_failed_files_end_in_1_and_the_others_are_scored(folders, capsys):
    (folders / "enhanced/two.wav").write_text("no audio", encoding="utf-8")
    assert score(folders, "--json", "-") == 1
    report = json.loads(capsys.readouterr().out)
    assert report["summary"]["estimate"]["stoi"]["n"] == 1
    assert report["files"][1]["estimate"] == {"stoi": None, "si_sdr_db": None}
    assert "two.wav" in report["files"][1]["failed"][0]


def test_a_clipped_file_is_scored_and_named_in_every_form(folders, capsys):
    write_audio(folders / "enhanced/three.wav", np.clip(30 * audio(2), -1, 1), RATE)
    write_audio(folders / "clean/three.wav", audio(2), RATE, subtype="FLOAT")
    outputs = {kind: folders / f"report.{kind}" for kind in ("csv", "json", "markdown", "html")}
    assert score(folders, *(part for kind, path in outputs.items() for part in (f"--{kind}", path))) == 0
    printed = capsys.readouterr().out
    note = next(line for line in printed.splitlines() if line.startswith("note: "))
    assert note.startswith("note: three: estimate: ")
    assert note.endswith("samples are clipped at full scale")
    assert "enhanced  3" in printed
    for path in outputs.values():
        text = path.read_text(encoding="utf-8")
        assert "samples are clipped at full scale" in text
    assert "## Scored, but note: 1 files" in outputs["markdown"].read_text(encoding="utf-8")


def test_the_audiogram_reaches_hearing_and_is_reported(folders, capsys, monkeypatch):
    given = []

    def metric(*, audiogram, **_):
        given.append(audiogram)
        return Score(0.5)

    monkeypatch.setitem(METRICS, "haspi", METRICS["haspi"]._replace(compute=metric))
    options = ["--audiogram", "10,20,30,40,50,60", "--markdown", folders / "report.md", "--json", "-"]
    assert score(folders, *options, metrics="haspi") == 0
    assert given == [(10, 20, 30, 40, 50, 60)] * 2
    assert json.loads(capsys.readouterr().out)["files"][0]["audiogram"] == "10,20,30,40,50,60"
    assert "| 10,20,30,40,50,60 | enhanced | 2 |" in (folders / "report.md").read_text(encoding="utf-8")
    assert score(folders, metrics="haspi") == 0
    assert given[2:] == [(0,) * 6] * 2


def test_file_that_was_not_enhanced_counts_as_failed(folders, capsys):
    (folders / "enhanced/two.wav").unlink()
    assert score(folders) == 1
    assert "2 (1 failed)" in capsys.readouterr().out


def test_lists_beside_the_recordings_are_passed_over(folders, capsys):
    (folders / "enhanced/two.json").write_text("{}", encoding="utf-8")
    assert score(folders) == 0


def one_line(capsys):
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("avse-score: error: ")
    assert printed.err.count("\n") == 1
    return printed.err


@pytest.mark.parametrize(
    ("options", "named", "message"),
    [
        ([], {"estimate": "nowhere"}, "nowhere must exist but does not"),
        ([], {"estimate": "clean/two.wav", "reference": "clean"}, "--reference"),
        ([], {"reference": "clean/two.wav"}, "--reference must be a folder"),
        (["--workers", "0"], {}, "--workers must be at least 1 but is 0"),
        (["--manifest", "nowhere.jsonl"], {}, "nowhere.jsonl must be a file but is missing"),
        (["--csv", "x.txt", "--html", "x.txt"], {}, "x.txt stands twice"),
        ([], {"metrics": "stoi,sdr"}, "one is 'sdr'"),
        ([], {"estimate": "empty"}, "must hold audio files but holds none"),
        (["--html", "."], {}, "must be a file but is a folder"),
        (["--audiogram", "10,20"], {"metrics": "haspi"}, "audiogram must be 6 hearing losses of 0 to 120 dB"),
        (["--audiogram", "a,b"], {"metrics": "haspi"}, "--audiogram must be numbers with commas between but is 'a,b'"),
        (["--audiogram", "0,0,0,0,0,0"], {}, "--audiogram must go with a metric of hearing"),
    ],
)
def test_wrong_usage_ends_in_2_with_one_line(folders, capsys, monkeypatch, options, named, message):
    (folders / "empty").mkdir()
    monkeypatch.chdir(folders)
    assert score(folders, *options, **named) == 2
    assert message in one_line(capsys)


@pytest.mark.parametrize("content", [b"[1]\n", b"\xff\xfe\x00", b'{"noise": [{"file": 1}]}\n', b"{broken\n", b"{}\n"])
def test_list_of_another_shape_ends_in_2_with_one_line(folders, capsys, content):
    (folders / "list.jsonl").write_bytes(content)
    assert score(folders, "--manifest", folders / "list.jsonl") == 2
    assert "list.jsonl" in one_line(capsys)


def test_two_recordings_of_one_name_are_refused(folders, capsys):
    write_audio(folders / "enhanced/two.flac", audio(0), RATE)
    assert score(folders) == 2
    assert "two.flac and two.wav do not; move one away" in one_line(capsys)


def test_killed_process_ends_in_1_with_one_line(folders, capsys, monkeypatch):
    from avse.errors import AvseError

    def killed(*_, **__):
        raise AvseError("a process was killed")

    monkeypatch.setattr("avse.score.score_pairs", killed)
    assert score(folders, "--csv", folders / "scores.csv") == 1
    assert "a process was killed" in one_line(capsys)
    assert not (folders / "scores.csv").exists()


def test_unknown_flag_ends_in_2(capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["--reference", "a", "--estimate", "b", "--quality"])
    assert "unrecognized arguments: --quality" in capsys.readouterr().err


def test_help_loads_nothing_heavy():
    code = (
        "import sys\nfrom avse.cli.score import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        "print([m for m in ('numpy', 'torch', 'soundfile', 'matplotlib', 'tqdm') if m in sys.modules])"
    )
    with at_most(cpu_s=2):  # 0.1 s on an idle machine
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    assert "--reference" in done.stdout
