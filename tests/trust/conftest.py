"""A folder with planted code."""

import pytest

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
