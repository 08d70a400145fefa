"""What commands ask of the network: `python -m benchmarks.torture.network`, in a network namespace where there is one.

Every command runs under strace with an empty home. The table has the attempts to reach an internet address or a name
server, and what was written into the home; each should be 0.
"""

import argparse
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.torture.kills import make_inputs
from benchmarks.torture.record import table, write_section

ROOT = Path(__file__).parents[2]
LISTENER = Path(__file__).with_name("listener.py")
INTERNET = re.compile(r"AF_INET6?\b")
LINGER_S = 30
"""What a library would report comes seconds after its first use: the process stays that long."""
SETTLE_S = 0.5
"""For strace to write its last line."""
LISTENING = {"serve": "/v1/health", "demo": "/"}
"""Commands that listen until Ctrl-C, and what to ask them for."""


def calls(inputs: Path, out: Path) -> dict[str, list[str]]:
    """Arguments of a useful call of every command."""
    video = str(inputs / "media/talk 0.mp4")
    return {
        "enhance": [video, "-o", str(out / "clean.mp4")],
        "enhance, 2 workers": [str(inputs / "noisy"), "-o", str(out / "noisy"), "--workers", "2"],
        "enhance, avdcnn": [video, "-o", str(out / "avdcnn.wav"), "--model", "avdcnn"],
        "score": ["--reference", str(inputs / "clean"), "--estimate", str(inputs / "noisy"), "--html",
                  str(out / "report.html"), "--workers", "2"],
        "live": ["--simulate", video, "-o", str(out / "live.wav")],
        "faces": [video, "--preview", str(out / "preview.mp4")],
        "sync": [video, "--json"],
        "models": [],
        "export": ["live", "-o", str(out / "mine.onnx")],
        "embed": ["write", video, "-o", str(out / "clips.npz"), "--model", str(inputs / "vatt.safetensors")],
        "main": ["completion", "bash"],
        "serve": ["--folder", str(out / "served"), "--port", _free_port()],
        "demo": ["--port", _free_port()],
    }  # fmt: skip


def _free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return str(free.getsockname()[1])


def make_vatt(path: Path) -> None:
    """Write the weights of a small VATT that nobody trained."""
    from avse.models import zoo
    from avse.models.vatt import VATT, VATTConfig

    config = VATTConfig(
        video="tiny", audio="tiny", text="tiny", n_frames=10, fps=12.5, height=32, width=48, patch=(2, 32, 48),
        n_samples=6400, sample_rate=8000, patch_samples=256, vocabulary=256, dims=(64, 32),
    )  # fmt: skip
    zoo.save(path, VATT.build(config))


def watched(name: str, arguments: list[str], *, folder: Path) -> tuple[int, int, int]:
    """Exit code of a command, attempts to reach the network, and files in its home."""
    home, traced = folder / f"home of {name}", folder / f"calls of {name}"
    home.mkdir()
    program = name.partition(",")[0]
    is_listening = program in LISTENING
    code = (
        f"import sys, time; from avse.cli.{program} import main\n"
        f"if __name__ == '__main__':\n"
        f"    code = main(sys.argv[1:]); time.sleep({0 if is_listening else LINGER_S}); sys.exit(code)\n"
    )
    script = folder / f"avse-{program}"
    script.write_text(code)
    strace = ["strace", "-f", "--seccomp-bpf", "-qq", "-e", "trace=connect,sendto,sendmsg", "-o", str(traced)]
    listener: list[str] = []
    if is_listening:
        port = arguments[arguments.index("--port") + 1]
        strace.insert(1, "-D")  # the command itself, not strace, is the listener's child, which gets its Ctrl-C
        listener = [sys.executable, "-P", str(LISTENER), port, LISTENING[program], str(LINGER_S)]
    environment = {**os.environ, "HOME": str(home), "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    for variable in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "ORT_DISABLE_TELEMETRY"):
        environment.pop(variable, None)
    done = subprocess.run(
        [*_namespace(), *listener, *strace, sys.executable, str(script), *arguments],
        env=environment, cwd=folder, check=False, capture_output=True,
    )  # fmt: skip
    time.sleep(SETTLE_S)
    attempts = [line for line in traced.read_text(errors="replace").splitlines() if INTERNET.search(line)]
    return done.returncode, len(attempts), len(list(home.rglob("*")))


def _namespace() -> list[str]:
    """What runs a command without any network, where the system lets us."""
    command = ["unshare", "-rn"]
    can = (
        shutil.which("unshare") and subprocess.run([*command, "true"], check=False, capture_output=True).returncode == 0
    )
    return command if can else []


def main(argv: list[str] | None = None) -> int:
    """Watch every command and write the table; exit 1 if one failed or asked for anything."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--no-record", action="store_true", help="print the table and leave RESULTS.md as it is")
    parser.add_argument("--only", action="append", help="a command, such as serve, alone; again for more")
    arguments = parser.parse_args(argv)
    if not shutil.which("strace"):
        print("network: strace must be installed but is not; install it", file=sys.stderr)
        return 2
    started, only = time.monotonic(), arguments.only or []
    lines, is_good = [["command", "exit code", "network attempts", "files in the home"]], True
    with tempfile.TemporaryDirectory(prefix="torture-") as name:
        folder = Path(name)
        make_inputs(folder / "inputs")
        make_vatt(folder / "inputs/vatt.safetensors")
        (folder / "out").mkdir()
        for command, options in calls(folder / "inputs", folder / "out").items():
            if only and command not in only:
                continue
            found = watched(command, options, folder=folder)
            lines.append(["avse completion" if command == "main" else f"avse-{command}", *map(str, found)])
            is_good &= not any(found)
            print(" ".join(lines[-1]), flush=True)
    how = "In a network namespace. " if _namespace() else ""
    print(table(lines))
    if not arguments.no_record:
        more = "".join(f" --only '{name}'" for name in only)
        write_section(
            "Network attempts", f"{how}Each process stays {LINGER_S} s after its work.\n\n{table(lines)}",
            command=f"python -m benchmarks.torture.network{more}", wall_s=time.monotonic() - started,
        )  # fmt: skip
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
