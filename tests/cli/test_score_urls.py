"""`avse-score` with files, folders, lists and outputs at URLs: the scores of local files, kept and known again."""

import json

import pytest
import soundfile

from avse import score as scoring
from avse.cli import score

NAMES = ("a", "b", "c")


@pytest.fixture
def local(tmp_path, media):
    """Folders `clean`, `out` and `noisy`, and a list of mixtures."""
    samples, rate = soundfile.read(media / "noisy.wav")
    for role, gain in (("clean", 0.0), ("out", 0.1), ("noisy", 0.4)):
        (tmp_path / role).mkdir()
        for number, name in enumerate(NAMES):
            wrong = gain * (number + 1) * samples[::-1]
            soundfile.write(tmp_path / role / f"{name}.wav", 0.3 * (samples + wrong), rate, subtype="FLOAT")
    rows = [{"id": name, "clip": name, "split": "test_seen", "noise_type": "own", "noise": [], "snr_db": 0.0}
            for name in NAMES]  # fmt: skip
    (tmp_path / "mixtures.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tmp_path


@pytest.fixture
def stored(memory, local):
    """The same at URLs."""
    for path in local.rglob("*.*"):
        memory.pipe_file(f"/score/{path.relative_to(local)}", path.read_bytes())
    return "memory://score"


@pytest.fixture
def run(capsys):
    """`avse-score` on a place: exit code, standard output, standard error."""

    def run(place, *options, jobs=1, metrics="si_sdr_db"):
        given = ["--reference", f"{place}/clean", "--estimate", f"{place}/out", "--noisy", f"{place}/noisy"]
        code = score.main([*given, "--metrics", metrics, "--workers", str(jobs), *map(str, options)])
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        return code, captured.out, captured.err

    return run


def _outputs(place):
    names = {"--json": "s.json", "--csv": "s.csv", "--markdown": "s.md", "--html": "s.html"}
    return [word for flag, name in names.items() for word in (flag, f"{place}/report/{name}")]


def test_scores_at_urls_are_those_of_local_files(run, local, stored, memory):
    code, expected, _ = run(local, *_outputs(local), "--manifest", local / "mixtures.jsonl")
    assert code == 0
    code, out, err = run(stored, *_outputs(stored), "--manifest", f"{stored}/mixtures.jsonl")
    assert (code, out, err) == (0, expected, "")
    for name in ("s.json", "s.csv", "s.md", "s.html"):
        assert memory.cat_file(f"/score/report/{name}") == (local / "report" / name).read_bytes()
    assert b"data:audio" in memory.cat_file("/score/report/s.html")  # the page's players, read again


def test_one_file_and_an_output_that_exists(run, stored, memory, capsys):
    given = ["--reference", f"{stored}/clean/a.wav", "--estimate", f"{stored}/out/a.wav", "--metrics", "si_sdr_db"]
    assert score.main([*given, "--json", f"{stored}/one.json"]) == 0
    first = memory.cat_file("/score/one.json")
    capsys.readouterr()
    assert score.main([*given, "--json", f"{stored}/one.json"]) == 2
    assert "memory://score/one.json must not exist but does" in capsys.readouterr().err
    assert memory.cat_file("/score/one.json") == first
    assert score.main([*given, "--json", f"{stored}/one.json", "--force"]) == 0


def test_what_is_scored_is_kept_beside_the_outputs_and_only_what_changed_is_scored_again(
    run, stored, memory, monkeypatch
):
    output = ["--json", f"{stored}/report/s.json"]
    assert run(stored, *output)[0] == 0
    whole = memory.cat_file("/score/report/s.json")
    scored, real = [], scoring.score_pair
    monkeypatch.setattr(scoring, "score_pair", lambda pair, **named: scored.append(pair.id) or real(pair, **named))
    assert run(stored, *output)[0] == 0
    assert scored == []
    assert memory.cat_file("/score/report/s.json") == whole
    memory.pipe_file("/score/out/b.wav", memory.cat_file("/score/out/c.wav"))
    assert run(stored, *output)[0] == 0
    assert scored == ["b"]
    # An output that somebody else wrote is not replaced.
    memory.pipe_file("/score/report/s.json", b"theirs")
    code, _, err = run(stored, *output)
    assert code == 2
    assert "s.json must not exist but does" in err


@pytest.mark.usefixtures("in_process")
def test_shares_keep_their_scores_and_the_whole_takes_them(run, local, stored, memory, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # for the journals
    assert run(local, "--json", local / "s.json")[0] == 0
    for share in ("1/2", "2/2"):
        assert run(stored, "--json", f"{stored}/report/s.json", "--shard", share)[0] == 0
    assert sorted(memory.find("/score/report")) == [
        "/score/report/.avse-score/1-of-2.jsonl", "/score/report/.avse-score/2-of-2.jsonl"
    ]  # fmt: skip
    assert (tmp_path / "avse-score-1-of-2.journal.jsonl").is_file()
    monkeypatch.setattr(scoring, "score_pair", None)  # nothing is left to score
    assert run(stored, "--json", f"{stored}/report/s.json")[0] == 0
    assert memory.cat_file("/score/report/s.json") == (local / "s.json").read_bytes()


def test_what_was_scored_before_a_kill_is_kept(run, stored, memory, monkeypatch):
    real = scoring.score_pair

    def killed(pair, **named):
        if pair.id == "c":
            raise KeyboardInterrupt
        return real(pair, **named)

    with monkeypatch.context() as patch:
        patch.setattr(scoring, "score_pair", killed)
        assert run(stored, "--json", f"{stored}/s.json")[0] == 130
    assert not memory.exists("/score/s.json")
    assert len(memory.cat_file("/score/.avse-score/1-of-1.jsonl").splitlines()) == 2


def test_a_broken_file_is_its_own_line_and_names_the_url(run, stored, memory):
    memory.pipe_file("/score/out/b.wav", b"no audio")
    memory.rm("/score/out/c.wav")
    code, out, _ = run(stored, "--json", "-")
    assert code == 1
    rows = {row["id"]: row for row in json.loads(out)["files"]}
    assert rows["a"]["estimate"]["si_sdr_db"] > 0
    failed = {name: "\n".join(rows[name]["failed"]) for name in ("b", "c")}
    assert "memory://score/out/b.wav must be media" in failed["b"]
    assert "memory://score/out/c.wav must exist but does not" in failed["c"]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"--reference": "memory://nowhere"}, "--reference memory://nowhere must exist but does not"),
        ({"--reference": "memory://score/clean/a.wav"}, "--reference must be a folder, as --estimate is"),
        ({"--estimate": "nosuch://b/x"}, "must be of a scheme that fsspec knows"),
        ({"--json": "memory://score/clean"}, "output memory://score/clean must be a file but is a folder"),
    ],
)
def test_bad_places_are_one_line(stored, capsys, changed, words):
    given = {"--reference": f"{stored}/clean", "--estimate": f"{stored}/out", "--json": f"{stored}/x.json"}
    arguments = [word for pair in {**given, **changed}.items() for word in pair]
    assert score.main([*arguments, "--metrics", "si_sdr_db", "--workers", "1"]) == 2
    err = capsys.readouterr().err
    assert len(err.splitlines()) == 1
    assert words in err


def test_an_s3_server_with_two_processes(run, s3, local, monkeypatch):
    import s3fs

    monkeypatch.chdir(local)  # for the journal
    s3fs.S3FileSystem().put(str(local) + "/", f"{s3}/score/", recursive=True)
    _, expected, _ = run(local, "--json", local / "s.json")
    code, out, _ = run(f"{s3}/score", "--json", f"{s3}/score/report/s.json", jobs=2)
    assert (code, out) == (0, expected)
    assert s3fs.S3FileSystem().cat_file(f"{s3}/score/report/s.json") == (local / "s.json").read_bytes()
    assert run(f"{s3}/score", "--json", f"{s3}/score/report/s.json", "--shard", "1/1")[1].startswith("3 files")


def test_missing_credentials_are_one_line(no_credentials, run):
    code, out, err = run(f"{no_credentials}/score")
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert "with the credentials that are set but is not" in err


def test_a_dead_address_is_one_line(run, s3, monkeypatch):
    import s3fs

    s3fs.S3FileSystem.clear_instance_cache()
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    code, out, err = run(f"{s3}/score")
    s3fs.S3FileSystem.clear_instance_cache()
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert "check the address and the network" in err
