"""The path of a first-time user: build the wheel, install it into a clean environment, enhance and score; then serve.

Run by `make install-check` and by the workflow. The steps are those of the Dockerfile: the wheel is built of the files
that it copies, and the service answers its health check. Python and pip are all it needs. Nothing may be compiled, and
nothing that the core skips may come.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
PATIENCE_S = 120
LEFT_OUT = ("torch", "librosa", "matplotlib", "lightning-fabric", "jsonargparse")


def main() -> int:
    """Do it all; the sizes and seconds are printed."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        copy_sources(folder / "source")
        _run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder / "wheels", ".",
             cwd=folder / "source")  # fmt: skip
        (wheel,) = (folder / "wheels").glob("*.whl")
        started = time.monotonic()
        venv.create(folder / "venv", with_pip=True)
        scripts = folder / "venv" / ("Scripts" if sys.platform == "win32" else "bin")
        _run(scripts / "python", "-m", "pip", "install", "--quiet", "--only-binary", ":all:", wheel,
             "--constraint", ROOT / "constraints.txt")  # fmt: skip
        installed_s = time.monotonic() - started
        packages = _run(scripts / "python", "-m", "pip", "list", "--format", "freeze").split()
        for package in LEFT_OUT:
            if any(line.lower().startswith(f"{package}==") for line in packages):
                raise SystemExit(f"the core install must skip {package} but brings it")
        sample = folder / "sample"
        _run(scripts / "python", "-m", "avse.synthetic.talker", sample, cwd=folder)
        enhanced = folder / "enhanced.wav"
        print(_run(scripts / "avse-enhance", sample / "noisy.wav", "--video", sample / "talk.mp4", "-o", enhanced))
        print(_run(scripts / "avse", "score", "--reference", sample / "clean.wav", "--estimate", enhanced,
                   "--noisy", sample / "noisy.wav", "--metrics", "stoi,estoi,si_sdr_db"))  # fmt: skip
        print(_run(scripts / "avse-models"))
        size = sum(path.stat().st_size for path in (folder / "venv").rglob("*") if path.is_file())
        print(f"wheel {wheel.stat().st_size / 1e6:.1f} MB; installed {size / 1e6:.0f} MB in {installed_s:.0f} s, "
              f"first file enhanced after {time.monotonic() - started:.0f} s")  # fmt: skip
        _run(scripts / "python", "-m", "pip", "install", "--quiet", "--only-binary", ":all:", "avse[server]",
             "--constraint", ROOT / "constraints.txt")  # fmt: skip
        print(f"the service was healthy after {_serve(scripts, folder / 'files'):.0f} s")
    return 0


def copy_sources(folder: Path) -> None:
    """Copy what the Dockerfile copies before it builds the wheel, and nothing else."""
    build = DOCKERFILE.split("RUN", 1)[0]
    folder.mkdir()
    for line in re.findall(r"^COPY (.+)$", build, re.MULTILINE):
        *sources, target = line.split()
        for source in sources:
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, folder / target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(ROOT / source, folder / target)


def health_check() -> list[str]:
    """The Dockerfile's command, for `python`."""
    _, *arguments = json.loads(re.search(r"^HEALTHCHECK CMD (.+)$", DOCKERFILE, re.MULTILINE)[1])
    return arguments


def _serve(scripts: Path, folder: Path) -> float:
    """Start the service, and wait until it is healthy; the seconds that this took."""
    folder.mkdir()
    environment = {**os.environ, "AVSE_TOKEN": "secret"}
    started = time.monotonic()
    with subprocess.Popen([scripts / "avse-serve", "--folder", folder], env=environment) as process:
        try:
            while subprocess.run([scripts / "python", *health_check()], env=environment, capture_output=True,
                                 check=False).returncode:  # fmt: skip
                if process.poll() is not None or time.monotonic() - started > PATIENCE_S:
                    raise SystemExit("the service must become healthy but does not")
                time.sleep(1)
        finally:
            process.terminate()
    return time.monotonic() - started


def _run(*command: object, cwd: Path | None = None) -> str:
    done = subprocess.run([str(word) for word in command], check=False, capture_output=True, text=True, cwd=cwd)
    if done.returncode:
        raise SystemExit(f"{command[0]} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
