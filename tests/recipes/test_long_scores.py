"""Scores, conditions and tables of long videos, against closed forms; and the commands, end to end on a small model."""

import json

import numpy as np
import pytest
from long_videos import GRID_TARGETS, SEGMENT, mouth_of, speech, video_of

from avse.data.manifest import Mixture
from avse.report.document import to_markdown
from recipes.speech_benchmark import long_report
from recipes.speech_benchmark.compare import below_audio_only, is_lowered, lowered
from recipes.speech_benchmark.long_results import read_long_results
from recipes.speech_benchmark.long_targets import target_table
from recipes.speech_benchmark.mixture_scores import Results
from recipes.speech_benchmark.mouths import CONDITIONS, still_frames
from recipes.speech_benchmark.reader import RATE, LongMixture, Segment
from recipes.speech_benchmark.score_segments import score_video
from recipes.speech_benchmark.short import Pair, summary
from recipes.speech_benchmark.target_config import read_targets
from recipes.speech_benchmark.videos import write_videos
from recipes.speech_benchmark.zero_db import zero_db_part

TARGETS = read_targets(GRID_TARGETS).long


@pytest.fixture
def mixture():
    """Three segments; the target is silent in the second."""
    clean = speech(3 * SEGMENT)
    clean[SEGMENT : 2 * SEGMENT] = 0
    noisy = clean + speech(3 * SEGMENT, seed=1)
    mouth = mouth_of(np.random.default_rng(2).integers(0, 256, (225, 32, 48, 3), dtype=np.uint8))
    segments = [Segment(slice(n * SEGMENT, (n + 1) * SEGMENT), n == 1) for n in range(3)]
    return LongMixture(noisy, clean, mouth, mouth, segments)


def test_a_fade_is_seen_segment_by_segment(mixture):
    gain = np.concatenate([np.full(SEGMENT, g) for g in (0.5, 0.1, 0.01)]).astype(np.float32)
    row = score_video(mixture, gain * mixture.clean + 1e-6 * mixture.noisy)
    assert [s["start_s"] for s in row["segments"]] == [0, 3, 6]
    assert row["segments"][0]["level_db"] == pytest.approx(-6.02, abs=0.01)
    assert row["segments"][2]["level_db"] == pytest.approx(-40.0, abs=0.05)
    assert "level_db" not in row["segments"][1]


def test_where_the_target_is_silent_only_suppression_counts(mixture):
    row = score_video(mixture, np.float32(0.1) * mixture.noisy)
    assert row["suppression_db"] == pytest.approx(20.0, abs=0.01)
    assert set(row["segments"][1]) == {"start_s", "suppression_db"}
    assert all("suppression_db" not in row["segments"][n] for n in (0, 2))


def test_means_are_over_the_segments_and_what_fails_says_why(mixture):
    estimate = mixture.clean + 0.1 * speech(3 * SEGMENT, seed=3)
    estimate[2 * SEGMENT :] = 0
    row = score_video(mixture, estimate)
    assert row["pesq_wb"] == row["segments"][0]["pesq_wb"]
    assert row["segments"][2]["pesq_wb"] is None
    assert row["segments"][2]["failed"]["level_db"] == "estimate is silent"


def row_of(levels, si_sdr=10.0, pesq=2.0, suppression=None):
    segments = [{"level_db": level} for level in levels]
    return {"id": "v", "pesq_wb": pesq, "estoi": 0.5, "si_sdr_db": si_sdr, "level_db": levels[0],
            "suppression_db": suppression, "segments": segments}  # fmt: skip


def test_lowered_is_more_than_6_db_below_audio_only_and_gone_is_lowered():
    differences = lowered(row_of([-4.0, -10.5, None, -3.0]), row_of([-4.0, -4.0, -4.0, None]))
    assert differences == [0.0, 6.5, float("inf")]
    assert [is_lowered(d) for d in (*differences, 6.0)] == [False, True, True, False]


@pytest.mark.parametrize(
    ("given", "expected"),
    [((10.0, 2.0), False), ((9.81, 1.99), False), ((9.7, 2.5), True), ((12.0, 1.97), True), ((None, 2.0), True)],
)
def test_below_audio_only_is_by_either_metric(given, expected):
    assert below_audio_only(row_of([0.0], *given), row_of([0.0])) is expected


def test_conditions_do_what_they_say():
    crops = np.random.default_rng(0).integers(0, 256, (150, 32, 48, 3), dtype=np.uint8)
    own, stranger = mouth_of(crops), mouth_of(crops[::-1].copy())
    shown = {name: spoil(own, stranger) for name, spoil in CONDITIONS.items()}
    assert shown["none"] is None
    assert shown["own"] is own
    assert shown["stranger"] is stranger
    assert (shown["frozen"].crops == crops[0]).all()
    assert np.allclose(shown["late"].timestamps_s - own.timestamps_s, 0.2)
    covered = (shown["covered"].crops == 128).all(axis=(1, 2, 3))
    assert np.flatnonzero(covered).tolist() == [*range(25, 50), *range(100, 125)]
    assert (crops == own.crops).all()


def test_low_resolution_keeps_coarse_shapes_and_loses_fine_ones():
    """A 40-pixel face gives the crop 22 x 14 pixels: stripes a pixel wide vanish, halves stay."""
    fine, coarse = (np.zeros((1, 32, 48, 3), dtype=np.uint8) for _ in range(2))
    fine[:, :, ::2] = 255
    coarse[:, :, :24] = 255
    fine, coarse = (CONDITIONS["low_resolution"](mouth_of(crops), mouth_of(crops)).crops for crops in (fine, coarse))
    assert np.ptp(fine[0, :, 2:-2].astype(int)) < 80
    assert coarse[0, :, :20].min() > 240
    assert coarse[0, :, 28:].max() < 15


def test_still_frames_end_before_the_lips_open():
    waveform = np.concatenate([np.zeros(RATE), speech(2 * RATE)]).astype(np.float32)
    crops = np.repeat(np.arange(75, dtype=np.uint8), 6).reshape(75, 1, 2, 3)
    still = still_frames(waveform, mouth_of(crops), sample_rate=RATE)
    assert still[:, 0, 0, 0].tolist() == list(range(22))  # before 1.0 - 0.15 s
    assert len(still_frames(speech(RATE), mouth_of(crops), sample_rate=RATE)) == 1


def test_the_summary_counts_segments_and_videos():
    pairs = [
        Pair(video_of("a"), row_of([-4.0, -4.0], 12.0), row_of([-4.0, -12.0], 9.0)),
        Pair(video_of("b", "talkers"), row_of([-4.0, -4.0], -1.0), row_of([-4.0, -4.0], 3.0)),
        Pair(video_of("c", "silence"), row_of([-4.0], suppression=5.0), row_of([-4.0], suppression=25.0)),
    ]
    found = summary(pairs)
    assert found["lowered_share"] == pytest.approx(1 / 5)
    assert found["below_share"] == 0.5
    assert (found["noise_si_sdr_db"], found["noise_si_sdr_db_audio_only"]) == (9.0, 12.0)
    assert (found["silence_suppression_db"], found["silence_suppression_db_audio_only"]) == (25.0, 5.0)


def write_scores(folder, condition, rows):
    folder.mkdir(exist_ok=True)
    (folder / f"long_{condition}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def results_of(tmp_path, with_video, bad=None):
    """Scores of a video in noise and one among talkers, audio-only at 10 dB and PESQ 2.0."""
    write_videos(tmp_path / "long.jsonl", [video_of("n"), video_of("t", "talkers")])
    both = [{**row_of([0.0]), "id": name} for name in "nt"]
    write_scores(tmp_path, "noisy", both)
    write_scores(tmp_path / "m", "none", both)
    write_scores(tmp_path / "m", "own", [{**row_of([0.0], *scores), "id": name} for name, scores in with_video.items()])
    if bad:
        write_scores(tmp_path / "m", "late", [{**row_of([0.0], *scores), "id": name} for name, scores in bad.items()])
    return read_long_results(tmp_path / "long.jsonl", noisy=tmp_path / "long_noisy.jsonl", folder=tmp_path / "m")


def test_targets_are_met_or_missed_by_the_numbers(tmp_path):
    results = results_of(tmp_path, {"n": (9.9, 1.9), "t": (14.0, 2.2)}, bad={"n": (9.9,), "t": (9.0,)})
    table = target_table(results, TARGETS)
    lines = {line[0]: line[-1] for line in table.lines[1:]}
    assert lines["noise, with video: SI-SDR, dB at least audio-only - 0.2, every video"] == "met"
    assert lines["noise, with video: PESQ-WB at least audio-only - 0.02, every video"] == "missed"
    assert lines["talkers, with video: SI-SDR, dB over audio-only by 3, mean"] == "met"
    assert lines["talkers, with video: PESQ-WB over audio-only by 0.1, mean"] == "met"
    assert lines["late: SI-SDR at least audio-only - 0.2 dB, every video"] == "missed"
    assert any("1 of 2, worst -1.0 dB" in cell for line in table.lines for cell in line)


def test_the_report_does_without_scenarios_that_a_list_lacks(tmp_path, capsys):
    write_videos(tmp_path / "long.jsonl", [video_of("c", "cut")])
    row = [{**row_of([0.0]), "id": "c"}]
    for folder, condition in ((tmp_path, "noisy"), (tmp_path, "none"), (tmp_path, "own")):
        write_scores(folder, condition, row)
    given = [str(tmp_path), "--videos", str(tmp_path / "long.jsonl"), "--noisy", str(tmp_path / "long_noisy.jsonl")]
    assert long_report.main(given) == 0
    printed = capsys.readouterr().out
    assert "| cut, 20 s | 1 |" in printed
    assert "targets on long videos" not in printed, "nobody asked for any"


def test_without_scores_the_report_names_what_is_missing(tmp_path, capsys):
    write_videos(tmp_path / "long.jsonl", [video_of("n")])
    given = [str(tmp_path), "--videos", str(tmp_path / "long.jsonl"), "--noisy", str(tmp_path / "long_noisy.jsonl")]
    assert long_report.main(given) == 1
    assert "long_noisy.jsonl must exist but does not" in capsys.readouterr().err


def test_systems_at_0_db_stand_beside_the_others_on_those_mixtures_alone(tmp_path):
    names = {"a": 0.0, "b": 0.0, "c": 5.0}
    mixtures = [Mixture(name, name, "test_seen", "rain", (), snr_db) for name, snr_db in names.items()]
    of = {"pesq_wb": 1.0, "stoi": 0.5, "estoi": 0.4}
    ours = {name: {**of, "si_sdr_db": si_sdr} for name, si_sdr in (("a", 1.0), ("b", 3.0), ("c", 50.0))}
    rows = [
        {"id": name, "split": "test_seen", "noise_type": "rain", "noisy": {}, "dfn3": {**of, "si_sdr_db": si_sdr}}
        for name, si_sdr in (("a", 5.0), ("b", 8.0))
    ]
    (tmp_path / "zero.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    text = to_markdown(zero_db_part(Results(mixtures, {"live": ours}), tmp_path / "zero.jsonl"), folder=tmp_path)
    assert "| test_seen, n = 2 |" in text
    assert "| live | 1.00 | 0.500 | 0.400 | 2.00 |" in text
    assert "| DeepFilterNet3 | 1.00 | 0.500 | 0.400 | 6.50 |" in text
    assert "test_unseen" not in text
