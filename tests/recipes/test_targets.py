"""A corpus' targets are read from its `targets.yaml`, checked, and met or missed by the numbers."""

import hashlib
import json
from pathlib import Path

import pytest

from avse.data.manifest import Mixture, NoiseCut, write_manifest
from avse.errors import ConfigError
from recipes.speech_benchmark import corpus_results as program
from recipes.speech_benchmark.mixture_scores import Results, run_lines
from recipes.speech_benchmark.target_config import EVERY_PEER, Target, Targets, read_targets
from recipes.speech_benchmark.targets import target_lines
from recipes.vatt.target_config import read_targets as read_vatt_targets

ROOT = Path(__file__).parents[2]
KINDS = {"rain": 0.0, "talker_1": 5.0, "same_speaker": 5.0}
CUT = (NoiseCut("n.wav", 0.0),)
MIXTURES = [Mixture(f"{kind}{snr}", "clip", "test_seen", kind, CUT, snr) for kind, snr in KINDS.items()]


def scores(*values, metric="si_sdr_db"):
    return {mixture.id: {metric: value} for mixture, value in zip(MIXTURES, values, strict=True)}


RESULTS = Results(
    MIXTURES,
    {
        "noisy": scores(0.0, 5.0, 5.0),
        "mine": scores(3.0, 5.5, 4.0),
        "mine, audio-only": scores(2.0, 5.0, 4.5),
        "old": scores(9.0, 9.0, 9.0),
        "peer": scores(1.0, 6.0, 5.0),
    },
)


def lines_of(**target):
    target = Target(**{"text": "{model}, asked", "margins": {"si_sdr_db": 0}, "split": "test_seen", **target})
    found = target_lines(RESULTS, Targets({"mine": [target]}, no_peers=["old"]), model="mine")
    return [line[2:] for line in found]


@pytest.mark.parametrize(
    ("target", "met", "missed"),
    [
        ({"others": ["noisy"], "groups": "noise_type"}, "2 of 2", "-"),
        ({"others": ["noisy"], "groups": "talkers"}, "1 of 1", "-"),
        ({"others": ["noisy"], "groups": "same_speaker"}, "0 of 1", "same_speaker (-1.000)"),
        ({"others": ["noisy"], "groups": "snr", "margins": {"si_sdr_db": 1}}, "1 of 2", "+5 dB (+0.500)"),
        ({"others": ["noisy"], "groups": "split", "split": None}, "1 of 1", "-"),
        ({"others": [EVERY_PEER], "groups": "noise_type"}, "1 of 2", "talker_1 (-0.500)"),
        ({"others": ["{model}, audio-only"], "margins": {"si_sdr_db": 0.75}}, "0 of 1", "mean (+0.750)"),
        ({"others": ["noisy"], "better": "mine, audio-only", "margins": {"si_sdr_db": 1.5}}, "0 of 1", "mean (+1.000)"),
    ],
)  # fmt: skip
def test_a_target_is_met_or_missed_in_each_group(target, met, missed):
    assert lines_of(**target) == [[met, missed]]


def test_a_target_against_what_has_no_scores_is_left_out():
    assert lines_of(others=["noisy", "unknown"]) == []
    assert lines_of(others=["noisy"], split="test_unseen") == []


def test_a_system_without_the_metric_is_named():
    with pytest.raises(ConfigError, match="pesq_wb must be known for mine, noisy"):
        lines_of(others=["noisy"], margins={"pesq_wb": 0})


@pytest.mark.parametrize("path", sorted((ROOT / "egs").glob("*/targets.yaml")), ids=lambda path: path.parent.name)
def test_every_shipped_file_is_read(path):
    if path.parent.name == "grid_vatt":
        assert read_vatt_targets(path).retrieval
    else:
        assert read_targets(path).models


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("models: {a: [{text: t, others: [b], margins: {pesk: 1}, split: test_seen}]}", "one of .* but is pesk"),
        ("models: {a: [{text: t, others: [b], margins: {}, split: valid}]}", "split must be one of .* but is valid"),
        ("models: {a: [{text: t, others: [b], margins: {}, groups: snr}]}", "split must be one of .* but is None"),
        ("models: {a: [{text: t, others: [b], margins: {}, split: test_seen, groups: x}]}", "must fit Targets"),
        ("no_peer: [a]", "no_peer.* is not accepted"),
        ("quiet: {pesk: 1}", "metric must be one of .* pesk"),
        ("long: {talkers: {estoi: 1}}", "metric must be one of si_sdr_db, pesq_wb but is estoi"),
    ],
)  # fmt: skip
def test_what_is_no_target_is_one_line(tmp_path, text, words):
    path = tmp_path / "targets.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=words):
        read_targets(path)


def test_a_corpus_without_targets_gets_no_tables_of_them(tmp_path):
    write_manifest(tmp_path / "mixtures.jsonl", MIXTURES)
    shown = {"pesq_wb": 2.0, "stoi": 0.9, "estoi": 0.8, "si_sdr_db": 4.0}
    for name in ("noisy", "mine", "quiet"):
        rows = [json.dumps({"id": mixture.id, **shown}) for mixture in MIXTURES]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(rows))
    run = tmp_path / "run"
    run.mkdir()
    (run / "config.yaml").write_text("loop: {seed: 1}")
    (run / "software.json").write_text(
        json.dumps(dict.fromkeys(("command", "commit", "device", "machine", "torch"), "x"))
    )
    log = [{"loss": 1.0, "step": 2, "minutes": 1.0}, {"event": "stopped", "waiting_share": 0.1, "minutes": 2.0}]
    (run / "log.jsonl").write_text("\n".join(map(json.dumps, log)))
    targets = tmp_path / "targets.yaml"
    targets.write_text(
        "quiet: {stoi: 0.95}\n"
        "models: {mine: [{text: '{model} first', others: [noisy], margins: {stoi: 0}, split: test_seen}]}"
    )
    out = tmp_path / "RESULTS.md"
    options = [str(out), "--mixtures", str(tmp_path / "mixtures.jsonl"), "--command", "run.sh", "--run", f"mine={run}"]
    for name in ("noisy", "mine"):
        options += ["--system", f"{name}={tmp_path / name}.jsonl", "--quiet", f"{name}={tmp_path / 'quiet'}.jsonl"]
    assert program.main(options) == 0
    plain = out.read_text()
    assert "target" not in plain
    assert "N/A" not in plain
    assert "## Speech at 30 dB" in plain
    assert program.main([*options, "--targets", str(targets)]) == 0
    assert "| mine first | STOI | 0 of 1 | mean (+0.000) |" in out.read_text()
    assert "| STOI above 0.95 | no |" in out.read_text()
    assert program.main([*options, "--targets", str(tmp_path / "none.yaml")]) == 2


def test_weights_without_a_record_of_their_training_are_named_by_their_hash(tmp_path):
    (tmp_path / "model.safetensors").write_bytes(b"weights")
    _, line = run_lines(tmp_path)
    assert line[0] == "weights"
    assert line[1].startswith(f"SHA-256 {hashlib.sha256(b'weights').hexdigest()[:16]}")


def test_a_folder_without_weights_is_no_run(tmp_path):
    with pytest.raises(ConfigError, match=r"software\.json"):
        run_lines(tmp_path)
