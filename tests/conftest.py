"""Media that all tests share, made once a session."""

import gc
import importlib.util
import json
import os
import subprocess
import sys

# Test processes share the cores: threads within them would only fight.
os.environ.setdefault("OMP_NUM_THREADS", "1")

from pathlib import Path

import numpy as np
import pytest
from audio_files import RATE, ROOT, write_audio
from url_fixtures import in_process, memory, no_credentials, s3  # noqa: F401
from vatt_fixtures import vatt_config, vatt_cut, vatt_run, vatt_shards, vatt_videos, write_mouth  # noqa: F401
from weight_fixtures import live_graph, live_weights, weights  # noqa: F401

from avse.synthetic.head import PEOPLE
from avse.synthetic.talker import in_noise, render_video, write_video
from avse.synthetic.voice import speak

DURATION_S = 2.6
SCRIPT = """
import sys
from avse.cli.{name} import main
if __name__ == "__main__":
    sys.exit(main())
"""
SMALL = {
    "video": "tiny", "audio": "tiny", "text": "tiny", "n_frames": 10, "fps": 12.5, "height": 32, "width": 48,
    "n_samples": 6400, "sample_rate": 8000, "movement": True, "patch": (2, 32, 48), "patch_samples": 256,
    "vocabulary": 256, "dims": (64, 32),
}  # fmt: skip
"""A VATT that is quick."""
WATCH = """
import sys

def _watch(event, arguments):
    if event.startswith(("socket.connect", "socket.getaddr", "socket.gethost", "socket.sendto", "urllib.Request")):
        with open({log!r}, "a") as file:
            asked = arguments[:1] if "get" in event else arguments[-1:]  # whose address, or the address
            file.write(event + " " + repr(asked) + "\\n")

sys.addaudithook(_watch)
"""
"""A `sitecustomize` that notes every network attempt of Python code, in child processes, too."""


@pytest.fixture(scope="session", autouse=True)
def _bundled_detector():
    """The bundled face detector, whatever else is installed here: expected values hold for it."""
    from avse.faces import detectors

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(detectors, "installed_file", lambda: None)
        yield


LONG_FIRST = ("recipes", "unit/training", "trust", "docs", "distribution", "architecture", "cli", "hostile")
"""Folders in the order in which test processes start on them, so that none ends alone with something long."""


def pytest_collection_modifyitems(items):
    """Long modules first."""

    def rank(item):
        folder = item.path.relative_to(ROOT / "tests").as_posix()
        return next((n for n, name in enumerate(LONG_FIRST) if folder.startswith(name + "/")), len(LONG_FIRST))

    items.sort(key=rank)


def pytest_collection_finish():
    """What the imports have left stays to the end: no garbage collection looks at it again.

    There are a million objects, and statsmodels collects garbage in every correction for multiple tests.
    """
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(call):
    """A test that failed shows what the child processes printed that its functions hold."""
    report = yield
    if report.failed and call.excinfo is not None:
        children = {id(child): child for child in _children(call.excinfo)}
        for child in children.values():
            words = str(child.cmd if isinstance(child, subprocess.SubprocessError) else child.args)[:200]
            for name in ("stdout", "stderr"):
                text = getattr(child, name) or ""
                text = text.decode(errors="replace") if isinstance(text, bytes) else str(text)
                if text:
                    report.sections.append((f"{name} of {words}", text[-4000:]))
    return report


def _children(excinfo):
    """Finished processes in the frames of a failure, and the one that raised."""
    if isinstance(excinfo.value, subprocess.CalledProcessError | subprocess.TimeoutExpired):
        yield excinfo.value
    for entry in excinfo.traceback:
        for value in entry.frame.f_locals.values():
            if isinstance(value, subprocess.CompletedProcess):
                yield value


class Talk:
    """A person who speaks for `DURATION_S`, drawn 25 times a second."""

    def __init__(self):
        rng = np.random.default_rng(3)
        self.rate = RATE
        self.voice = speak(rng, duration_s=DURATION_S)
        self.noisy = in_noise(self.voice, rng)
        self.times_s = np.arange(65) / 25
        self.opening = self.voice.opening_at(self.times_s)
        self.images = render_video(PEOPLE[0], self.opening, rng)


@pytest.fixture(scope="session")
def talk():
    """The video frames and the audio behind the files."""
    return Talk()


@pytest.fixture(scope="session")
def media(tmp_path_factory, talk):
    """A folder with clean.wav, noisy.wav, and talk.mp4 that carries the noisy audio."""
    folder = tmp_path_factory.mktemp("media")
    for name, waveform in (("clean", talk.voice.waveform), ("noisy", talk.noisy)):
        write_audio(folder / f"{name}.wav", waveform, RATE)
    write_video(folder / "talk.mp4", talk.images, timestamps_s=talk.times_s, waveform=talk.noisy, sample_rate=RATE)
    return folder


@pytest.fixture(scope="session")
def two_people(tmp_path_factory, talk):
    """A video of two: the left one chews, the right one's mouth follows the audio."""
    rng = np.random.default_rng(4)
    chewing = speak(np.random.default_rng(99), duration_s=DURATION_S).opening_at(talk.times_s)
    left = render_video(PEOPLE[1], chewing, rng, size=(240, 240))
    right = render_video(PEOPLE[0], talk.opening, rng, size=(240, 240))
    path = tmp_path_factory.mktemp("two") / "two.mp4"
    images = [np.concatenate(pair, axis=1) for pair in zip(left, right, strict=True)]
    write_video(path, images, timestamps_s=talk.times_s, waveform=talk.noisy, sample_rate=RATE)
    return path


@pytest.fixture(scope="session")
def fixed_mixtures():
    """Some of the data pack's fixed mixtures, evenly from all, each with what other systems score on it."""
    root = Path(os.environ.get("AVSE_DATA", "data"))
    if not (root / "av/test_scores_peers.jsonl").is_file():
        pytest.skip("needs AVSE_DATA with the GRID pack")
    from avse.data.manifest import read_mixtures
    from avse.data.mixtures import MixtureReader

    source = importlib.util.spec_from_file_location("prepare_grid", ROOT / "egs/grid/prepare.py")
    prepare = importlib.util.module_from_spec(source)
    source.loader.exec_module(prepare)
    mixtures = read_mixtures(root / prepare.MIXTURES)
    lines = (root / "av/test_scores_peers.jsonl").read_text(encoding="utf-8").splitlines()
    scores = {row["id"]: row for row in map(json.loads, lines)}
    reader = MixtureReader(prepare.read_items(root), root=root, sample_rate=16000)

    def some(n):
        for mixture in mixtures[:: len(mixtures) // n]:
            yield reader.read(mixture), scores[mixture.id]

    return some


@pytest.fixture
def command(tmp_path):
    """Run `avse-NAME` in a folder: the finished process, whose `home` and `attempts` tell what else it did."""

    def run(name, *arguments, cwd=None, env=None, prefix=(), timeout=600):
        home, site, log = tmp_path / "home", tmp_path / "site", tmp_path / "network.txt"
        home.mkdir(exist_ok=True)
        site.mkdir(exist_ok=True)
        log.touch()
        (site / "sitecustomize.py").write_text(WATCH.format(log=str(log)))
        # As the installed script does it: the folder of the script comes first on the path, not the current one.
        script = site / f"avse-{name}"
        script.write_text(SCRIPT.format(name=name))
        environment = {
            "PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8", "OMP_NUM_THREADS": "1",
            "PYTHONPATH": os.pathsep.join([str(site), str(ROOT)]), **(env or {}),
        }  # fmt: skip
        done = subprocess.run(
            [*prefix, sys.executable, str(script), *map(str, arguments)],
            capture_output=True, text=True, errors="replace", cwd=cwd or tmp_path, env=environment, timeout=timeout,
            check=False,
        )  # fmt: skip
        done.home = sorted(str(path.relative_to(home)) for path in home.rglob("*"))
        done.attempts = log.read_text().splitlines()
        return done

    return run


@pytest.fixture(scope="session")
def every_command(media, live_weights, vatt_files):
    """A useful call of every command, by its name; outputs go to the folder that is given."""

    def calls(out):
        return {
            "enhance": [media / "talk.mp4", "-o", out / "clean.mp4", "--save-mouth", out / "mouth.mp4"],
            "enhance two": [media / "noisy.wav", media / "clean.wav", "-o", out / "two", "--workers", "2"],
            "score": ["--reference", media / "clean.wav", "--estimate", media / "noisy.wav", "--html", out / "r.html"],
            "score two": ["--reference", vatt_files / "clean", "--estimate", vatt_files / "long", "--workers", "2"],
            "live": ["--simulate", media / "talk.mp4", "-o", out / "live.wav", "--duration-s", "1"],
            "faces": [media / "talk.mp4", "--sheet", out / "faces.png", "--preview", out / "preview.mp4"],
            "export": [live_weights, "-o", out / "mine.onnx"],
            "sync": [media / "talk.mp4", "--json"],
            "main": ["models"],
            "embed": ["write", media / "talk.mp4", "-o", out / "clips.npz", "--model", vatt_files / "vatt.safetensors"],
        }

    return calls


@pytest.fixture(scope="session")
def vatt_files(tmp_path_factory, media):
    """Weights of a small VATT that nobody trained, and two folders of recordings of 25 s, which PESQ takes apart."""
    import torch

    from avse.media.audio import read_audio
    from avse.models import zoo
    from avse.models.vatt import VATT, VATTConfig

    folder = tmp_path_factory.mktemp("vatt files")
    torch.manual_seed(0)
    zoo.save(folder / "vatt.safetensors", VATT.build(VATTConfig(**SMALL)))
    for kind, source in (("clean", "clean"), ("long", "noisy")):
        (folder / kind).mkdir()
        waveform = np.tile(read_audio(media / f"{source}.wav")[0], 10)
        for name in ("a", "b"):
            write_audio(folder / kind / f"{name}.wav", waveform, 16000)
    return folder


PLANTED = (
    "numpy", "scipy", "torch", "av", "cv2", "soundfile", "pesq", "onnxruntime", "yaml", "sitecustomize_", "pickle",
    "struct", "selectors", "socket", "signal", "threading", "tempfile", "random", "json", "resource", "avse",
)  # fmt: skip
"""Names that some process imports, of packages and of Python's own library."""


@pytest.fixture
def planted(tmp_path):
    """A folder of modules that leave a trace when they run."""
    folder = tmp_path / "download"
    folder.mkdir()
    for name in PLANTED:
        (folder / f"{name}.py").write_text(
            f"open({str(tmp_path / 'ran.txt')!r}, 'a').write({name!r} + chr(10))\nraise ImportError({name!r})\n"
        )
    return folder
