"""avse-live and avse-export, as typed."""

import json
import subprocess
import sys

import numpy as np
import pytest
import soundfile

from avse.cli import export, live
from avse.enhance.enhancer import Enhancer
from avse.errors import MediaError
from avse.live.device import FileAudio


def _live(capsys, *arguments):
    code = live.main([str(argument) for argument in arguments])
    output = capsys.readouterr()
    return code, output.out, output.err


def test_a_video_as_if_it_were_happening_now(capsys, media, tmp_path, live_graph, talk):
    code, out, _ = _live(
        capsys, "--simulate", media / "talk.mp4", "-o", tmp_path / "a b.wav", "--model", live_graph, "--json"
    )
    assert code == 0
    result = json.loads(out)
    assert result["duration_s"] == pytest.approx(len(talk.noisy) / talk.rate, abs=0.1)
    assert result["latency_ms"]["median"] >= 32
    n_frames = result["n_video_frames"] + result["n_skipped_video_frames"]
    is_on_time = result["latency_ms"]["largest"] < 200
    # On a machine that is too busy for it the video is not decoded to its end before the audio is over.
    assert n_frames == 65 if is_on_time else 0 < n_frames <= 65
    enhanced, rate = soundfile.read(tmp_path / "a b.wav")
    assert rate == talk.rate
    assert len(enhanced) / rate == pytest.approx(result["duration_s"], abs=0.001)


def test_the_state_is_shown(capsys, media, tmp_path, live_graph):
    code, out, shown = _live(
        capsys, "--simulate", media / "noisy.wav", "--no-camera", "--duration-s", "0.6", "--model", live_graph
    )
    assert code == 0
    for words in ("in ", "out ", "dB", "latency", "real-time factor", "no face"):
        assert words in shown
    assert "0 video frames processed" in out


def test_audio_alone_is_what_the_enhancer_gives(capsys, media, tmp_path, live_graph, talk):
    code, _, _ = _live(
        capsys, "--simulate", media / "noisy.wav", "--video", media / "talk.mp4", "--no-camera", "-o",
        tmp_path / "out.wav", "--model", live_graph, "--mix", "0.5", "--json",
    )  # fmt: skip
    assert code == 0
    enhanced, _ = soundfile.read(tmp_path / "out.wav", dtype="float32")
    noisy, rate = soundfile.read(media / "noisy.wav", dtype="float32")
    whole = Enhancer.load(str(live_graph)).enhance(noisy, sample_rate=rate)
    np.testing.assert_allclose(enhanced, 0.5 * whole + 0.5 * noisy, atol=2e-4)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--video", "x.mp4"], "--video must stand with --simulate"),
        (["--no-play"], "must go somewhere"),
        (["--simulate", "{media}/noisy.wav", "--duration-s", "0"], "--duration-s must be above 0"),
        (["--simulate", "missing.mp4"], "missing.mp4"),
        (["--simulate", "{media}/noisy.wav", "-o", "{media}/noisy.wav"], "must not exist but does"),
        (["--simulate", "{media}/noisy.wav", "--speaker", "auto"], "must be largest, left, right"),
    ],
)
def test_bad_input_ends_in_one_line(capsys, media, live_graph, arguments, words):
    given = [argument.format(media=media) for argument in arguments]
    code, out, shown = _live(capsys, *given, "--model", live_graph)
    assert code == 2
    assert words in shown
    assert len(shown.strip().splitlines()) == 1
    assert out == ""


def test_export_writes_graphs_that_enhance(capsys, live_weights, tmp_path, talk):
    assert export.main([str(live_weights), "-o", str(tmp_path / "mine.onnx")]) == 0
    assert "gives what" in capsys.readouterr().out
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.mouth.onnx", "mine.onnx"]
    graphs, weights = (Enhancer.load(str(path)) for path in (tmp_path / "mine.onnx", live_weights))
    one, other = (enhancer.enhance(talk.noisy, sample_rate=talk.rate) for enhancer in (graphs, weights))
    np.testing.assert_allclose(one, other, atol=1e-4)


def test_export_refuses_what_it_cannot_write(capsys, live_weights, weights, tmp_path):
    assert export.main([str(live_weights), "-o", str(tmp_path / "mine.pt")]) == 2
    assert "must end in .onnx" in capsys.readouterr().err
    assert export.main([str(weights), "-o", str(tmp_path / "a.onnx")]) == 2
    assert "must run frame by frame (gtcrn, live, steered) but is avdcnn" in capsys.readouterr().err
    (tmp_path / "b.onnx").write_text("mine")
    assert export.main([str(live_weights), "-o", str(tmp_path / "b.onnx")]) == 1
    assert "must not exist but does" in capsys.readouterr().err
    assert (tmp_path / "b.onnx").read_text() == "mine"


def test_a_graph_needs_no_torch(live_graph, media, tmp_path):
    code = (
        "import sys; from avse.cli.enhance import main; code = main(sys.argv[1:]); "
        "sys.exit(code or ('torch' in sys.modules) * 7 or ('scipy' in sys.modules) * 8)"
    )
    arguments = [media / "noisy.wav", "--video", media / "talk.mp4", "-o", tmp_path / "o.wav", "--model", live_graph]
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], check=False, timeout=300, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "o.wav").is_file()


@pytest.mark.parametrize(
    ("error", "code"), [(KeyboardInterrupt(), 0), (MediaError("the microphone went away"), 1), (RuntimeError("odd"), 1)]
)
def test_what_was_enhanced_until_the_end_is_kept(capsys, media, tmp_path, live_graph, monkeypatch, error, code):
    real = FileAudio.blocks

    def blocks(self, *, now_s):
        for number, block in enumerate(real(self, now_s=now_s)):
            if number == 40:
                raise error
            yield block

    monkeypatch.setattr(FileAudio, "blocks", blocks)
    got, _, shown = _live(
        capsys, "--simulate", media / "noisy.wav", "--no-camera", "-o", tmp_path / "o.wav", "--model", live_graph, "-q"
    )
    assert got == code
    assert len(shown.strip().splitlines()) == (code == 1)
    assert soundfile.info(tmp_path / "o.wav").frames == 40 * 256


@pytest.mark.parametrize(
    "arguments",
    [["--offset-ms", "nan"], ["--offset-ms", "inf"], ["--mix", "7"], ["--mix", "nan"], ["--duration-s", "nan"]],
)
def test_numbers_that_are_none_are_refused(capsys, media, live_graph, arguments):
    code, _, shown = _live(capsys, "--simulate", media / "noisy.wav", "--model", live_graph, *arguments)
    assert code == 2
    assert len(shown.strip().splitlines()) == 1
