"""What is written fits the schema; files of before it are read, and those of a later version are refused."""

import json

import jsonschema
import pytest

from avse.errors import ConfigError
from avse.metrics.score_or_reason import Score
from avse.report.formats import to_json
from avse.report.rows import FileScores
from avse.report.score_schema import SCHEMA, VERSION, stamped
from recipes.speech_benchmark.mixture_scores import read_rows, read_scores
from recipes.speech_benchmark.score_file import ScoreFile
from recipes.vatt import result_tables

VALIDATOR = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))
OF_BEFORE = {"id": "s1_sgio8p__car_engine__-5dB", "pesq_wb": 1.29, "stoi": None, "failed": {"stoi": "silent"}}
"""A line as it was written before there was a schema."""


class Mixture:
    id = OF_BEFORE["id"]


@pytest.fixture
def score_file(tmp_path):
    return ScoreFile(tmp_path / "scores.jsonl", keys={Mixture.id: "key"})


def test_the_schema_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(VALIDATOR.schema)


def test_reports_of_avse_score_fit():
    scores = {"stoi": Score(0.9), "si_sdr_db": Score(None, "silent")}
    rows = [FileScores("a", scores, scores, {"split": "test_seen"}, notes=["clipped"]), FileScores("b", scores)]
    report = json.loads(to_json(rows))
    VALIDATOR.validate(report)
    assert report["schema"] == VERSION
    report["files"][0]["estimate"]["stoi"] = "good"
    assert not VALIDATOR.is_valid(report)


def test_lines_of_score_files_fit_and_are_read_as_before(score_file):
    score_file.write([], [OF_BEFORE], mixtures=[Mixture])
    (line,) = map(json.loads, score_file.output.read_text().splitlines())
    VALIDATOR.validate(line)
    assert line["schema"] == VERSION
    assert read_scores(score_file.output) == {Mixture.id: {**OF_BEFORE, "made_from": "key"}}
    assert not VALIDATOR.is_valid({**line, "pesq_wb": [1.29]})


def test_lines_of_long_videos_and_scores_of_encoders_fit():
    segments = [{"start_s": 0.0, "pesq_wb": 2.0}, {"start_s": 3.0, "pesq_wb": None, "failed": {"pesq_wb": "silent"}}]
    VALIDATOR.validate(stamped({"id": "v", "level_db": -0.2, "segments": segments, "made_from": "key"}))
    VALIDATOR.validate(stamped({"split": "valid", "trained": {"retrieval": {"r10": 0.3}, "probe": {}}}))
    VALIDATOR.validate(stamped({"label": "colour", "split": "test", "n": 30, "n_labels": 4, "accuracy": 0.9}))
    assert not VALIDATOR.is_valid(stamped({"split": 3}))


def test_files_of_before_are_read_and_kept(score_file):
    old = {name: value for name, value in OF_BEFORE.items() if name != "failed"} | {"made_from": "key", "stoi": 0.5}
    score_file.output.write_text(json.dumps(old) + "\n")
    assert read_rows(score_file.output) == score_file.kept() == [old]


def test_scores_of_encoders_of_before_are_read(tmp_path):
    (tmp_path / "scores.json").write_text('{"split": "valid", "trained": {}}')
    assert result_tables.read_scores(tmp_path / "scores.json") == {"split": "valid", "trained": {}}


@pytest.mark.parametrize("version", [VERSION + 1, -1, "1"])
def test_files_of_another_version_are_refused_in_one_line(score_file, version):
    score_file.output.write_text(json.dumps({"schema": version, **OF_BEFORE}) + "\n")
    for read in (read_rows, lambda path: score_file.kept()):
        with pytest.raises(ConfigError, match=f"must be of schema {VERSION} or before but are of {version}; install"):
            read(score_file.output)
