"""A folder is done to its end, whatever one file is; a second run skips what is done; a kill leaves nothing."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest
import soundfile
from audio_files import ROOT
from folder_calls import RECORD, calls, names, run  # noqa: F401

from avse.cli import score
from avse.enhance import file as enhance_module
from avse.score import in_parallel

# Files that cannot be done


def _damaged(folder, media):
    noisy, rate = soundfile.read(media / "noisy.wav")
    for name, kind in (("b1.flac", "FLAC"), ("b2.mp3", "MP3"), ("b3.ogg", "OGG")):
        soundfile.write(folder / name, noisy, rate, format=kind)
        content = bytearray((folder / name).read_bytes())
        content[len(content) // 2 : len(content) // 2 + 4000] = os.urandom(4000)
        (folder / name).write_bytes(content[: -len(content) // 8])
    (folder / "b4.wav").write_text("no audio")
    (folder / "b5.wav").touch()
    (folder / ("b6" + "x" * 246 + ".m4a")).write_bytes((folder / "a.wav").read_bytes())
    latin = os.fsencode(folder) + b"/b7 \xe9\xff.wav"
    with open(latin, "wb") as file:  # noqa: PTH123 - a name that is no text
        file.write((folder / "a.wav").read_bytes())


def test_damaged_files_and_odd_names_cost_only_themselves(calls, run, media, tmp_path):
    _damaged(calls, media)
    code, out, err = run(calls, "-o", tmp_path / "out", "--audio-only", "--quiet")
    assert code == 1
    done = names(tmp_path / "out")
    assert {"a.wav", "c.wav"} <= set(done)
    errors = [line for line in err.splitlines() if "avse-enhance: error: " in line]
    assert errors == err.splitlines()
    n_files = len(list(calls.iterdir()))
    assert len(out.splitlines()) + len(errors) == n_files
    assert len(done) == n_files - len(errors)
    assert not any(name.startswith(".") for name in done)


def test_lines_and_exit_codes_are_the_same_with_two_workers(calls, run, media, tmp_path):
    _damaged(calls, media)
    results = [run(calls, "-o", tmp_path / f"out{n}", "--workers", n, "--audio-only", "--json") for n in (1, 2)]
    (code, out, err), (other_code, other_out, other_err) = results
    assert code == other_code == 1
    assert err == other_err.replace("out2", "out1")
    assert names(tmp_path / "out1") == names(tmp_path / "out2")
    for one, other in zip(json.loads(out), json.loads(other_out), strict=True):
        assert one["audio"] == other["audio"]
        assert one["error"] == (other["error"] and other["error"].replace("out2", "out1"))


@pytest.mark.parametrize("workers", [1, 2])
def test_a_model_that_cannot_be_loaded_is_one_line_and_2(calls, run, tmp_path, workers):
    (tmp_path / "bad.onnx").write_text("no graph")
    code, out, err = run(calls, "-o", tmp_path / "out", "--workers", workers, model=tmp_path / "bad.onnx")
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert "bad.onnx must be one that avse-export wrote" in err


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (MemoryError(), "must fit in memory"),
        (OSError(28, "No space left on device"), "No space left on device"),
        (RuntimeError("a decoder\nfails"), "RuntimeError: a decoder fails"),
        (UnicodeEncodeError("utf-8", "x", 0, 1, "no"), "UnicodeEncodeError"),
    ],
)
def test_what_no_one_foresaw_is_that_files_line(calls, run, tmp_path, monkeypatch, error, words):
    real = enhance_module.enhance_file

    def fails(enhancer, job, **options):
        if job.audio.name == "a.wav":
            raise error
        return real(enhancer, job, **options)

    monkeypatch.setattr(enhance_module, "enhance_file", fails)
    code, out, err = run(calls, "-o", tmp_path / "out", "--audio-only")
    assert code == 1
    assert len(err.splitlines()) == 1
    assert len(out.splitlines()) == 2  # the other file, and the summary
    assert words in err
    assert "a.wav" in err
    assert names(tmp_path / "out") == ["c.wav"]


def die_on_two(number):
    if number == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return 10 * number


def test_a_worker_killed_for_memory_costs_only_its_own_item():
    given = list(in_parallel(die_on_two, [1, 2, 3, 4, 5], n_workers=2, lost=lambda number, error: f"{number}: {error}"))
    assert given[:1] + given[2:] == [10, 30, 40, 50]
    assert given[1].startswith("2: each of 2 processes must run to its end but one was killed")


def test_scores_of_a_folder_survive_any_error_of_one_file(calls, tmp_path, monkeypatch, capsys):
    from avse import score as scoring

    real = scoring.score_file

    def fails(path, **options):
        if path.name == "a.wav":
            raise RuntimeError("a decoder fails")
        return real(path, **options)

    monkeypatch.setattr(scoring, "score_file", fails)
    arguments = ["--reference", str(calls), "--estimate", str(calls), "--metrics", "stoi", "--workers", "1",
                 "--json", "-"]  # fmt: skip
    assert score.main(arguments) == 1
    files = json.loads(capsys.readouterr().out)["files"]
    assert [row["estimate"]["stoi"] is None for row in files] == [True, False]
    assert "a decoder fails" in files[0]["failed"][0]


# A second run


# Leftovers and hidden files


def test_hidden_files_and_leftovers_are_no_input(calls, run, tmp_path):
    for name in ("._a.wav", ".hidden.wav", ".a.0123abcd.wav"):
        (calls / name).write_bytes((calls / "a.wav").read_bytes())
    code, out, _ = run(calls, "-o", tmp_path / "out", "--audio-only")
    assert code == 0
    assert out.splitlines()[-1].startswith("2 enhanced, 0 skipped, 0 failed: ")


def test_leftovers_of_dead_writers_are_removed_and_those_of_living_ones_stay(tmp_path):
    from avse.media.output import atomic_write

    dead, other, young = (tmp_path / name for name in (".a.0123abcd.wav", ".ab.0123abcd.wav", ".a.89abcdef.wav"))
    for path in (dead, other):
        path.write_text("half")
    young.touch()
    with atomic_write(tmp_path / "a.wav", force=True) as living:
        living.write_text("half")
        assert not dead.exists()
        with atomic_write(tmp_path / "a.wav", force=True) as second:
            second.write_text("whole")
        assert living.exists()
    assert other.exists(), "of another file"
    assert young.exists(), "perhaps just begun"
    os.utime(young, (time.time() - 5,) * 2)
    with atomic_write(tmp_path / "a.wav", force=True) as temporary:
        temporary.write_text("again")
    assert not young.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signal 0")
@pytest.mark.parametrize("when", ["before it locked", "while it worked"])
def test_a_temporary_folder_of_a_killed_process_goes_with_the_next_and_that_of_a_living_one_stays(
    tmp_path, monkeypatch, when
):
    import tempfile

    from avse.media.output import scratch_folder

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    end = "os.kill(os.getpid(), 9)"
    program = (
        f"import os, tempfile; from avse.media import output; tempfile.tempdir = {str(tmp_path)!r}\n"
        + (f"output._created = lambda path: {end}\n" if when == "before it locked" else "")
        + f"with output.scratch_folder() as folder: (folder / 'x').write_text('x'); {end}\n"
    )
    subprocess.run([sys.executable, "-c", program], check=False, env={**os.environ, "PYTHONPATH": str(ROOT)})
    (left,) = tmp_path.iterdir()
    os.utime(left, (time.time() - 5,) * 2)
    living = tmp_path / f"avse-{os.getpid()}-abc"
    living.mkdir()
    os.utime(living, (time.time() - 5,) * 2)
    with scratch_folder() as own:
        assert sorted(tmp_path.iterdir()) == sorted([living, own])
    assert [*tmp_path.iterdir()] == [living]


def test_a_killed_command_leaves_no_file_and_its_rerun_ends_as_if_never_killed(calls, tmp_path, live_graph, media):
    for number in range(2):
        (calls / f"long {number}.mp4").write_bytes((media / "talk.mp4").read_bytes())
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path / "tmp")}
    (tmp_path / "tmp").mkdir()

    def start(out, *more):
        command = [
            sys.executable,
            "-m",
            "avse.cli.enhance",
            str(calls),
            "-o",
            str(out),
            "--model",
            str(live_graph),
            *more,
        ]
        return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    whole = start(tmp_path / "whole")
    printed = whole.communicate(timeout=300)[1]
    assert whole.returncode == 0, printed
    process = start(tmp_path / "killed", "--workers", "2")
    until = time.monotonic() + 60
    while not (tmp_path / "killed/a.wav").exists() and time.monotonic() < until:
        time.sleep(0.01)
    process.kill()
    process.communicate()
    # Orphaned workers end by themselves, perhaps after a rerun has looked for what they left: the next one finds it.
    for _ in range(3):
        again = start(tmp_path / "killed")
        printed = again.communicate(timeout=300)[1]
        assert again.returncode == 0, printed
        if not list((tmp_path / "tmp").glob("avse-*")):
            break
        time.sleep(5)
    assert names(tmp_path / "killed") == names(tmp_path / "whole")
    for name in names(tmp_path / "whole"):
        assert (tmp_path / "killed" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), name
    assert list((tmp_path / "tmp").glob("avse-*")) == []


def test_a_process_whose_parent_is_killed_ends(tmp_path):
    code = (
        "import os, sys, time\nfrom avse.workers import in_parallel\n"
        "def work(n):\n    open(f'{sys.argv[1]}/{os.getpid()}', 'w'); time.sleep(300)\n"
        "if __name__ == '__main__': list(in_parallel(work, [1, 2], n_workers=2))\n"
    )
    script = tmp_path / "script.py"
    script.write_text(code)
    pids = tmp_path / "pids"
    pids.mkdir()
    process = subprocess.Popen([sys.executable, str(script), str(pids)], env={**os.environ, "PYTHONPATH": str(ROOT)})
    until = time.monotonic() + 120
    while len(list(pids.iterdir())) < 2 and time.monotonic() < until:
        time.sleep(0.05)
    process.kill()
    process.wait()
    assert len(list(pids.iterdir())) == 2, "both were at work"
    until = time.monotonic() + 60
    while (alive := [p.name for p in pids.iterdir() if _runs(int(p.name))]) and time.monotonic() < until:
        time.sleep(0.1)
    assert alive == []


def _runs(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:  # noqa: PTH123
            return re.search(r"\) (\w)", file.read()).group(1) != "Z"
    except FileNotFoundError:
        return False
