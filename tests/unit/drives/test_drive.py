"""A drive comes back from disk as it was; what is no drive is refused."""

import numpy as np
import pytest

from avse.drives.drive import Drive, Segment, Signal, load_drive, load_drives, save_drive
from avse.errors import ConfigError, InputError
from avse.media.tensors import write_tensors


def _signal(n_channels=2, n_samples=40, rate_hz=4.0):
    values = np.arange(n_channels * n_samples, dtype=np.float32).reshape(n_channels, n_samples)
    return Signal(values, values % 3 > 0, rate_hz, tuple(f"channel_{i}" for i in range(n_channels)))


def test_a_drive_comes_back(tmp_path):
    signals = {"ecg": _signal(1, 640, 64.0), "vehicle": _signal()}
    drive = Drive("d1", "p1", "CC0-1.0", signals, (Segment(0, 4, 0), Segment(4, 9.5, 2)), np.array([[1.0, 800.0]]))
    assert drive.duration_s == 10
    save_drive(tmp_path / "b.safetensors", drive)
    save_drive(tmp_path / "a.safetensors", Drive("d0", "p0", "CC0-1.0", signals, ()))
    back = load_drive(tmp_path / "b.safetensors")
    assert (back.id, back.driver, back.licence, back.segments) == (
        drive.id,
        drive.driver,
        drive.licence,
        drive.segments,
    )
    np.testing.assert_array_equal(back.beats, drive.beats)
    for modality, signal in drive.signals.items():
        np.testing.assert_array_equal(back.signals[modality].values, signal.values)
        np.testing.assert_array_equal(back.signals[modality].mask, signal.mask)
        assert (back.signals[modality].rate_hz, back.signals[modality].channels) == (signal.rate_hz, signal.channels)
    assert [d.id for d in load_drives(tmp_path)] == ["d0", "d1"]


def test_names_and_channels_must_agree():
    with pytest.raises(InputError, match="of 2 channels but are"):
        Signal(np.zeros((1, 5), np.float32), np.ones((1, 5), bool), 4.0, ("one", "two"))


def test_what_is_no_drive_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="holds none; run the preparation"):
        load_drives(tmp_path)
    write_tensors(tmp_path / "x.safetensors", {}, header={"model": "live"})
    with pytest.raises(ConfigError, match="must be a file of the preparation"):
        load_drive(tmp_path / "x.safetensors")
