"""Sensor tables of both kinds are read alike, and what is wrong with one is reported in one line."""

import gzip

import numpy as np
import pytest
import wfdb

from avse.drives.ecg import find_beats
from avse.drives.series import pick, read_series, tidy
from avse.errors import MediaError


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "drive.csv.gz"
    rows = ["Elapsed time(s),ECG(mV),hand GSr(mV),HR(bpm),Unnamed: 4", "0,0.1,2.5,80,", "0.5,-0.1,,81,", "1,0.2,2.7,x,"]
    path.write_bytes(gzip.compress("\n".join(rows).encode()))
    return path


def test_a_table(table):
    channels = read_series(table)
    assert list(channels) == ["ecg", "hand gsr", "hr"]
    assert [c.unit for c in channels.values()] == ["mV", "mV", "bpm"]
    np.testing.assert_array_equal(channels["ecg"].times_s, [0, 0.5, 1])
    np.testing.assert_array_equal(channels["hand gsr"].values, [2.5, np.nan, 2.7])
    np.testing.assert_array_equal(channels["hr"].values, [80, 81, np.nan])


def test_a_record_whose_channels_have_their_own_rates(tmp_path):
    frames, per_frame = 20, [4, 1]
    slow = np.linspace(0, 1, frames)
    fast = np.linspace(-1, 1, 4 * frames)
    wfdb.wrsamp(
        "d1", fs=15.5, units=["mV", "uS"], sig_name=["ECG", "foot GSR"], e_p_signal=[fast, slow],
        fmt=["16", "16"], samps_per_frame=per_frame, write_dir=str(tmp_path),
    )  # fmt: skip
    for path in (tmp_path / "d1.hea", tmp_path / "d1"):
        channels = read_series(path)
        assert list(channels) == ["ecg", "foot gsr"]
        np.testing.assert_allclose(channels["ecg"].values, fast, atol=1e-3)
        np.testing.assert_allclose(channels["ecg"].times_s, np.arange(80) / 62)
        np.testing.assert_allclose(channels["foot gsr"].times_s, np.arange(20) / 15.5)
        assert channels["foot gsr"].unit == "uS"


@pytest.mark.parametrize(
    ("title", "expected"),
    [("hand GSR(mV)", ("hand gsr", "mV")), (" Foot_GSR [uS] ", ("foot gsr", "uS")), ("marker", ("marker", ""))],
)
def test_titles(title, expected):
    assert tidy(title) == expected


def test_a_channel_is_found_however_it_is_spelt_and_missed_with_advice(table):
    channels = read_series(table)
    assert pick(channels, "Hand GSR", path=table).name == "hand gsr"
    with pytest.raises(MediaError, match=r"must hold a channel 'hand gsx' but holds .*; did you mean hand gsr\?"):
        pick(channels, "hand gsx", path=table)
    with pytest.raises(MediaError, match="correct the name"):
        pick(channels, "brake pedal", path=table)


def test_what_is_no_table(tmp_path):
    with pytest.raises(MediaError, match="must be a table"):
        read_series(tmp_path / "missing.csv")
    (tmp_path / "bad.csv.gz").write_text("not compressed")
    with pytest.raises(MediaError, match="must be a table"):
        read_series(tmp_path / "bad.csv.gz")
    (tmp_path / "empty.csv").write_text("time,ecg\n")
    with pytest.raises(MediaError, match="has 0 rows"):
        read_series(tmp_path / "empty.csv")
    (tmp_path / "words.csv").write_text("time,ecg\nnow,1\nthen,2\n")
    with pytest.raises(MediaError, match="must hold seconds in its column 'time'"):
        read_series(tmp_path / "words.csv")


def test_what_is_no_record(tmp_path):
    with pytest.raises(MediaError, match=r"must have a header d9\.hea"):
        read_series(tmp_path / "d9")
    (tmp_path / "d8.hea").write_text("d8 1 15.5 100\nd8.dat 16 1000 16 0 0 0 0 ECG\n")
    with pytest.raises(MediaError, match=r"must hold 200 bytes in d8\.dat"):
        read_series(tmp_path / "d8.hea")


def test_beats_of_a_simulated_heart_and_of_none():
    import neurokit2

    ecg = neurokit2.ecg_simulate(duration=130, sampling_rate=250, heart_rate=75, heart_rate_std=0, random_state=1)
    ecg[250 * 55 : 250 * 118] = 0
    beats, n_failed = find_beats(ecg, rate_hz=250)
    early = beats[beats[:, 0] < 54]
    np.testing.assert_allclose(np.median(early[:, 1]), 800, atol=10)
    assert len(early) == pytest.approx(54 / 0.8, abs=4)
    assert n_failed == 1
    nothing, n_failed = find_beats(np.zeros(250 * 30), rate_hz=250)
    assert nothing.shape == (0, 2)
    assert n_failed == 1
