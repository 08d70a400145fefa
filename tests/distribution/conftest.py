"""The built distributions, made once."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NOT_SOURCE = shutil.ignore_patterns(".*", "build", "*.egg-info", "__pycache__", "egs", "tests", "benchmarks", "exp")


def built(source: Path, folder: Path) -> tuple[Path, Path]:
    """The sdist and the wheel of a project, built from a copy, so that nothing is left in the checkout."""
    copy = folder / "source"
    shutil.copytree(source, copy, ignore=NOT_SOURCE)
    # What may not get into a distribution must lie there.
    for name in ("tests", "egs"):
        (copy / name).mkdir()
        (copy / name / "test_stray.py").write_text("", encoding="utf-8")
    subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", folder / "dist", copy],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    (sdist,), (wheel,) = (folder / "dist").glob("*.tar.gz"), (folder / "dist").glob("*.whl")
    return sdist, wheel


@pytest.fixture(scope="session")
def distributions(tmp_path_factory):
    """Sdist and wheel of avse."""
    return built(ROOT, tmp_path_factory.mktemp("avse"))


@pytest.fixture(scope="session")
def weights_distributions(tmp_path_factory):
    """Sdist and wheel of the package of AVDCNN's weights."""
    return built(ROOT / "packages/avse-avdcnn", tmp_path_factory.mktemp("avdcnn"))
