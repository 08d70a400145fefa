"""What is in the wheel and the sdist, and what is not."""

import email
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

from avse._version import __version__
from avse.extras import MODULES
from avse.models import pretrained

ROOT = Path(__file__).parents[2]
WHEEL_LIMIT = 10_000_000
"""Bytes."""
CORE = {
    "av", "numpy", "onnxruntime", "opencv-python-headless", "pystoi", "scipy", "soundfile", "soxr", "tqdm",
}  # fmt: skip
DISTRIBUTION = {"lightning_fabric": "lightning-fabric", "yaml": "pyyaml"}


NOT_SOURCE = shutil.ignore_patterns(".*", "build", "*.egg-info", "__pycache__", "egs", "tests", "benchmarks", "exp")


def built(source: Path, folder: Path) -> tuple[Path, Path]:
    """The sdist and the wheel of a project, built from a copy, so that nothing is left in the checkout."""
    copy = folder / "source"
    shutil.copytree(source, copy, ignore=NOT_SOURCE)
    # What may not get into a distribution must lie there.
    for name in ("tests", "egs"):
        (copy / name).mkdir()
        (copy / name / "test_stray_py").write_text("", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", folder / "dist", copy],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    (sdist,), (wheel,) = (folder / "dist").glob("*.tar.gz"), (folder / "dist").glob("*.whl")
    return sdist, wheel


@pytest.fixture(scope="session")
def distributions(tmp_path_factory):
    """Sdist and wheel of avse."""
    return built(ROOT, tmp_path_factory.mktemp("avse"))


@pytest.fixture(scope="session", params=sorted(pretrained.PACKAGES))
def weights_distributions(request, tmp_path_factory):
    """A model's name, and sdist and wheel of the package of its weights."""
    name = request.param
    return name, built(ROOT / "packages" / pretrained.PACKAGES[name], tmp_path_factory.mktemp(name))


def _wheel(path):
    with zipfile.ZipFile(path) as wheel:
        (name,) = [name for name in wheel.namelist() if name.endswith(".dist-info/METADATA")]
        return set(wheel.namelist()), email.message_from_bytes(wheel.read(name))


def _sdist(path):
    with tarfile.open(path) as sdist:
        return {name.partition("/")[2] for name in sdist.getnames()}


def test_the_wheel_holds_the_library_its_weights_and_their_cards_and_nothing_else(distributions):
    _, wheel = distributions
    assert wheel.stat().st_size < WHEEL_LIMIT
    names, metadata = _wheel(wheel)
    assert metadata["Version"] == __version__
    assert {name.split("/")[0] for name in names} == {"avse", f"avse-{__version__}.dist-info"}
    library = {str(path.relative_to(ROOT)) for path in (ROOT / "avse").rglob("*") if path.is_file()}
    library = {name for name in library if "__pycache__" not in name}
    assert {name for name in names if name.startswith("avse/")} == library
    for name in pretrained.PRETRAINED.glob("*.safetensors"):
        assert f"avse/pretrained/{name.stem}.md" in names


def test_the_sdist_holds_what_the_wheel_holds_and_no_tests_or_experiments(distributions):
    sdist, wheel = distributions
    names = _sdist(sdist)
    assert {name for name in _wheel(wheel)[0] if name.startswith("avse/")} <= names
    assert {"pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "CITATION.cff"} <= names
    tops = {name.split("/")[0] for name in names}
    assert not tops & {"tests", "egs", "recipes", "benchmarks", "packages", "docs"}


def test_the_weights_package_holds_weights_and_card_and_names_itself(weights_distributions):
    name, (_, wheel) = weights_distributions
    names, metadata = _wheel(wheel)
    assert {f"avse_{name}/{name}.safetensors", f"avse_{name}/{name}.md"} <= names
    assert metadata.get_all("Requires-Dist") == ["avse[torch]>=0.2"]
    with zipfile.ZipFile(wheel) as file:
        (points,) = [member for member in names if member.endswith("entry_points.txt")]
        assert file.read(points).decode().split() == ["[avse.weights]", name, "=", f"avse_{name}"]


@pytest.mark.filterwarnings("default")
def test_the_package_index_would_take_them(distributions, weights_distributions):
    files = [*distributions, *weights_distributions[1]]
    done = subprocess.run(
        [sys.executable, "-m", "twine", "check", "--strict", *files], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("PASSED") == len(files)


def test_the_core_install_is_what_enhancing_and_scoring_need(distributions):
    requires = _wheel(distributions[1])[1].get_all("Requires-Dist")
    core = {line.split(">")[0].split("<")[0].strip() for line in requires if "extra ==" not in line}
    assert core == CORE


def test_the_modules_that_an_extra_is_said_to_bring_are_in_it():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]

    def packages(extra):
        found = set()
        for line in extras[extra]:
            name = line.split(">")[0].split("<")[0]
            if name.startswith("avse["):
                found.update(*(packages(inner) for inner in name[5:-1].split(",")))
            else:
                found.add(name)
        return found

    for extra, modules in MODULES.items():
        assert {DISTRIBUTION.get(module, module) for module in modules} <= packages(extra), extra
    # `all` is what one machine's user wants: no cluster, no object store, no page, no server.
    everything = set(extras) - {"all", "bench", "cluster", "demo", "dev", "docs", "s3", "server", "torchaudio"}
    assert set().union(*map(packages, everything)) == packages("all")


def test_the_version_stands_in_one_place():
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {__version__}\n" in citation
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"\n## {__version__}, " in changelog
