"""Scoring of waveforms, of pairs of files, and on several processes."""

import os

import numpy as np
import pytest
from audio_files import write_audio

from avse.errors import AvseError, InputError
from avse.metrics.pesq import pesq_wb
from avse.metrics.score_or_reason import Score
from avse.metrics.table import DEFAULT, METRICS
from avse.score import Pair, score_pair, score_pairs, score_waveforms
from avse.workers import in_parallel

RATE = 16000
FAST = ("stoi", "si_sdr_db")


def audio(n_samples=RATE, seed=0):
    rng = np.random.default_rng(seed)
    return 0.1 * rng.standard_normal(n_samples) * (1 + np.sin(np.arange(n_samples) / 800))


@pytest.fixture
def files(tmp_path):
    """clean.wav, noisy.wav and the less noisy estimate.wav."""
    clean, noise = audio(), audio(seed=1)
    for name, level in (("clean", 0.0), ("noisy", 1.0), ("estimate", 0.2)):
        write_audio(tmp_path / f"{name}.wav", clean + level * noise, RATE, subtype="FLOAT")
    return tmp_path


def pair(folder, **changed):
    return Pair(**{"id": "a", "reference": folder / "clean.wav", "estimate": folder / "estimate.wav", **changed})


def reasons(row):
    return {score.reason for score in row.estimate.values()}


def test_all_metrics_are_scored_by_default_as_each_does_alone():
    clean, noisy = audio(), audio() + 0.3 * audio(seed=1)
    scores = score_waveforms(reference=clean, estimate=noisy, sample_rate=RATE)
    assert list(scores) == list(DEFAULT)
    assert scores["pesq_wb"] == pesq_wb(reference=clean, estimate=noisy, sample_rate=RATE)
    assert scores["si_sdr_db"].value == pytest.approx(10 * np.log10(1 / 0.09), abs=0.3)


def test_only_the_named_metrics_are_scored():
    scores = score_waveforms(reference=audio(), estimate=audio(seed=1), sample_rate=RATE, metrics=["stoi"])
    assert list(scores) == ["stoi"]


def test_missing_package_is_a_reason_and_the_others_are_scored(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pesq", None)
    scores = score_waveforms(
        reference=audio(), estimate=audio() + audio(seed=1), sample_rate=RATE, metrics=["pesq_wb", "stoi"]
    )
    assert scores["pesq_wb"].value is None
    assert "pip install 'avse[score]'" in scores["pesq_wb"].reason
    assert scores["stoi"].value > 0


def test_a_listener_reaches_the_metrics_of_hearing_alone(monkeypatch):
    audiograms = []

    def metric(**given):
        audiograms.append(given.get("audiogram"))
        return Score(1.0)

    monkeypatch.setitem(METRICS, "haspi", METRICS["haspi"]._replace(compute=metric))
    monkeypatch.setitem(METRICS, "stoi", METRICS["stoi"]._replace(compute=metric))
    for named in ({}, {"audiogram": (10,) * 6}):
        score_waveforms(reference=audio(), estimate=audio(), sample_rate=RATE, metrics=["haspi", "stoi"], **named)
    assert audiograms == [(0,) * 6, None, (10,) * 6, None]


def test_two_channels_are_refused():
    with pytest.raises(InputError, match="must be mono"):
        score_waveforms(reference=np.ones((2, RATE)), estimate=np.ones((2, RATE)), sample_rate=RATE)


def test_noisy_file_is_scored_beside_and_the_gain_is_the_difference(files):
    row = score_pair(pair(files, noisy=files / "noisy.wav"), metrics=FAST)
    assert row.noisy["si_sdr_db"].value == pytest.approx(0, abs=0.3)
    assert row.estimate["si_sdr_db"].value == pytest.approx(20 * np.log10(5), abs=0.3)
    assert row.gain["si_sdr_db"].value == row.estimate["si_sdr_db"].value - row.noisy["si_sdr_db"].value


def test_channels_are_scored_by_their_mean(files):
    clean, noise = audio(), audio(seed=1)
    write_audio(files / "stereo.wav", [clean + 0.4 * noise, clean], RATE, subtype="FLOAT")
    expected = score_pair(pair(files), metrics=["si_sdr_db"]).estimate["si_sdr_db"].value
    row = score_pair(pair(files, estimate=files / "stereo.wav"), metrics=["si_sdr_db"])
    assert row.estimate["si_sdr_db"].value == pytest.approx(expected, abs=1e-4)


def test_small_surplus_is_cut_off(files):
    longer = np.concatenate([audio() + 0.2 * audio(seed=1), audio(1500, seed=5)])
    write_audio(files / "longer.wav", longer, RATE, subtype="FLOAT")
    expected = score_pair(pair(files), metrics=FAST).estimate
    assert score_pair(pair(files, estimate=files / "longer.wav"), metrics=FAST).estimate == expected


def test_another_length_is_a_failure_with_its_reason(files):
    write_audio(files / "longer.wav", audio(RATE + 1700), RATE)
    row = score_pair(pair(files, estimate=files / "longer.wav"), metrics=FAST)
    assert reasons(row) == {"length differs from the reference's by 0.11 s"}


def test_another_rate_is_a_failure_with_its_reason(files):
    write_audio(files / "slow.wav", audio(8000), 8000)
    row = score_pair(pair(files, estimate=files / "slow.wav"), metrics=FAST)
    assert reasons(row) == {
        "sample rate is 8000 Hz but the reference's 16000 Hz; convert it: ffmpeg -i IN -ar 16000 OUT.wav"
    }


def test_a_silent_reference_is_a_failure_with_its_reason(files):
    write_audio(files / "silent.wav", 0 * audio(), RATE)
    row = score_pair(pair(files, reference=files / "silent.wav"), metrics=FAST)
    assert reasons(row) == {"reference is silent"}


def test_a_clipped_file_is_scored_and_noted_by_its_role(files):
    """By the channel: the mean of a clipped and a whole one shows nothing."""
    sine = 2 * np.sin(2 * np.pi * 100 * np.arange(RATE) / RATE)
    write_audio(files / "loud.wav", [np.clip(sine, -1, 1), audio()], RATE)
    row = score_pair(pair(files, noisy=files / "loud.wav"), metrics=FAST)
    (note,) = row.notes
    assert note == f"noisy: {np.count_nonzero(np.abs(sine) >= 1)} samples are clipped at full scale"
    assert row.noisy["si_sdr_db"].value is not None
    assert not score_pair(pair(files), metrics=FAST).notes


def test_unreadable_file_fails_alone_and_keeps_its_order(files):
    (files / "text.wav").write_text("not an audio signal", encoding="utf-8")
    pairs = [
        pair(files, id="missing", estimate=files / "nowhere.wav"),
        pair(files, id="good"),
        pair(files, id="text", estimate=files / "text.wav"),
    ]
    rows = score_pairs(pairs, metrics=FAST, n_workers=1)
    assert [row.id for row in rows] == ["missing", "good", "text"]
    assert "nowhere.wav" in reasons(rows[0]).pop()
    assert rows[1].estimate["stoi"].value > 0
    assert "text.wav" in reasons(rows[2]).pop()
    assert all(len(row.failures) == 1 for row in (rows[0], rows[2]))


def process_and_threads(_):
    return os.getpid(), os.environ.get("OMP_NUM_THREADS")


def test_processes_give_the_same_as_one_and_work_on_one_thread(files, monkeypatch):
    pairs = [pair(files, id=str(number), noisy=files / "noisy.wav") for number in range(3)]
    assert score_pairs(pairs, metrics=FAST, n_workers=2) == score_pairs(pairs, metrics=FAST, n_workers=1)
    monkeypatch.delenv("OMP_NUM_THREADS")
    others = list(in_parallel(process_and_threads, [1, 2], n_workers=2))
    assert os.getpid() not in {process for process, _ in others}
    assert {threads for _, threads in others} == {"1"}
    assert "OMP_NUM_THREADS" not in os.environ


def die(_):
    os._exit(1)


def test_killed_process_is_reported_in_one_line():
    with pytest.raises(AvseError, match=r"each of 2 processes must run to its end but one was killed.*use fewer"):
        list(in_parallel(die, [1, 2], n_workers=2))
