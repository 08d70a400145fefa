"""`avse-enhance` on executors: shares, journals, lists and URLs end with the files of one plain run."""

import json
import sys
from dataclasses import replace

import pytest

from avse.cli import enhance
from avse.jobs.in_process import InProcess

N_FILES = 3


@pytest.fixture
def calls(tmp_path, media):
    """A folder of recordings."""
    folder = tmp_path / "calls"
    folder.mkdir()
    for number in range(N_FILES):
        (folder / f"{number}.wav").write_bytes((media / "noisy.wav").read_bytes())
    return folder


@pytest.fixture
def run(live_graph, capsys):
    """`avse-enhance` with a small model: exit code, standard output, standard error."""

    def run(*arguments):
        code = enhance.main([*map(str, arguments), "--model", str(live_graph), "--audio-only"])
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        return code, captured.out, captured.err

    return run


def _contents(folder):
    return {path.name: path.read_bytes() for path in folder.glob("*.wav")}


def _merge(capsys, *arguments):
    code = enhance.main(["merge", *map(str, arguments)])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_shares_together_are_the_whole_and_their_journals_one_report(calls, run, tmp_path, capsys):
    assert run(calls, "-o", tmp_path / "whole")[0] == 0
    (calls / "bad.wav").write_text("no audio")
    out = tmp_path / "out"
    codes = [run(calls, "-o", out, "--shard", f"{i}/2")[0] for i in (1, 2)]
    assert sorted(codes) == [0, 1]
    assert _contents(out) == _contents(tmp_path / "whole")
    journals = sorted(out.glob("*.journal.jsonl"))
    assert [path.name for path in journals] == [f"avse-enhance-{i}-of-2.journal.jsonl" for i in (1, 2)]
    code, report, err = _merge(capsys, *journals, "-o", tmp_path / "all.jsonl")
    assert code == 1
    assert report.startswith("4 jobs: 3 done, 0 done before, 1 failed")
    assert len(err.splitlines()) == 1
    assert "bad.wav" in err
    # A share that is run again does what is left: the file that failed.
    assert run(calls, "-o", out, "--shard", "2/2")[0] == 1
    report = json.loads((out / "avse-enhance-2-of-2.journal.report.json").read_text())
    assert (report["n_done"], len(report["errors"])) == (0, 1)
    run(calls, "-o", tmp_path / "other", "--shard", "1/2", "--mix", "0.5")
    code, _, err = _merge(capsys, journals[0], *(tmp_path / "other").glob("*.journal.jsonl"))
    assert code == 2
    assert "mix was 1.0 but is 0.5; merge them apart" in err


def test_a_journal_of_other_options_is_refused(calls, run, tmp_path):
    journal = tmp_path / "j.jsonl"
    assert run(calls, "-o", tmp_path / "a", "--journal", journal)[0] == 0
    assert journal.read_text().count("\n") == N_FILES + 1
    code, out, err = run(calls, "-o", tmp_path / "b", "--journal", journal, "--mix", "0.5")
    assert (code, out) == (2, "")
    assert "must be of the same options but mix was 1.0 but is 0.5" in err


def test_a_list_with_windows_line_ends_and_names_of_two_folders(calls, run, tmp_path, media):
    (tmp_path / "list.txt").write_bytes(f"\ufeff{calls / '0.wav'}\r\n{calls / '1.wav'}\r\n\r\n".encode())
    code, _, err = run("--list", tmp_path / "list.txt", "-o", tmp_path / "out")
    assert code == 0
    assert "has Windows line ends or a byte order mark" in err
    assert sorted(_contents(tmp_path / "out")) == ["0.wav", "1.wav"]
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "0.wav").write_bytes((media / "noisy.wav").read_bytes())
    code, _, err = run(calls / "0.wav", tmp_path / "more" / "0.wav", "-o", tmp_path / "two")
    assert code == 2
    assert f"that of {calls / '0.wav'} and {tmp_path / 'more' / '0.wav'} would be {tmp_path / 'two' / '0.wav'}" in err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--list", "none.txt"], "list none.txt must be readable but is not"),
        ([], "an input must be given but none is"),
        (["a.wav", "--shard", "3/2"], "--shard must be i/n"),
        (["a.wav", "--workers", "0"], "--workers must be at least 1 but is 0"),
        (["a.wav", "--no-progress-s", "0"], "--no-progress-s must be above 0"),
        (["a.wav", "--no-progress-s", "inf"], "--no-progress-s must be above 0 and at most 1e+09 but is inf"),
        (["a.wav", "--ray-address", "127.0.0.1:6379"], "--ray-address must go with --executor ray"),
        (["s3://b/a.wav"], "--output must be given where inputs are URLs"),
        (["s3://b/a.wav", "-o", "x", "--save-noise", "n.wav"], "--save-noise must stand without URLs"),
        (["s3://b/a.wav", "-o", "-"], "- must stand without URLs"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_2(run, tmp_path, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert words in err


def test_files_at_urls_come_out_as_local_ones_and_once(calls, run, tmp_path):
    fsspec = pytest.importorskip("fsspec")
    memory = fsspec.filesystem("memory")
    for path in calls.iterdir():
        memory.pipe_file(f"/jobs-in/{path.name}", path.read_bytes())
    assert run(calls, "-o", tmp_path / "whole")[0] == 0
    assert run("memory://jobs-in", "-o", "memory://jobs-out/")[0] == 0
    found = {name: memory.cat_file(f"/jobs-out/{name}") for name in _contents(tmp_path / "whole")}
    assert found == _contents(tmp_path / "whole")
    stamp = memory.info("/jobs-out/0.wav")["created"]
    code, out, _ = run("memory://jobs-in", "-o", "memory://jobs-out/")
    assert code == 0
    assert "3 of 3 files skipped" in out
    assert memory.info("/jobs-out/0.wav")["created"] == stamp
    code, _, err = run("memory://jobs-in", "-o", "memory://jobs-out/", "--mix", "0.5")
    assert code == 1
    assert "memory://jobs-out/0.wav must not exist but does" in err
    code, _, err = run("memory://nowhere", "-o", "memory://jobs-out/")
    assert code == 2
    assert "memory://nowhere must exist but does not" in err


def test_files_on_an_s3_server_come_out_as_local_ones_and_once(s3, calls, run, tmp_path):
    import s3fs

    system = s3fs.S3FileSystem()
    for path in calls.iterdir():
        system.pipe_file(f"{s3}/calls/{path.name}", path.read_bytes())
    assert run(calls, "-o", tmp_path / "whole")[0] == 0
    # Two processes, which reach the server by themselves.
    assert run(f"{s3}/calls/", "-o", f"{s3}/out/", "--workers", "2")[0] == 0
    found = {name: system.cat_file(f"{s3}/out/{name}") for name in _contents(tmp_path / "whole")}
    assert found == _contents(tmp_path / "whole")
    assert "3 of 3 files skipped" in run(f"{s3}/calls/", "-o", f"{s3}/out/")[1]
    code, _, err = run(f"{s3}/calls/", "-o", f"{s3}/out/", "--mix", "0.5")
    assert code == 1
    assert f"{s3}/out/0.wav must not exist but does" in err


def test_local_files_by_url(calls, run, tmp_path):
    pytest.importorskip("fsspec")
    assert run(calls, "-o", tmp_path / "whole")[0] == 0
    assert run(calls.as_uri(), "-o", f"{tmp_path.as_uri()}/by url/")[0] == 0
    assert _contents(tmp_path / "by url") == _contents(tmp_path / "whole")
    assert "3 of 3 files skipped" in run(calls.as_uri(), "-o", f"{tmp_path.as_uri()}/by url/")[1]


def test_one_file_in_one_process_has_the_time_limit_that_was_asked_for(calls, run, tmp_path):
    code, out, err = run(calls / "0.wav", "-o", tmp_path / "out.wav", "--no-progress-s", "0.001")
    assert (code, out) == (2, "")
    assert "a job must make progress every 0.001 s but did not" in err
    assert not (tmp_path / "out.wav").exists()
    assert run(calls / "0.wav", "-o", tmp_path / "out.wav", "--no-progress-s", "100")[0] == 0


def _refused(capsys, *arguments):
    """The one line of a command that is refused."""
    assert enhance.main([*map(str, arguments), "--audio-only"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert len(captured.err.splitlines()) == 1
    return captured.err


def test_one_name_in_two_folders_at_urls_is_one_line(memory, capsys):
    for folder in ("x", "y"):
        memory.pipe_file(f"/{folder}/a.wav", b"")
    err = _refused(capsys, "memory://x", "memory://y", "-o", "memory://out/")
    assert "that of memory://x/a.wav and memory://y/a.wav would be memory://out/a.wav" in err


def test_missing_credentials_are_one_line_before_anything_is_loaded(no_credentials, tmp_path, capsys):
    err = _refused(capsys, f"{no_credentials}/in/", "-o", tmp_path / "out")
    assert "s3://talks/in/ must be readable with the credentials that are set but is not" in err


@pytest.mark.parametrize(("scheme", "package"), [("gs", "gcsfs"), ("az", "adlfs")])
def test_a_package_that_is_missing_is_named(capsys, tmp_path, monkeypatch, scheme, package):
    pytest.importorskip("fsspec")
    monkeypatch.setitem(sys.modules, package, None)
    err = _refused(capsys, f"{scheme}://bucket/in/", "-o", tmp_path / "out")
    assert f"{scheme}:// needs {package}" in err
    assert f"pip install {package}" in err


def test_two_runs_at_once_write_every_file_once(calls, run, live_graph, tmp_path):
    import os

    from audio_files import ROOT
    from children import together

    command = [sys.executable, "-m", "avse.cli.enhance", str(calls), "-o", str(tmp_path / "out"), "--audio-only",
               "--model", str(live_graph), "--workers", "2", "--json"]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    both = together([command] * 2, folder=tmp_path, timeout=300, envs=[environment] * 2)
    rows = [json.loads(done.stdout) for done in both]
    assert run(calls, "-o", tmp_path / "whole")[0] == 0
    assert _contents(tmp_path / "out") == _contents(tmp_path / "whole")
    assert all(row["error"] is None for one in rows for row in one)
    assert not [path for path in (tmp_path / "out").iterdir() if path.name.startswith(".") and path.suffix == ".wav"]


def test_a_dead_ray_address_is_one_line(calls, run, tmp_path):
    pytest.importorskip("ray")
    code, out, err = run(calls, "-o", tmp_path / "out", "--executor", "ray", "--ray-address", "127.0.0.1:1")
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert "nobody answers there" in err


class Node(InProcess):
    """The other machine of a cluster, as far as a command sees of it."""

    def __init__(self, before):
        super().__init__()
        self._before = before

    def run(self, work, tasks):
        self._before()
        for outcome in super().run(work, tasks):
            yield replace(outcome, host="b2")


@pytest.fixture
def on_node(monkeypatch):
    """Let jobs of `--executor ray` run on a node, before which something happens there."""

    def prepare(before):
        monkeypatch.setattr("avse.cli.enhance_run.make_executor", lambda config: Node(before))

    return prepare


def test_a_node_without_the_file_is_named_and_the_others_are_done(calls, run, tmp_path, on_node):
    on_node((calls / "1.wav").unlink)
    code, _, err = run(calls, "-o", tmp_path / "out", "--executor", "ray", "--quiet")
    assert code == 1
    assert len(err.splitlines()) == 1
    assert f"b2: input {calls / '1.wav'} must exist but does not" in err
    assert sorted(_contents(tmp_path / "out")) == ["0.wav", "2.wav"]


def test_a_full_disk_of_a_node_is_one_line_a_file_and_leaves_nothing_half(calls, run, tmp_path, on_node, monkeypatch):
    def fill():
        def full(*_, **__):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("avse.media.audio_writer.AudioWriter.write", full)

    on_node(fill)
    code, _, err = run(calls, "-o", tmp_path / "out", "--executor", "ray", "--quiet")
    assert code == 1
    lines = err.splitlines()
    assert len(lines) == N_FILES
    assert all("b2: " in line and "No space left on device" in line for line in lines)
    assert [path.suffix for path in (tmp_path / "out").iterdir() if path.suffix == ".wav"] == []
