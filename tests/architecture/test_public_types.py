"""What `from avse import ...` gives has a type for those who check their own code strictly."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import avse

ROOT = Path(__file__).parents[2]

USER_PROGRAM = """
from pathlib import Path
from typing import assert_type

import numpy as np
import numpy.typing as npt

from avse import AvseError, Enhancer, EnhanceResult, Job, Mixing, Recording, StreamingEnhancer, __version__
from avse import enhance_file, read_audio, score_waveforms
from avse.metrics.score_or_reason import Score

def clean(path: str) -> Recording:
    return Enhancer.load().enhance_recording(path, video="talk.mp4", mixing=Mixing(mix=0.8))

waveform, sample_rate = read_audio(Path("noisy.wav"))
result: EnhanceResult = enhance_file(Enhancer.load(), Job(audio=Path("a.wav"), output=Path("b.wav")))
assert_type(Enhancer.load(), Enhancer)
assert_type(Enhancer.load().enhance(waveform, sample_rate=sample_rate), npt.NDArray[np.float32])
assert_type(clean("noisy.wav").sample_rate, int)
assert_type(StreamingEnhancer(sample_rate=48000).push(waveform), npt.NDArray[np.float32])
assert_type(result.warnings, tuple[str, ...])
assert_type(score_waveforms(reference=waveform[0], estimate=waveform[0], sample_rate=1), dict[str, Score])
assert_type(str(AvseError("no")), str)
assert_type(__version__, str)
"""
WRONG_PROGRAM = """
from avse import Enhancer
from avse import Enhancr

Enhancer.load(3)
Enhancer.load().enhance("noisy.wav", sample_rate=16000)
"""


@pytest.fixture(scope="module")
def complaints(tmp_path_factory):
    """What mypy says of both programs, checked as their users would, with none of this project's settings."""
    folder = tmp_path_factory.mktemp("typed")
    (folder / "right.py").write_text(USER_PROGRAM, encoding="utf-8")
    (folder / "wrong.py").write_text(WRONG_PROGRAM, encoding="utf-8")
    (folder / "mypy.ini").write_text("[mypy]\nfollow_imports = silent\nignore_missing_imports = True\n")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(ROOT / ".mypy_cache/user"),
         "right.py", "wrong.py"],
        cwd=folder, env={**os.environ, "MYPYPATH": str(ROOT)},
        capture_output=True, text=True, check=False, timeout=900,
    )  # fmt: skip
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stdout


def test_a_users_program_is_fully_typed(complaints):
    assert "right.py" not in complaints


@pytest.mark.parametrize(
    "words",
    [
        'Module "avse" has no attribute "Enhancr"',
        'Argument 1 to "load" of "Enhancer" has incompatible type "int"',
        'Argument 1 to "enhance" of "Enhancer" has incompatible type "str"',
    ],
)
def test_a_users_mistakes_are_found(complaints, words):
    assert words in complaints


def test_checkers_and_programs_get_the_same_names():
    tree = ast.parse(Path(avse.__file__).read_text(encoding="utf-8"))
    (guarded,) = (
        node for node in tree.body
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
    )  # fmt: skip
    typed = {name.name: imported.module for imported in guarded.body for name in imported.names}
    assert typed == avse._HOME
    assert {*typed, "__version__"} == set(avse.__all__)


@pytest.mark.parametrize("heavy", ["torch", "numpy", "cv2", "scipy", "onnxruntime"])
def test_import_avse_stays_instant(heavy):
    program = f"import sys, avse; assert avse.__version__; sys.exit({heavy!r} in sys.modules)"
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, timeout=300, capture_output=True, text=True)
