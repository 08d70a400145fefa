"""The plan on paper is the product of measured costs, and the document holds that of the results that are there."""

import re

import pytest

from benchmarks.scale import plan
from benchmarks.scale.recorded import Costs, RecordedError, read_costs
from benchmarks.torture.record import RESULTS

UNITS = """<!-- Unit costs -->
| enhance, video 360p | 0.2 | 1 |
| enhance, video 720p | 0.5 | 1 |

An hour on disk: noisy.wav 115 MB, 360p.mp4 59 MB, 720p.mp4 200 MB.

`python -m benchmarks.scale.unit_costs --seconds 4`, commit abc, x86_64, 2 cores, 1.0 minutes
<!-- end of Unit costs -->
"""
FEEDING = """<!-- Data for training: the live model fed from shards -->
| time of a core that a step takes, s | 16.00 |
| time of a core that an example takes, ms | 36.0 |

`python -m benchmarks.scale.feeding`, commit def, x86_64, 2 cores, 1.0 minutes
<!-- end of Data for training: the live model fed from shards -->
"""


@pytest.fixture
def results(tmp_path):
    """A document of round numbers."""
    path = tmp_path / "RESULTS.md"
    path.write_text(f"# Benchmarks\n\n{UNITS}\n{FEEDING}")
    return path


def test_costs_are_read_from_their_sections(results):
    costs = read_costs(results)
    assert costs[:4] == (0.5, 0.2, 0.036, 16.0)
    assert costs.sources[0] == "`python -m benchmarks.scale.unit_costs --seconds 4`, commit abc"


def test_the_plan_multiplies_them(results, tmp_path):
    document = tmp_path / "scale.md"
    document.write_text("# Scale\n")
    assert plan.main(["--results", str(results), "--document", str(document)]) == 0
    text = document.read_text()
    # 100,000 h x 0.5 core-hours on 1,000 cores are 50,000 core-hours, 50 h; at 0.2 GB an hour 20 TB.
    assert "| 100,000 | 50,000 | 1,000 | 2.1 | 20.0 |" in text
    # 1,000 h of 2.4 s are 1.5 million examples: x 36 ms are 15 core-hours, x 1 s are 417.
    assert "takes 15 core-hours of making and, on CPUs alone, 417 of" in text
    # In an hour on 8 GPUs each takes 1.5e6 / 3600 / 8 = 52.1 a second, made by 52.1 x 36 ms = 1.88 cores.
    assert "| 8 | 52.1 | 1.88 |" in text
    assert "commit abc and `python -m benchmarks.scale.feeding`, commit def" in text


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda text: text.replace("<!-- Unit costs", "<!-- Unit"), "must have a section 'Unit costs' but have none"),
        (lambda text: text.replace("video 720p", "video 1080p"), "section 'Unit costs' must give enhance, video 720p"),
        (lambda text: text.replace("a step takes", "it takes"), "must give a step but does not"),
    ],
)
def test_a_cost_that_was_not_measured_is_one_line_and_nothing_is_written(results, tmp_path, capsys, change, words):
    results.write_text(change(results.read_text()))
    assert plan.main(["--results", str(results), "--document", str(tmp_path / "scale.md")]) == 2
    err = capsys.readouterr().err
    assert len(err.splitlines()) == 1
    assert words in err
    assert not (tmp_path / "scale.md").exists()
    with pytest.raises(RecordedError):
        read_costs(results)


def test_the_document_holds_the_plan_of_the_recorded_costs():
    found = re.search(r"live\nmodel \(([\d,]+) parameters", plan.SCALE.read_text())
    costs: Costs = read_costs(RESULTS)
    assert plan.plan_of(costs, n_parameters=int(found[1].replace(",", ""))) in plan.SCALE.read_text()
