"""The last stage of an experiment, on synthetic scores: what is known to be better must come out so, and no more."""

import json
from pathlib import Path

import numpy as np
import pytest
import yaml

from avse.signal.classical import METHODS
from recipes.speech_benchmark.experiment.__main__ import main
from recipes.speech_benchmark.experiment.comparison import Lead, lead_of, mean_of
from recipes.speech_benchmark.experiment.config import BASELINE, names_of, read_experiment
from recipes.speech_benchmark.experiment.experiment_scores import read_scored
from recipes.speech_benchmark.experiment.score_tables import corrected

EGS = Path(__file__).parents[2] / "egs"
N_CLIPS = 8
TYPES = ("rain", "talker_1", "same_speaker")
SNRS_DB = (-5, 5)
EXPERIMENT = {
    "systems": {
        "noisy": "noisy",
        "good": "good one",
        "fair": "fair one",
        "twin": "twin of the fair one",
        "late": "not ready",
    },
    "ablations": {"how good": ["fair", "good", "size_0.6"]},
    "claims": [
        {"better": "good", "worse": "fair", "snr_db": -5},
        {"better": "fair", "worse": "good"},
        {"better": "twin", "worse": "fair"},
        {"better": "late", "worse": "fair"},
    ],
}
MARGIN = {"good": 0.3, "fair": 0.1, "size_0.6": 0.1}
"""PESQ above noisy; SDI is as much below it."""


def mixture_rows():
    for clip in range(N_CLIPS):
        for noise_type in TYPES:
            for snr_db in SNRS_DB:
                name = f"c{clip}"
                yield {
                    "id": f"{name}__{noise_type}__{snr_db:+d}dB", "clip": name, "split": "test_seen",
                    "noise_type": noise_type, "noise": [], "snr_db": snr_db,
                }  # fmt: skip


def write_rows(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


@pytest.fixture
def place(tmp_path):
    """A folder as the stages before leave it."""
    mixtures = list(mixture_rows())
    write_rows(tmp_path / "mixtures.jsonl", mixtures)
    people = [{"id": f"c{n}", "split": "test_seen", "audio": f"{n}.wav", "licence": "CC0", "speaker": f"p{n % 2}"}
              for n in range(N_CLIPS)]  # fmt: skip
    write_rows(tmp_path / "manifest.jsonl", people)
    (tmp_path / "experiment.yaml").write_text(yaml.safe_dump(EXPERIMENT, sort_keys=False))
    rng = np.random.default_rng(1)
    base = {row["id"]: 1.3 + 0.05 * row["snr_db"] + rng.normal(0, 0.2) for row in mixtures}
    shift = {row["id"]: MARGIN["fair"] + 0.02 * (-1) ** number for number, row in enumerate(mixtures)}
    for system in ("noisy", "good", "fair", "twin", "size_0.6"):
        rows = []
        for row in mixtures:
            margin = shift[row["id"]] if system == "twin" else MARGIN.get(system, 0)
            value = base[row["id"]] + margin
            if row["noise_type"] == "same_speaker":
                value = 4.0
            rows.append({"id": row["id"], "pesq_wb": value, "sdi": 5 - value})
        write_rows(tmp_path / "exp" / system / "scores.jsonl", rows)
    return tmp_path


def run(place, *options):
    return main(
        ["--experiment", str(place / "experiment.yaml"), "--exp", str(place / "exp"), "--mixtures",
         str(place / "mixtures.jsonl"), "--manifest", str(place / "manifest.jsonl"), "--output",
         str(place / "RESULTS.md"), "--command", "egs/made/run.sh --all", "--title", "Synthetic", *options]
    )  # fmt: skip


def change(place, system, edit):
    path = place / "exp" / system / "scores.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    write_rows(path, [row for row in map(edit, rows) if row])


def table_with(text, *words):
    """Cells of the first line of a table that begins with these."""
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if line.startswith("|") and tuple(cells[: len(words)]) == words:
            return cells
    raise AssertionError(f"no line begins with {words}")


def results_of(place):
    assert run(place) == 0
    return (place / "RESULTS.md").read_text()


def test_a_system_that_is_better_by_a_known_margin_comes_out_so(place):
    text = results_of(place)
    assert table_with(text, "good one above fair one at -5 dB", "PESQ-WB") == [
        "good one above fair one at -5 dB", "PESQ-WB", "+0.20 (+0.20 to +0.20)", "0.047", "8", "yes"
    ]  # fmt: skip
    assert table_with(text, "good one above fair one at -5 dB", "SDI")[2:] == [
        "+0.200 (+0.200 to +0.200)", "0.047", "8", "yes"
    ]  # fmt: skip
    assert table_with(text, "fair one above good one", "PESQ-WB")[2:] == ["-0.20 (-0.20 to -0.20)", "0.047", "8", "no"]
    assert table_with(text, "fair one above good one", "test_seen") == [
        "fair one above good one", "test_seen", "-", "-", "PESQ-WB; SDI"
    ]  # fmt: skip
    assert "That is so in 1 of 3 lines" in text


def test_ties_are_not_decided(place):
    text = results_of(place)
    assert table_with(text, "twin of the fair one above fair one", "test_seen")[2:] == ["-", "PESQ-WB; SDI", "-"]
    assert table_with(text, "twin of the fair one above fair one", "PESQ-WB")[2:4] == ["0.00 (0.00 to 0.00)", "1.000"]


def test_tests_that_no_score_could_decide_are_no_part_of_the_family():
    """Four clips reach a p of 1/8 at best, so that HASPI's tests of four would only make PESQ's harder."""
    decidable, never = Lead(0.1, 0.05, 0.15, 0.01, 16), Lead(0.1, 0.05, 0.15, 0.125, 4)
    assert corrected([decidable] * 2) == [0.02, 0.02]
    assert corrected([decidable, never, decidable, None, never]) == [0.02, 1.0, 0.02, 1.0, 1.0]
    assert corrected([Lead(0.1, 0.05, 0.15, 0.03125, 6)]) == [0.03125], "six clips can be decided"
    assert corrected([Lead(0.1, 0.05, 0.15, 0.0625, 5)]) == [1.0], "five cannot"


def test_means_are_those_from_hand_and_leave_the_same_speaker_out(place):
    scored = read_scored(
        read_experiment(place / "experiment.yaml"), exp=place / "exp", mixtures=place / "mixtures.jsonl"
    )
    chosen = scored.results.counted("test_seen")
    rows = scored.results.systems["good"]
    by_hand = np.mean([rows[m.id]["pesq_wb"] for m in chosen])
    assert len(chosen) == N_CLIPS * 4
    assert mean_of(scored.results, "good", "pesq_wb", chosen).value == pytest.approx(by_hand)
    text = results_of(place)
    cells = table_with(text.split("## test_seen\n")[1], "good one")
    assert cells[1].startswith(f"{by_hand:.2f} (")
    low, high = mean_of(scored.results, "good", "pesq_wb", chosen).interval()
    assert low < by_hand < high
    assert "n = 32 mixtures of 8 clips of 2 people; beside them 16 of same_speaker" in text
    assert text.count(" 4.00 |") == 4, "the same speaker is shown by noise type alone"


def test_the_best_stands_first_where_less_is_better_too(place):
    text = results_of(place)
    for title in ("PESQ-WB", "SDI (less is better)"):
        part = text.split(f"### test_seen: {title}")[1].split("| n |")[0]
        order = [line.split(" | ")[0].strip("| ") for line in part.splitlines() if line.startswith("| ")][2:]
        assert order[0] == "good one"
        assert order[-1] == "noisy"
        assert "+0.20" in part


def test_a_metric_is_judged_clip_by_clip_and_not_mixture_by_mixture(place):
    # One clip of eight is far better, in all of its mixtures: no sign of anything.
    change(place, "twin", lambda row: {**row, "pesq_wb": row["pesq_wb"] + (2 if row["id"].startswith("c0_") else 0)})
    scored = read_scored(
        read_experiment(place / "experiment.yaml"), exp=place / "exp", mixtures=place / "mixtures.jsonl"
    )
    lead = lead_of(scored.results, "twin", "fair", "pesq_wb", scored.results.counted("test_seen"))
    assert lead.value == pytest.approx(2 / N_CLIPS)
    assert lead.n_clips == N_CLIPS
    assert lead.p > 0.9


def test_failed_scores_are_counted_and_in_no_mean(place):
    def spoil(row):
        if "rain__-5" not in row["id"] or row["id"] > "c3":
            return row
        reason = f"{row['id']}.wav is | 3{row['id'][1]} samples long"
        return {**row, "pesq_wb": None, "sdi": None, "failed": {"pesq_wb": reason}, "note": "clipped"}

    before = table_with(results_of(place), "noisy")
    change(place, "good", spoil)
    text = results_of(place)
    assert table_with(text, "noisy") == before
    assert table_with(text.split("## test_seen\n")[1], "good one")[1].endswith(", n 29")
    assert table_with(text, "good one", "3", "PESQ-WB")[3] == "MIXTURE.wav is \\| N samples long"
    assert table_with(text, "good one", "3", "SDI")[3] == "no reason given"
    assert table_with(text, "good one", "3", "clipped")
    # What both have is compared, and that is as it was.
    assert table_with(text, "good one above fair one at -5 dB", "PESQ-WB")[2] == "+0.20 (+0.20 to +0.20)"


def test_slow_metrics_of_some_mixtures_say_of_how_many(place):
    rows = [{"id": row["id"], "estoi": 0.5} for row in mixture_rows()]
    rows = [row for row in rows if "talker" in row["id"]][::2]
    write_rows(place / "exp/good/hearing.jsonl", rows)
    write_rows(place / "exp/fair/hearing.jsonl", rows[:-1])
    text = results_of(place)
    overview = text.split("## test_seen\n")[1]
    assert table_with(overview, "")[2] == "ESTOI"
    assert table_with(overview, "good one")[2] == "0.500 (0.500 to 0.500)"
    assert table_with(overview, "noisy")[2] == "-"
    assert table_with(overview, "n")[2] == "8"
    assert table_with(overview, "fair one")[2].endswith(", n 7")


def test_what_is_missing_is_named_and_skipped(place, capsys):
    change(place, "fair", lambda row: None if row["id"] < "c2" else row)
    text = results_of(place)
    assert "- not ready (late): no scores yet" in text
    assert "- fair one (fair): 12 of 48 mixtures not scored yet by PESQ-WB; SDI" in text
    assert "| not ready |" not in text
    assert "not ready (late)" in capsys.readouterr().err


def test_ablations_tell_the_difference_from_their_first(place):
    text = results_of(place)
    part = text.split("### how good")[1]
    assert "(" not in table_with(part, "fair one")[1]
    assert table_with(part, "good one")[1].endswith("(+0.20 to +0.20)*")
    assert table_with(part, "size_0.6")[1].endswith("(0.00 to 0.00)")


def test_runs_tell_their_cost_and_how_they_came_about(place):
    folder = place / "exp/good"
    (folder / "cost.json").write_text(
        json.dumps({"parameters": 1234567, "multiply_adds_per_s": 2.5e8, "real_time_factor": 0.0421, "threads": 1})
    )
    (folder / "software.json").write_text(
        json.dumps({"command": "python -m x", "commit": "abc", "device": "CPU", "machine": "m", "torch": "9"})
    )
    (folder / "config.yaml").write_text("loop: {seed: 7}\n")
    write_rows(
        folder / "log.jsonl",
        [{"minutes": 5}, {"step": 3, "loss": 2.0, "si_sdr_gain_db": 4.0, "minutes": 9.5}, {"minutes": 1.5}],
    )
    text = results_of(place)
    assert table_with(text, "good one", "1,234,567")[2:] == [
        "250.0 M", "0.042 on 1 thread(s)", "11.0", "loss 2.000, SI-SDR +4.00 dB at step 3"
    ]  # fmt: skip
    assert table_with(text, "good one", "`python -m x`")[2:] == ["abc, 7", "CPU, m; torch 9"]
    assert "`egs/made/run.sh --all`" in text
    assert "numpy" in table_with(text, "versions")[1]


def test_what_was_never_trained_has_a_cost_and_no_minutes(place):
    (place / "exp/good/cost.json").write_text(
        json.dumps({"parameters": 0, "multiply_adds_per_s": None, "real_time_factor": 0.0077, "threads": 1})
    )
    assert table_with(results_of(place), "good one", "0")[2:] == ["-", "0.008 on 1 thread(s)", "-", "-"]


@pytest.mark.parametrize(
    ("file", "text", "words"),
    [
        ("experiment.yaml", "systems: 3\n", "must fit ExperimentConfig"),
        ("mixtures.jsonl", "{\n", "must be one JSON object"),
        ("manifest.jsonl", "[]\n", "must be one JSON object"),
        ("exp/good/scores.jsonl", "{}\n", "must name a mixture"),
        ("exp/good/scores.jsonl", "{\n", "scores.jsonl:1 must be one JSON object"),
        ("exp/good/scores.jsonl", "3\n", "scores.jsonl:1 must be one JSON object"),
        ("exp/good/cost.json", "{", "must be a run's record"),
        ("exp/good/log.jsonl", "half a li", "log.jsonl:1 must be one JSON object"),
    ],
)
def test_bad_files_are_reported_in_a_line(place, capsys, file, text, words):
    (place / file).write_text(text)
    assert run(place) == 2
    printed = capsys.readouterr().err.strip().splitlines()[-1]
    assert printed.startswith("experiment: error: ")
    assert words in printed
    assert not (place / "RESULTS.md").exists()


def test_no_scores_at_all_are_reported(place, capsys):
    for path in (place / "exp").rglob("scores.jsonl"):
        path.unlink()
    assert run(place) == 2
    assert "must hold scores of the mixtures" in capsys.readouterr().err


@pytest.mark.parametrize("path", sorted(EGS.glob("*/experiment/tables.yaml")), ids=lambda path: path.parts[-3])
def test_every_shipped_experiment_asks_for_systems_that_there_are(path):
    config = read_experiment(path)
    trained = {conf.stem for conf in (path.parents[1] / "conf/experiment").glob("*.yaml")}
    assert set(names_of(config)) <= {BASELINE, *METHODS, *trained}
    assert config.claims
    assert next(iter(config.systems)) == BASELINE
