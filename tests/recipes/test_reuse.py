"""Enhanced files and their scores are used again for the same weights, settings and recordings, and for no others."""

import json
import os
import re
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from audio_files import write_audio
from long_videos import mouth_of, moving_crops

from avse.data.crops import save_mouth
from avse.data.manifest import Item, Mixture, NoiseCut, write_manifest
from avse.models import zoo
from avse.models.live import Live, LiveConfig
from recipes.speech_benchmark import cost, enhance, score_mixtures

RATE = 16000
LONG_AGO_S = 10**9


@pytest.fixture
def pack(tmp_path, monkeypatch):
    """A clip in two noises, its mouth, and small networks that nobody trained, all older than what is made of them."""
    monkeypatch.setenv("AVSE_DATA", str(tmp_path))
    rng = np.random.default_rng(1)
    for name in ("clip", "hiss", "hum"):
        _write_noise(tmp_path / f"{name}.wav", rng)
    save_mouth(tmp_path / "crops/clip.npz", mouth_of(moving_crops(rng, 25)))
    clip = Item("clip", "test_seen", "clip.wav", "CC0-1.0", video="clip.mp4", speaker="s")
    write_manifest(tmp_path / "manifest.jsonl", [clip])
    mixtures = [
        Mixture(f"clip__{n}", "clip", "test_seen", n, (NoiseCut(f"{n}.wav", 0.0),), 0.0) for n in ("hiss", "hum")
    ]
    write_manifest(tmp_path / "mixtures.jsonl", mixtures)
    _write_weights(tmp_path / "model.safetensors", seed=1)
    return tmp_path


def _write_noise(path, rng, *, time_s=LONG_AGO_S):
    path.unlink(missing_ok=True)
    write_audio(path, 0.1 * rng.standard_normal(RATE), RATE, subtype="FLOAT")
    os.utime(path, (time_s, time_s))


def _write_weights(path, *, seed):
    torch.manual_seed(seed)
    config = LiveConfig(channels=8, band_state_dim=8, state_dim=16, video_dim=16, gate_dim=8)
    zoo.save(path, Live.build(config))
    os.utime(path, (LONG_AGO_S, LONG_AGO_S))


def _run(pack, capsys, *options):
    """How many mixtures are enhanced, and whether they are scored; then what was enhanced."""
    lists = ["--mixtures", str(pack / "mixtures.jsonl"), "--manifest", str(pack / "manifest.jsonl"), "--workers", "1"]
    folder = Path(options[options.index("--folder") + 1]) if "--folder" in options else pack / "enhanced"
    given = ["--crops", str(pack / "crops"), *options, *(() if "--folder" in options else ("--folder", str(folder)))]
    model = [] if "--model" in options else ["--model", str(pack / "model.safetensors")]
    assert enhance.main([*lists, *given, *model]) == 0
    n_enhanced = int(re.search(r"(\d+) mixtures enhanced", capsys.readouterr().err).group(1))
    score = ["--enhanced", str(folder), "--metrics", "si_sdr_db", str(pack / "scores.jsonl")]
    score_mixtures._reader.cache_clear()  # each run is a process
    assert score_mixtures.main([*lists, *score]) == 0
    is_scored = "is up to date" not in capsys.readouterr().err
    waveforms = [soundfile.read(folder / f"clip__{name}.wav")[0] for name in ("hiss", "hum")]
    rows = [json.loads(line) for line in (pack / "scores.jsonl").read_text().splitlines()]
    return n_enhanced, is_scored, np.array(waveforms), [row["si_sdr_db"] for row in rows]


def test_nothing_is_made_twice_of_the_same(pack, capsys):
    first, again = _run(pack, capsys), _run(pack, capsys)
    assert first[:2] == (2, True)
    assert again[:2] == (0, False)
    os.utime(pack / "model.safetensors")
    assert _run(pack, capsys)[:2] == (0, False), "the same weights, copied later"


@pytest.mark.parametrize("change", ["weights", "model", "condition", "noise", "clip", "mouth", "list"])
def test_nothing_is_used_again_of_something_else(pack, capsys, change):
    *_, before, scores = _run(pack, capsys)
    options = {"model": ["--model", "logmmse"], "condition": ["--condition", "none"]}.get(change, [])
    rng = np.random.default_rng(2)
    if change == "weights":
        _write_weights(pack / "model.safetensors", seed=2)
    elif change in ("noise", "clip"):
        _write_noise(pack / {"noise": "hiss.wav", "clip": "clip.wav"}[change], rng, time_s=LONG_AGO_S + 1)
    elif change == "mouth":
        (pack / "crops/clip.npz").unlink()
        save_mouth(pack / "crops/clip.npz", mouth_of(moving_crops(rng, 25)))
    elif change == "list":
        text = (pack / "mixtures.jsonl").read_text()
        (pack / "mixtures.jsonl").write_text(text.replace('"snr_db": 0.0', '"snr_db": 5.0'))
    n_enhanced, is_scored, after, scores_after = _run(pack, capsys, *options)
    assert (n_enhanced, is_scored) == (2, True)
    assert not np.array_equal(before[0], after[0])
    assert scores[0] != scores_after[0]


def test_several_systems_in_one_run_are_what_each_is_alone(pack, capsys):
    """An experiment enhances with all its systems at once, scores them and the noisy input, and counts their cost."""
    systems = {"logmmse": "logmmse", "klt": "klt", "net": str(pack / "model.safetensors")}
    lists = ["--mixtures", str(pack / "mixtures.jsonl"), "--manifest", str(pack / "manifest.jsonl"), "--workers", "1"]
    models = [word for model in systems.values() for word in ("--model", model)]
    folders = [word for name in systems for word in ("--folder", str(pack / name / "enhanced"))]
    for n_new in (6, 0):
        assert enhance.main([*models, *folders, *lists, "--crops", str(pack / "crops")]) == 0
        assert f"{n_new} mixtures enhanced" in capsys.readouterr().err
    outputs = [str(pack / name / "scores.jsonl") for name in systems] + [str(pack / "noisy.jsonl")]
    given = [word for name in systems for word in ("--enhanced", str(pack / name / "enhanced"))]
    assert score_mixtures.main([*outputs, *given, *lists, "--metrics", "si_sdr_db"]) == 0
    assert cost.main([*(str(pack / name / "cost.json") for name in systems), *models]) == 0
    capsys.readouterr()
    for name, model in systems.items():
        *_, waveforms, scores = _run(pack, capsys, "--model", model, "--folder", str(pack / f"{name} alone"))
        rows = [json.loads(line) for line in (pack / name / "scores.jsonl").read_text().splitlines()]
        assert [row["si_sdr_db"] for row in rows] == scores, name
        for noise, waveform in zip(("hiss", "hum"), waveforms, strict=True):
            np.testing.assert_array_equal(soundfile.read(pack / name / f"enhanced/clip__{noise}.wav")[0], waveform)
        assert json.loads((pack / name / "cost.json").read_text())["real_time_factor"] > 0
    noisy = [json.loads(line)["si_sdr_db"] for line in (pack / "noisy.jsonl").read_text().splitlines()]
    assert noisy == pytest.approx([0.0, 0.0], abs=0.5)
