"""The curve over hours heard, from a run's records."""

import json

from avse.report.document import Heading
from recipes.speech_benchmark.hours_heard import MOST_LINES, hours_part


def _run(folder, steps):
    folder.mkdir()
    (folder / "config.yaml").write_text(
        "n_valid: 60\nmix: {durations_s: [4.0, 8.0]}\nloop: {batch_size: 10, seed: 1}\nloss: {snr: 0.03}\n",
        encoding="utf-8",
    )
    (folder / "software.json").write_text(json.dumps({"machine": "x86_64", "commit": "abc"}), encoding="utf-8")
    rows = [{"step": step, "pesq_wb": 1 + step / 1e4, "estoi": 0.5, "si_sdr_db": None} for step in steps]
    (folder / "log.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in [{"step": 1}, *rows]), encoding="utf-8")


def test_hours_are_steps_times_batch_times_mean_length(tmp_path):
    _run(tmp_path / "core", [60, 600])
    title, words, table = hours_part(tmp_path, name="core")
    assert title == Heading("core: over hours heard")
    assert "60 mixtures; x86_64, commit abc, seed 1; weights of the loss: snr 0.03" in words
    # 600 steps of 10 mixtures of 6 s on average are 10 hours.
    assert [row[:4] for row in table.lines[1:]] == [["1", "core", "60", "1.01"], ["10", "core", "600", "1.06"]]
    assert table.lines[1:][0][-1] == "-"


def test_a_run_that_continues_another_has_heard_its_hours_too(tmp_path):
    _run(tmp_path / "core", [600])
    _run(tmp_path / "core_2", [300])
    (tmp_path / "steering").mkdir()
    assert [row[:3] for row in hours_part(tmp_path, name="core")[-1].lines[1:]] == [
        ["10", "core", "600"],
        ["15", "core_2", "300"],
    ]


def test_long_runs_keep_first_and_last(tmp_path):
    _run(tmp_path / "core", range(60, 60 * 101, 60))
    rows = hours_part(tmp_path, name="core")[-1].lines[1:]
    assert len(rows) == MOST_LINES
    assert (rows[0][2], rows[-1][2]) == ("60", "6,000")


def test_a_run_without_records_has_no_curve(tmp_path):
    assert hours_part(tmp_path, name="core") == []
