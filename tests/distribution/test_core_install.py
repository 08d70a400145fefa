"""What runs where only the core is installed: a process in which no other package can be imported."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LEFT_OUT = (
    "torch", "torchaudio", "safetensors", "lightning_fabric", "lightning", "jsonargparse", "yaml", "jinja2",
    "matplotlib", "librosa", "pandas", "sklearn", "neurokit2", "wfdb", "pyarrow", "onnx", "pesq", "clarity",
    "sounddevice", "shtab",
)  # fmt: skip
RUN = f"""
import importlib, sys
from importlib.machinery import PathFinder
class Core:
    find_distributions = PathFinder.find_distributions
    @staticmethod
    def find_spec(name, *more):
        return None if name.partition(".")[0] in {LEFT_OUT} else PathFinder.find_spec(name, *more)
sys.meta_path[:] = [Core if finder is PathFinder else finder for finder in sys.meta_path]
sys.exit(importlib.import_module(sys.argv[1]).main(sys.argv[2:]))
"""


def _core(command, *arguments):
    """Run a command of avse without the packages that the core install skips."""
    return subprocess.run(
        [sys.executable, "-c", RUN, f"avse.cli.{command}", *map(str, arguments)],
        check=False, capture_output=True, text=True, cwd=ROOT,
    )  # fmt: skip


def _refused(done, words, *, code=2):
    assert done.returncode == code, done.stderr
    assert words in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_audio_and_video_are_enhanced_and_scored_by_the_core_alone(media, tmp_path):
    out = tmp_path / "out.wav"
    done = _core("enhance", media / "noisy.wav", "--video", media / "talk.mp4", "-o", out)
    assert done.returncode == 0, done.stderr
    done = _core("score", "--reference", media / "clean.wav", "--estimate", out, "--metrics", "stoi,si_sdr_db",
                 "--csv", tmp_path / "scores.csv", "--json", tmp_path / "scores.json")  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "STOI" in done.stdout
    done = _core("score", "--reference", media / "clean.wav", "--estimate", out)
    assert done.returncode == 0, done.stderr
    assert "pesq_wb, pesq_nb: not computed, for pesq is not installed; run: pip install 'avse[score]'" in done.stderr
    assert "PESQ" not in done.stdout


def test_faces_and_live_run_by_the_core_alone(media, tmp_path):
    assert _core("faces", media / "talk.mp4").returncode == 0
    assert (
        _core("live", "--simulate", media / "talk.mp4", "--duration-s", "1", "-o", tmp_path / "l.wav").returncode == 0
    )


@pytest.mark.parametrize("arguments", [("--model", "avdcnn"), ("--device", "cuda"), ("--model", "my.safetensors")])
def test_what_runs_by_torch_names_the_extra(media, tmp_path, arguments):
    done = _core("enhance", media / "noisy.wav", "-o", tmp_path / "out.wav", *arguments)
    _refused(done, "needs safetensors and torch, which the core install skips; run: pip install 'avse[torch]'")


def test_export_embeddings_and_the_html_report_name_their_extras(media, tmp_path):
    _refused(_core("export", "live", "-o", tmp_path / "m.onnx"), "pip install 'avse[export]'")
    _refused(_core("embed", "write", media, "-o", tmp_path / "e.npz", "--model", "v.safetensors"), "'avse[torch]'")
    clean = media / "clean.wav"
    done = _core("score", "--reference", clean, "--estimate", clean, "--html", tmp_path / "r.html")
    _refused(done, "--html needs jinja2 and matplotlib, which the core install skips; run: pip install 'avse[report]'")


def test_a_misspelt_model_is_named_before_a_missing_package(media, tmp_path):
    done = _core("enhance", media / "noisy.wav", "-o", tmp_path / "out.wav", "--model", "lve")
    _refused(done, "is 'lve'; did you mean live?")


def test_importing_avse_takes_no_time():
    """Below 0.15 s beyond an empty Python, of processor time, the best of five: the machine may be busy."""

    def seconds(code):
        measure = f"import time; start = time.process_time(); {code}; print(time.process_time() - start)"
        return min(
            float(subprocess.run([sys.executable, "-c", measure], check=True, capture_output=True, text=True).stdout)
            for _ in range(5)
        )

    assert seconds("import avse") < 0.15


def test_help_loads_nothing_heavy():
    for command in ("enhance", "score", "live", "faces", "embed", "export", "sync"):
        code = (
            f"import sys, contextlib, io\nfrom avse.cli.{command} import main\n"
            "with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()):\n    main(['--help'])\n"
            "print({'torch', 'numpy', 'cv2', 'scipy', 'av', 'onnxruntime'} & set(sys.modules))"
        )
        done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
        assert done.stdout.strip() == "set()", command
