"""Nothing phones home and nothing planted runs, of any command.

No command asks the network for anything or writes into the user's home, or runs code that lies in the folder it is
called from; nor do the processes that it starts.
"""

import importlib.util
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from avse.cli.main import COMMANDS
from benchmarks.torture import network

ROOT = Path(__file__).parents[2]
CALLS = ("enhance", "enhance two", "score", "score two", "live", "faces", "export", "sync", "main", "embed")
LISTENING = {"serve": "/v1/health", "demo": "/"}
"""Commands that listen until Ctrl-C, and what to ask them for."""
STRACE = ("strace", "-f", "--seccomp-bpf", "-qq", "-e", "trace=connect,sendto,sendmsg")
"""The filter in the kernel lets all other calls pass at full speed."""
HAS_STRACE = shutil.which("strace") is not None and (
    subprocess.run([*STRACE, "-o", "/dev/null", "true"], check=False, capture_output=True).returncode == 0
)


STOPPED = """
import signal, subprocess, sys, time
from pathlib import Path
child = subprocess.Popen(sys.argv[2:])
while child.poll() is None and not Path(sys.argv[1]).exists():
    time.sleep(0.05)
child.send_signal(signal.SIGINT)
sys.exit(child.wait())
"""
"""Runs a command until a file appears; then Ctrl-C."""


def test_every_command_is_called():
    names = {path.stem for path in (ROOT / "avse/cli").glob("*.py") if "def main(" in path.read_text(encoding="utf-8")}
    called = {call.split()[0] for call in CALLS} | set(LISTENING)
    assert names - {"models", "completion", "merge_journals"} == called, "these are called through main"


def test_the_long_form_watches_every_command():
    watched = {name.partition(",")[0] for name in network.calls(Path("in"), Path("out"))}
    assert watched == set(COMMANDS) - {"completion"} | {"main"}, "completion is called through main"
    assert set(network.LISTENING) == set(LISTENING)


def _traced(traced):
    """What runs a command so that its system calls are noted, where strace is there."""
    return [*STRACE, "-o", str(traced)] if HAS_STRACE else []


def _check_quiet(done, traced, tmp_path):
    """Nothing planted ran, nothing was asked of the network, and nothing written into the home."""
    assert not (tmp_path / "ran.txt").exists(), (tmp_path / "ran.txt").read_text()
    assert done.attempts == []
    assert done.home == []
    if HAS_STRACE:
        # A name server is reached by an internet address, too; /var/run/nscd is also asked for the user's name.
        internet = re.compile(r"AF_INET6?\b")
        assert [line for line in traced.read_text().splitlines() if internet.search(line)] == []


@pytest.mark.parametrize("name", LISTENING)
def test_no_command_that_listens_calls_anybody(name, command, planted, tmp_path):
    wanted = {"serve": "fastapi", "demo": "gradio"}[name]
    if importlib.util.find_spec(wanted) is None:
        pytest.skip(f"needs {wanted}")
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
    traced, stop = tmp_path / "system calls.txt", tmp_path / "stop"
    prefix = [*_traced(traced), sys.executable, "-P", "-c", STOPPED, str(stop)]
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(command, name, "--port", address.rpartition(":")[2], prefix=prefix, cwd=planted)
        try:
            while not (answer := _answer(address + LISTENING[name])) and not running.done():
                time.sleep(0.2)
        finally:
            stop.touch()
        done = running.result()
    assert answer == 200, done.stderr
    assert done.returncode == 0, done.stderr
    assert "error" not in done.stderr
    done.attempts = [line for line in done.attempts if line != "socket.getaddrinfo ('127.0.0.1',)"]  # to listen at
    _check_quiet(done, traced, tmp_path)


def _answer(url):
    try:
        with closing(urllib.request.urlopen(url, timeout=60)) as response:
            return response.status
    except OSError:
        return None


@pytest.mark.parametrize("call", CALLS)
def test_no_command_asks_the_network_writes_into_the_home_or_runs_the_folder_s_code(
    call, command, every_command, planted, tmp_path
):
    traced = tmp_path / "system calls.txt"
    (tmp_path / "out").mkdir()
    arguments = every_command(tmp_path / "out")[call]
    # Python code is watched by an audit hook, libraries by their system calls where strace is there.
    done = command(call.split()[0], *arguments, prefix=_traced(traced), cwd=planted)
    assert done.returncode == 0, done.stderr
    _check_quiet(done, traced, tmp_path)


def test_the_watch_sees_an_attempt(command, tmp_path):
    # Were it blind, the test above could not fail.
    (tmp_path / "sitecustomize.py").touch()
    code = "import socket; socket.create_connection(('127.0.0.1', 9), timeout=1)"
    done = command("enhance", "--help", prefix=[sys.executable, "-c", f"import subprocess, sys\n{code}\n#"])
    assert any(line.startswith("socket.") for line in done.attempts)


def test_telemetry_is_off_before_onnx_runtime_is_there_in_any_module():
    code = (
        "import os, sys; os.environ.pop('ORT_DISABLE_TELEMETRY', None); sys.path.insert(0, sys.argv[1])\n"
        "class Finder:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'onnxruntime': print(os.environ.get('ORT_DISABLE_TELEMETRY'))\n"
        "sys.meta_path.insert(0, Finder())\n"
        "import importlib; importlib.import_module(sys.argv[2])\n"
    )
    for module in ("avse.models.onnx", "recipes.speech_benchmark.enhance"):
        done = subprocess.run(
            [sys.executable, "-c", code, str(ROOT), module], capture_output=True, text=True, check=True, cwd=ROOT
        )
        assert set(done.stdout.split()) <= {"1"}, module
    own = {path for path in (ROOT / "avse").rglob("*.py") if "import onnxruntime" in path.read_text(encoding="utf-8")}
    assert own == {ROOT / "avse/models/onnx.py"}


@pytest.mark.slow
def test_no_report_after_half_a_minute(tmp_path, media):
    # The report that ONNX Runtime would send comes some 20 s after its first use.
    if not HAS_STRACE:
        pytest.skip("needs strace")
    code = (
        "import time; from avse import Enhancer\n"
        f"Enhancer.load().enhance_recording({str(media / 'noisy.wav')!r}, video={str(media / 'talk.mp4')!r})\n"
        "time.sleep(40)"
    )
    traced = tmp_path / "calls"
    (tmp_path / "home").mkdir()
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path / "home"), "PYTHONPATH": str(ROOT)}
    subprocess.run(
        [*STRACE, "-o", str(traced), sys.executable, "-c", code],
        check=True, env=environment,
    )  # fmt: skip
    assert [line for line in traced.read_text().splitlines() if "AF_INET" in line] == []
    assert list((tmp_path / "home").rglob("*")) == []
