"""The page of features names a test for each of ours, and the test is there; numbers are those of the benchmarks."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/comparison.md").read_text(encoding="utf-8")
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if line.startswith("| ")]


def test_every_row_has_all_columns():
    head = ROWS[0]
    assert head[:2] == ["feature", "avse"]
    assert {len(row) for row in ROWS} == {len(head)}
    assert len(ROWS) > 15


@pytest.mark.parametrize("row", ROWS[1:], ids=lambda row: row[0])
def test_each_of_our_features_has_a_test_that_is_there(row):
    path, _, name = row[-1].strip("`").partition("::")
    source = (ROOT / path).read_text(encoding="utf-8")
    assert not name or re.search(rf"^def {name}\(", source, re.MULTILINE), row[-1]
    assert row[1] not in ("", "no")


def test_the_numbers_are_those_of_the_benchmark():
    results = (ROOT / "benchmarks/RESULTS.md").read_text(encoding="utf-8")
    found = {(cells[1], cells[2]): cells[-2] for line in results.splitlines()
             if line.startswith("| ") and len(cells := [cell.strip() for cell in line.split("|")]) == 9}  # fmt: skip
    for snr, theirs, ours in _claims():
        assert found[snr, "DeepFilterNet3"] == theirs
        assert found[snr, "avse"] == ours


def _claims():
    """SNR, the peer's SI-SDR, ours."""
    text = " ".join(PAGE.split())
    clean = re.search(r"SI-SDR (-?[\d.]+) to (-?[\d.]+) dB clean", text)
    noisy = re.findall(r"(-?[\d.]+) to (-?[\d.]+) dB at (\d+) dB", text)
    assert clean
    assert len(noisy) == 2
    return [("clean", *clean.groups()), *((f"{snr} dB", theirs, ours) for theirs, ours, snr in noisy)]
