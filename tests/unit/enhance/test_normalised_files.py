"""Files come out at the loudness that was asked for, by a measure that is not ours, and with it below the ceiling."""

import json

import numpy as np
import pytest
from audio_files import write_audio

from avse.cli.enhance import main
from avse.media.audio import read_audio
from avse.signal.loudness import LoudnessMeter
from avse.synthetic.voice import speak

pyloudnorm = pytest.importorskip("pyloudnorm")


def _loudness(path, *, track=0):
    waveform, rate = read_audio(path, track=track)
    return pyloudnorm.Meter(rate).integrated_loudness(waveform.T)


def _peak_db(path):
    waveform, rate = read_audio(path)
    meter = LoudnessMeter(sample_rate=rate, n_channels=len(waveform))
    meter.push(waveform)
    meter.finish()
    return meter.true_peak_db()


@pytest.mark.parametrize("target", [-16, -23])
@pytest.mark.parametrize("name", ["noisy.wav", "talk.mp4"])
def test_the_output_has_the_loudness_that_was_asked_for(media, tmp_path, target, name):
    output = tmp_path / f"out{name[-4:]}"
    assert main([str(media / name), "-o", str(output), "--loudness", str(target), "--audio-only"]) == 0
    assert _loudness(output) == pytest.approx(target, abs=0.5)
    # AAC adds a little to peaks.
    assert _peak_db(output) < (-0.9 if output.suffix == ".wav" else 0)
    assert read_audio(output)[0].shape == read_audio(media / name)[0].shape


@pytest.mark.parametrize("suffix", [".wav", ".m4a"])
def test_a_last_block_of_few_samples_is_written_whole(tmp_path, suffix):
    """The enhancer gives nothing for it until the end; nor is its length one of whole milliseconds."""
    rng = np.random.default_rng(0)
    voice = speak(rng, duration_s=2.0, sample_rate=44100).waveform[:65_700]
    noisy = (voice + 0.01 * rng.standard_normal(voice.shape))[None]
    write_audio(tmp_path / "in.wav", noisy, 44100)
    output = tmp_path / f"out{suffix}"
    assert main([str(tmp_path / "in.wav"), "-o", str(output), "--loudness", "-40"]) == 0
    assert read_audio(output)[0].shape == noisy.shape
    assert _loudness(output) == pytest.approx(-40, abs=0.5)


def test_by_default_the_samples_are_those_of_the_enhancer(media, tmp_path):
    noisy = str(media / "noisy.wav")
    assert main([noisy, "-o", str(tmp_path / "default.wav"), "--audio-only"]) == 0
    assert main([noisy, "-o", str(tmp_path / "keep.wav"), "--audio-only", "--loudness", "keep"]) == 0
    default, keep = (read_audio(tmp_path / f"{name}.wav")[0] for name in ("default", "keep"))
    np.testing.assert_array_equal(default, keep)


def test_by_default_the_speech_is_as_loud_as_before(media, talk, tmp_path):
    assert main([str(media / "noisy.wav"), "-o", str(tmp_path / "out.wav"), "--audio-only"]) == 0
    enhanced, clean = read_audio(tmp_path / "out.wav")[0][0], talk.voice.waveform
    # The part of the output that is the speech: its projection on the clean waveform.
    gain = np.dot(enhanced, clean) / np.dot(clean, clean)
    assert abs(20 * np.log10(gain)) < 2


def test_silence_stays_silence(tmp_path):
    write_audio(tmp_path / "in.wav", np.zeros((1, 16000)), 16000)
    assert main([str(tmp_path / "in.wav"), "-o", str(tmp_path / "out.wav"), "--loudness", "-16"]) == 0
    assert not read_audio(tmp_path / "out.wav")[0].any()


@pytest.mark.parametrize(
    ("given", "words"),
    [("loud", "loudness must be keep or a number of LUFS but is 'loud'"), ("-99", "-40 to -9 LUFS but is -99"),
     ("nan", "-40 to -9 LUFS but is nan")],
)  # fmt: skip
def test_a_loudness_that_is_none_is_refused(media, tmp_path, capsys, given, words):
    code = main([str(media / "noisy.wav"), "-o", str(tmp_path / "out.wav"), "--loudness", given])
    assert code == 2
    assert words in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_another_loudness_is_another_result_of_a_folder(media, tmp_path, capsys):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.wav").write_bytes((media / "noisy.wav").read_bytes())
    common = [str(folder), "-o", str(tmp_path / "out"), "--audio-only", "--json"]
    assert main(common) == 0
    assert main([*common, "--loudness", "-16", "--force"]) == 0
    capsys.readouterr()
    assert main([*common, "--loudness", "-16"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["skipped"]
