"""Drives of drivedb, real where they are at hand and synthetic in both layouts, with every trap of the real ones."""

import gzip
import json
import os
from pathlib import Path

import numpy as np
import pytest
import wfdb
from inside import run_program

from avse.drives.drive import load_drive, load_drives
from avse.drives.series import pick, read_series

SCRIPT = "egs/drivedb/prepare.py"
REAL = Path(os.environ.get("AVSE_DATA", "data")) / "physio/drivedb"
DURATION_S, RATE_HZ = 120, 15.5


def _prepare(folder, source, *options):
    return run_program(SCRIPT, folder, "--source", source, *options)


def _write_table(folder, name, *, leave_out=(), titles=None, times_s=None):
    """A drive as the pack has it; a heart of 75 beats a minute, a breath every 5 s."""
    rng = np.random.default_rng(0)
    times_s = np.arange(DURATION_S * RATE_HZ) / RATE_HZ if times_s is None else times_s
    n = len(times_s)
    columns = {
        "ECG(mV)": rng.standard_normal(n),
        "EMG(mV)": np.abs(rng.standard_normal(n)),
        "foot GSR(mV)": 5 + np.sin(times_s / 9),
        "hand GSR(mV)": 9 + np.cos(times_s / 7),
        "marker(mV)": 12 + 0 * times_s,
        "RESP(mV)": 40 + 3 * np.sin(2 * np.pi * 0.2 * times_s),
    }
    columns = {title: values for title, values in columns.items() if title not in leave_out}
    titles = titles or list(columns)
    rows = [",".join(["Elapsed time(s)", *titles])]
    rows += [
        ",".join(f"{value:.3f}" for value in row) for row in zip(times_s, *columns.values(), strict=True)
    ]  # fmt: skip
    (folder / f"{name}.csv.gz").write_bytes(gzip.compress("\n".join(rows).encode()))
    beats_s = np.arange(1, 150) * 0.8
    lines = ["Peek_Timestamp,RR_Interval", *(f"{t},{800}" for t in beats_s)]
    (folder / "rr").mkdir(exist_ok=True)
    (folder / "rr" / f"{name}_rr.csv.gz").write_bytes(gzip.compress("\n".join(lines).encode()))


def _write_segments(folder, rows):
    text = ["drive,segment,stress_level,start_min,end_min", *(",".join(map(str, row)) for row in rows)]
    (folder / "segment_labels_derived.csv").write_text("\n".join(text))


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "drive db"
    folder.mkdir()
    _write_segments(
        folder,
        [("drive05", "Rest1", "low", 0.2, 1), ("drive05", "City1", "high", 1, 5), ("drive05", "Rest2", "low", 5, 9)],
    )
    return folder


def test_a_table_becomes_a_drive(source, tmp_path):
    _write_table(source, "drive05")
    done = _prepare(tmp_path / "out", source)
    assert done.returncode == 0, done.stderr
    drive = load_drive(tmp_path / "out/drive05.safetensors")
    assert {name: signal.channels for name, signal in drive.signals.items()} == {
        "heart": ("heart_rate_bpm", "rmssd_30s_ms"),
        "gsr": ("hand_gsr", "foot_gsr"),
        "respiration": ("respiration",),
        "emg": ("emg",),
    }
    assert {signal.rate_hz for signal in drive.signals.values()} == {4.0}
    heart = drive.signals["heart"]
    np.testing.assert_allclose(heart.values[0][heart.mask[0]], 75, atol=1e-3)
    at_s = np.arange(drive.signals["gsr"].values.shape[1]) / 4
    np.testing.assert_allclose(drive.signals["gsr"].values[0], np.log(9 + np.cos(at_s / 7)), atol=0.01)
    # The city reaches beyond the record, the second rest lies beyond it.
    assert drive.segments == ((12, 60, 0), (60, 119, 2))
    assert "segment to 300 s cut: the record ends at 119 s" in done.stderr
    assert "segment from 300 s skipped" in done.stderr
    report = json.loads((tmp_path / "out/report.json").read_text())
    assert report["drive05"]["channels"]["hand_gsr"]["masked_share"] == 0


def test_the_traps_of_the_database(source, tmp_path):
    for name in ("drive05", "drive13", "drive14", "drive17a", "drive17b"):
        _write_table(source, name)
    _write_table(source, "drive02", leave_out=("hand GSR(mV)", "EMG(mV)", "marker(mV)"))
    _write_table(
        source, "drive07", titles=["ECG(mV)", "EMG(mV)", "foot GSR(mV)", "hand GSr(mV)", "marker(mV)", "RESP(mV)"]
    )
    _write_table(source, "drive15", titles=["ECG(mV)", "EMG(mV)", "foot GSR(mV)", "hand GSR(mV)", "", "RESP(mV)"])
    done = _prepare(tmp_path / "out", source)
    assert done.returncode == 0, done.stderr
    drives = {drive.id: drive for drive in load_drives(tmp_path / "out")}
    assert "drive14" not in drives
    assert "drive14: skipped, for it is the recording drive13 again" in done.stderr
    assert drives["drive17a"].driver == drives["drive17b"].driver == "17"
    assert drives["drive07"].signals["gsr"].mask.all()
    assert drives["drive15"].signals["gsr"].mask.all()
    assert not drives["drive02"].signals["gsr"].mask[0].any()
    assert drives["drive02"].signals["gsr"].mask[1].all()
    assert not drives["drive02"].signals["emg"].mask.any()
    line = next(line for line in done.stderr.splitlines() if line.startswith("drive02"))
    assert "no channel hand gsr" in line
    assert "no marker channel" in line


def test_a_record_of_physionet_with_its_own_rates(source, tmp_path):
    import neurokit2

    ecg = neurokit2.ecg_simulate(duration=120, sampling_rate=496, heart_rate=90, heart_rate_std=0, random_state=1)
    n_frames = round(120 * RATE_HZ)
    slow_s = np.arange(2 * n_frames) / (2 * RATE_HZ)
    wfdb.wrsamp(
        "drive05", fs=RATE_HZ, units=["mV", "mV", "mV"], sig_name=["ECG", "foot GSR", "RESP"],
        e_p_signal=[ecg[: 32 * n_frames], 5 + np.sin(slow_s / 9), 3 * np.sin(2 * np.pi * 0.2 * slow_s)],
        fmt=["16"] * 3, samps_per_frame=[32, 2, 2], write_dir=str(source),
    )  # fmt: skip
    done = _prepare(tmp_path / "out", source)
    assert done.returncode == 0, done.stderr
    drive = load_drive(tmp_path / "out/drive05.safetensors")
    heart = drive.signals["heart"]
    assert np.median(heart.values[0][heart.mask[0]]) == pytest.approx(90, abs=1)
    assert len(drive.beats) == pytest.approx(178, abs=4)
    assert not drive.signals["gsr"].mask[0].any()


def test_a_broken_drive_is_reported_and_the_others_are_done(source, tmp_path):
    _write_table(source, "drive05")
    times_s = np.arange(DURATION_S * RATE_HZ) / RATE_HZ
    times_s[700] = 3.0
    _write_table(source, "drive06", times_s=times_s)
    (source / "drive08.csv.gz").write_text("no table")
    done = _prepare(tmp_path / "out", source)
    assert done.returncode == 1
    errors = [line for line in done.stderr.splitlines() if line.startswith("prepare: error")]
    assert len(errors) == 2
    assert "must not fall but go from" in errors[0]
    assert "must be a table" in errors[1]
    assert [drive.id for drive in load_drives(tmp_path / "out")] == ["drive05"]


def test_a_wrong_source_or_table_of_segments(source, tmp_path):
    done = _prepare(tmp_path / "out", source)
    assert done.returncode == 2
    assert "must hold drives" in done.stderr
    _write_table(source, "drive05")
    _write_segments(source, [("drive05", "Rest1", "calm", 0, 1)])
    done = _prepare(tmp_path / "out", source)
    assert done.returncode == 2
    assert "must have drive, stress_level (low, medium, high)" in done.stderr
    done = _prepare(tmp_path / "out", tmp_path / "nowhere")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(not REAL.is_dir(), reason="AVSE_DATA holds no physio/drivedb")
def test_the_real_drives(tmp_path):
    done = run_program(SCRIPT, tmp_path)
    assert done.returncode == 0, done.stderr
    drives = {drive.id: drive for drive in load_drives(tmp_path)}
    labelled = [name for name, drive in drives.items() if drive.segments]
    assert labelled == [f"drive{n:02d}" for n in (5, 6, 7, 8, 9, 10, 11, 12, 15, 16)]
    for name in labelled:
        heart = drives[name].signals["heart"]
        assert heart.mask[0].mean() > 0.9
        assert 50 < np.median(heart.values[0][heart.mask[0]]) < 110
        assert drives[name].signals["gsr"].mask.mean() > 0.9
    # Here the heart comes from the raw ECG; the table of others, in steps of 65 ms, agrees within one of them.
    intervals = pick(read_series(REAL / "rr/drive17a_rr.csv.gz"), "RR_Interval", path=REAL).values
    heart = drives["drive17a"].signals["heart"]
    assert np.median(heart.values[0][heart.mask[0]]) == pytest.approx(60_000 / np.median(intervals), rel=0.085)
