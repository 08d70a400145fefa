"""A table of one's own in, one page of stress out; every bad table answered in one line."""

import csv

import numpy as np
import pytest
import torch

from avse.drives.drive import save_drive
from avse.drives.quantities import QUANTITIES, quantity_of
from avse.drives.simulate import DrivingConfig, simulate_drive
from avse.errors import InputError
from avse.models import zoo
from avse.models.driver_stress import DriverStress, DriverStressConfig, ModalityConfig
from recipes.driver_stress import predict
from recipes.driver_stress.own_table import Mapped, drive_of_table
from recipes.driver_stress.stress_page import MOST_POINTS, stress_page
from recipes.driver_stress.windows import UNKNOWN

RATES_HZ = {"ecg": 64.0, "vehicle": 10.0, "context": 1.0}


@pytest.fixture(scope="module")
def drive():
    config = DrivingConfig(difficulty=0, n_stretches=3, shortest_s=60, longest_s=80)
    return simulate_drive(seed=3, driver=0, config=config)


@pytest.fixture(scope="module")
def config(drive):
    modalities = {name: ModalityConfig(signal.channels, RATES_HZ[name]) for name, signal in drive.signals.items()}
    return DriverStressConfig(modalities, window_s=10, context_s=60, dim=8, lstm_dim=8)


@pytest.fixture(scope="module")
def model(config, tmp_path_factory):
    """A network that nobody trained: what it predicts depends on its input all the same."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("model") / "model.safetensors"
    zoo.save(path, DriverStress.build(config))
    return path


def _columns(drive):
    """Heading, times and values of each channel."""
    for signal in drive.signals.values():
        for channel, values in zip(signal.channels, signal.values, strict=True):
            yield quantity_of(channel).heading, np.arange(len(values)) / signal.rate_hz, values


def _write(path, columns, *, time="time (s)", scale=1.0, start=0.0):
    """Columns with times of their own as one table with empty cells."""
    columns = list(columns)
    cells = [{round(float(t), 9): f"{float(v):.9g}" for t, v in zip(*rest, strict=True)} for _, *rest in columns]
    times = sorted(set().union(*cells))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([time, *(heading for heading, *_ in columns)])
        writer.writerows([f"{scale * t + start:.12g}", *(column.get(t, "") for column in cells)] for t in times)
    return path


@pytest.fixture(scope="module")
def table(drive, tmp_path_factory):
    return _write(tmp_path_factory.mktemp("table") / "my drive.csv", _columns(drive))


def _probabilities(path):
    rows = csv.DictReader(path.read_text().splitlines())
    return np.array([[float(row[f"p_{level}"]) for level in ("low", "medium", "high")] for row in rows])


@pytest.fixture(scope="module")
def expected(drive, model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("expected")
    save_drive(folder / "drive.safetensors", drive)
    assert predict.main([str(model), str(folder / "drive.safetensors"), "-o", str(folder / "o.csv")]) == 0
    found = _probabilities(folder / "o.csv")
    assert np.ptp(found, axis=0).max() > 0.01  # it depends on the input
    return found


def test_a_table_gives_what_its_drive_gives_and_one_page(model, table, expected, tmp_path):
    page = tmp_path / "page.png"
    assert predict.main([str(model), str(table), "-o", str(tmp_path / "o.csv"), "--page", str(page)]) == 0
    np.testing.assert_allclose(_probabilities(tmp_path / "o.csv"), expected, atol=2e-4)
    assert page.read_bytes().startswith(b"\x89PNG")
    assert page.stat().st_size > 20_000


def test_other_names_units_and_times_give_the_same(model, drive, expected, tmp_path):
    columns = {heading: (times, values) for heading, times, values in _columns(drive)}
    times, ecg = columns.pop("ecg (mV)")
    columns["Lead II (filtered)"] = times, ecg / 1000
    times, speed = columns.pop("speed (km/h)")
    columns["speed (m/s)"] = times, speed / 3.6
    path = _write(
        tmp_path / "t.csv", ((h, *rest) for h, rest in columns.items()), time="time (ms)", scale=1e3, start=7e6
    )
    arguments = [str(model), str(path), "-o", str(tmp_path / "o.csv")]
    assert predict.main([*arguments, "--column", "ecg_mv=Lead II [V]"]) == 0
    np.testing.assert_allclose(_probabilities(tmp_path / "o.csv"), expected, atol=2e-4)


def test_a_faster_column_is_brought_to_the_rate_of_the_network(config, drive, tmp_path):
    """A ramp of 100 samples a second is the same ramp at 64."""
    columns = [(h, t, v) for h, t, v in _columns(drive) if h != "ecg (mV)"]
    times_s = np.arange(round(100 * drive.duration_s)) / 100
    path = _write(tmp_path / "t.csv", [*columns, ("ecg (mV)", times_s, times_s)])
    found, notes = drive_of_table(path, config, Mapped())
    values = found.signals["ecg"].values[0]
    np.testing.assert_allclose(values[64:-64], np.arange(len(values))[64:-64] / 64, atol=0.006)
    assert notes == []


def test_gaps_are_masked_and_reported(model, config, drive, tmp_path, capsys):
    columns = []
    for heading, times, values in _columns(drive):
        keep = (times < 20) | (times > 60) if heading == "ecg (mV)" else np.ones(len(times), bool)
        columns.append((heading, times[keep], values[keep]))
    path = _write(tmp_path / "t.csv", columns)
    assert predict.main([str(model), str(path), "-o", str(tmp_path / "o.csv")]) == 0
    assert "predict: ecg_mv: " in (error := capsys.readouterr().err)
    assert "1 gaps, the longest 40.0" in error
    found, _ = drive_of_table(path, config, Mapped())
    mask = found.signals["ecg"].mask[0]
    assert not mask[21 * 64 : 59 * 64].any()
    assert mask[: 19 * 64].all()
    assert mask[61 * 64 :].all()
    levels = np.full(len(_probabilities(tmp_path / "o.csv")), UNKNOWN)
    figure = stress_page(found, config, _probabilities(tmp_path / "o.csv"), levels)
    assert len(figure.axes) == 1 + 6 + 9 + 2
    drawn = figure.axes[0].collections[0].get_paths()
    assert len(drawn) == 2  # nothing is drawn across the gap
    assert len(mask) > MOST_POINTS


def test_a_channel_that_was_not_measured_is_masked(model, config, table, tmp_path, capsys):
    found, _ = drive_of_table(table, config, Mapped(without=("rain",)))
    assert not found.signals["context"].mask[0].any()
    assert found.signals["context"].mask[1:].all()
    assert predict.main([str(model), str(table), "-o", str(tmp_path / "o.csv"), "--without", "rain"]) == 0
    assert capsys.readouterr().err == ""


def test_the_sample_is_a_table_that_is_taken(model, config, tmp_path, capsys):
    assert predict.main([str(model), "--sample"]) == 0
    lines = capsys.readouterr().out.splitlines()
    head = next(number for number, line in enumerate(lines) if line.startswith("time (s),"))
    (tmp_path / "sample.csv").write_text("\n".join(lines[head : head + 4]) + "\n")
    rows = list(csv.reader(lines[head : head + 4]))
    assert rows[0][1:3] == ["ecg (mV)", "speed (km/h)"]
    assert rows[2][0] == "0.015625"
    # Three rows are too short for the slower channels: what is missing is only their length.
    times = [np.arange(round(30 * rate)) / rate for rate in (64, *[10] * 6, *[1] * 9)]
    rng = np.random.default_rng(0)
    columns = [(heading, t, rng.random(len(t))) for heading, t in zip(rows[0][1:], times, strict=True)]
    path = _write(tmp_path / "t.csv", columns)
    assert predict.main([str(model), str(path), "-o", str(tmp_path / "o.csv")]) == 0
    assert len(_probabilities(tmp_path / "o.csv")) == 3
    assert all(channel in "\n".join(lines) for m in config.modalities.values() for channel in m.channels)


def _without_ecg(columns):
    return [c for c in columns if c[0] != "ecg (mV)"]


def _ecg(heading, every=1, value=None):
    def change(columns):
        (_, times, values) = next(c for c in columns if c[0] == "ecg (mV)")
        values = np.full(len(values), value) if value is not None else values
        return [*_without_ecg(columns), (heading, times[::every], values[::every])]

    return change


@pytest.mark.parametrize(
    ("change", "more", "answer"),
    [
        (_without_ecg, (), (1, "must hold a column 'ecg (mV)' but holds speed, ")),
        (_ecg("ekg (mV)"), (), (1, "is it 'ekg'? then --column ecg_mv=ekg")),
        (_ecg("ecg (mmHg)"), (), (1, "ecg must be in mV, V, uV, µV, μV but is in 'mmHg'; convert it")),
        (
            _ecg("ecg (mV)", every=8),
            (),
            (1, "must have 42.7 samples a second or more (the network takes 64) but has 8;"),
        ),
        (_ecg("ecg (mV)", value=0.5), (), (1, "the sensor was off (")),
        (None, ("--column", "ecg=x"), (2, "but is 'ecg'; did you mean ecg_mv?")),
        (None, ("--column", "ecg_mv"), (2, "--column must be CHANNEL=COLUMN but is 'ecg_mv'")),
        (None, ("--without", "rainn"), (2, "did you mean rain?")),
        (None, ("--page", "x.html"), (2, "must end in .png, .svg or .pdf")),
    ],
)
def test_bad_tables_get_one_line(model, drive, tmp_path, capsys, change, more, answer):
    code, words = answer
    columns = list(_columns(drive))
    path = _write(tmp_path / "t.csv", change(columns) if change else columns)
    assert predict.main([str(model), str(path), "-o", str(tmp_path / "o.csv"), *more]) == code
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1
    assert not (tmp_path / "o.csv").exists()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("\n0.015625,", "\n0.015625,fast", "line 3 of column 'ecg (mV)' is 'fast"),
        ("time (s)", "time (h)", "must be in s, sec, seconds, ms, us, min but is in 'h'"),
    ],
)
def test_bad_cells_get_one_line(model, table, tmp_path, capsys, old, new, words):
    path = tmp_path / "t.csv"
    path.write_text(table.read_text().replace(old, new, 1))
    assert predict.main([str(model), str(path), "-o", str(tmp_path / "o.csv")]) == 1
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1


def test_what_is_asked_for_must_be_whole(model, table, tmp_path, capsys):
    assert predict.main([str(model), str(tmp_path / "none.csv"), "-o", str(tmp_path / "o.csv")]) == 1
    assert predict.main([str(model), str(table)]) == 2
    assert "--sample shows" in capsys.readouterr().err
    save = tmp_path / "d.safetensors"
    save.write_bytes(b"")
    assert predict.main([str(model), str(save), "-o", str(tmp_path / "o.csv"), "--without", "rain"]) == 2
    assert "are for tables" in capsys.readouterr().err
    (tmp_path / "page.png").write_text("mine")
    assert (
        predict.main([str(model), str(table), "-o", str(tmp_path / "o.csv"), "--page", str(tmp_path / "page.png")]) == 1
    )
    assert not (tmp_path / "o.csv").exists()  # no half of the output
    assert (tmp_path / "page.png").read_text() == "mine"


def test_units_and_transforms():
    speed, skin, muscle = (QUANTITIES[name] for name in ("speed_kmh", "hand_gsr", "emg"))
    np.testing.assert_allclose(speed.converted(np.array([10.0]), unit="m/s"), [36.0])
    np.testing.assert_allclose(skin.prepare(np.array([np.e, 0.01])), [1.0, np.nan])
    np.testing.assert_allclose(muscle.prepare(np.array([-0.99])), [0.0], atol=1e-12)
    with pytest.raises(InputError, match=r"speed must be in km/h, kmh, m/s, mph but is in 'knots'"):
        speed.converted(np.zeros(1), unit="knots")
    assert quantity_of("day_sine").heading == "day sine"
