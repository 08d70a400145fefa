"""Numbers of a report worked out by hand."""

import csv
import io
import json

import pytest

from avse.metrics.score import Score
from avse.report.rows import FileScores, group_by, summarise
from avse.report.tables import to_csv, to_json, to_markdown, to_text


@pytest.fixture
def rows():
    def row(name, before, after, snr_db, reason=None):
        return FileScores(
            name,
            {"stoi": Score(after, reason)},
            {"stoi": Score(before)},
            {"split": "test", "noise_type": "rain", "snr_db": snr_db},
        )

    return [
        row("a", 0.5, 0.6, "0"),
        row("b", 0.5, 0.8, "10"),
        row("c", 0.2, None, "10", "less than 0.4 s of speech"),
        row("d", 0.4, 0.7, "-5"),
    ]


def test_mean_and_spread_leave_failures_out(rows):
    summary = summarise(rows, role="estimate", metric="stoi")
    assert summary.mean == pytest.approx(0.7)
    assert summary.std == pytest.approx(0.1)
    assert (summary.n, summary.n_failed) == (3, 1)
    assert summary.reasons == {"less than 0.4 s of speech": 1}


def test_one_file_has_no_spread_and_none_has_no_mean(rows):
    assert summarise(rows[:1], role="estimate", metric="stoi").std is None
    only_failed = summarise(rows[2:3], role="estimate", metric="stoi")
    assert (only_failed.mean, only_failed.n, only_failed.n_failed) == (None, 0, 1)
    assert summarise(rows, role="estimate", metric="pesq_wb") is None


def test_groups_come_in_the_order_of_numbers(rows):
    assert list(group_by(rows, "snr_db")) == [("-5",), ("0",), ("10",)]
    assert [row.id for row in group_by(rows, "snr_db")[("10",)]] == ["b", "c"]
    assert group_by(rows, "room") == {}


def test_text_shows_failures_with_their_reason(rows):
    lines = to_text(rows).splitlines()
    assert lines[1].split() == ["noisy", "4", "0.400", "±", "0.141"]
    assert lines[2].split() == ["enhanced", "4", "(1", "failed)", "0.700", "±", "0.100"]
    assert lines[3] == "failed: c: estimate stoi: less than 0.4 s of speech"


def test_csv_leaves_failed_scores_empty(rows):
    table = list(csv.DictReader(io.StringIO(to_csv(rows))))
    assert table[2]["estimate_stoi"] == ""
    assert table[2]["failed"] == "estimate stoi: less than 0.4 s of speech"
    assert float(table[1]["estimate_stoi"]) == 0.8
    assert table[3]["snr_db"] == "-5"


def test_json_holds_null_for_failed_scores(rows):
    report = json.loads(to_json(rows))
    assert report["files"][2]["estimate"] == {"stoi": None}
    assert report["summary"]["estimate"]["stoi"]["mean"] == pytest.approx(0.7)
    by_snr = {group["snr_db"]: group for group in report["groups"] if "snr_db" in group}
    assert by_snr["10"]["estimate"]["stoi"]["mean"] == pytest.approx(0.8)
    assert by_snr["10"]["estimate"]["stoi"]["n_failed"] == 1


def test_markdown_breaks_down_by_every_group(rows):
    text = to_markdown(rows)
    for heading in (
        "## By split",
        "## By noise_type",
        "## By snr_db",
        "## By split and noise_type",
        "## Failed: 1 files",
    ):
        assert heading in text
    assert "| -5 | enhanced | 1 | 0.700 |" in text
