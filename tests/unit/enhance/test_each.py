"""Everybody's own file: tables, names, and a video of two who speak in turn."""

import json
import shutil

import numpy as np
import pytest

from avse.cli.enhance import main
from avse.enhance.each import as_json, rttm_lines
from avse.enhance.sync import choose_offset
from avse.faces.sync import Offset
from avse.faces.who_speaks import NOBODY, Turns
from avse.synthetic.head import PEOPLE
from avse.synthetic.talker import render_video, write_video
from avse.synthetic.voice import speak

RATE = 16000


def turns(*spans, n=100):
    speaker = np.full(n, NOBODY)
    for start, end in spans:
        speaker[start:end] = 0
    return Turns(speaker, np.full((2, n), 0.95))


def test_tables():
    faces = {1: turns((0, 25), (75, 100)), 3: turns((25, 50))}
    assert rttm_lines("my talk", faces) == [
        "SPEAKER my_talk 1 0.000 1.000 <NA> <NA> face1 <NA> <NA>\n",
        "SPEAKER my_talk 1 1.000 1.000 <NA> <NA> face3 <NA> <NA>\n",
        "SPEAKER my_talk 1 3.000 1.000 <NA> <NA> face1 <NA> <NA>\n",
    ]
    from pathlib import Path

    table = as_json(faces, {1: Path("x/a_face1.wav"), 3: Path("x/a_face3.wav")})
    assert [row["face"] for row in table["speakers"]] == [1, 3]
    assert table["speakers"][0]["speaking_share"] == 0.5
    assert table["speakers"][1]["spans"] == [{"start_s": 1.0, "end_s": 2.0, "probability": 0.95}]


@pytest.fixture(scope="module")
def in_turn(tmp_path_factory):
    """A video of two: the left one speaks for 4 s, then the right one."""
    times_s = np.arange(200) / 25
    voices = [speak(np.random.default_rng(seed), duration_s=8.0) for seed in (0, 2)]
    first = times_s < 4
    openings = [voices[0].opening_at(times_s) * first, voices[1].opening_at(times_s) * ~first]
    sides = [
        render_video(PEOPLE[look], opening, np.random.default_rng(look), size=(240, 240))
        for look, opening in zip((0, 2), openings, strict=True)
    ]
    images = [np.concatenate(pair, axis=1) for pair in zip(*sides, strict=True)]
    waveform = np.where(np.arange(8 * RATE) < 4 * RATE, voices[0].waveform, voices[1].waveform).astype(np.float32)
    path = tmp_path_factory.mktemp("each") / "talk.mp4"
    write_video(path, images, timestamps_s=times_s, waveform=waveform, sample_rate=RATE)
    return path


def test_each_gets_a_file_and_a_row(in_turn, tmp_path, capsys):
    assert main([str(in_turn), "--speaker", "each", "-o", str(tmp_path / "out.wav"), "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["output"].rsplit("/", 1)[-1] for row in rows] == ["out_face1.wav", "out_face2.wav"]
    table = json.loads((tmp_path / "out_speakers.json").read_text())
    spans = {row["face"]: row["spans"] for row in table["speakers"]}
    assert sum(min(s["end_s"], 4) - s["start_s"] for s in spans[1] if s["start_s"] < 4) > 2
    assert sum(s["end_s"] - max(s["start_s"], 4) for s in spans[2] if s["end_s"] > 4) > 2
    assert (tmp_path / "out_speakers.rttm").read_text().startswith("SPEAKER talk 1 ")
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "out_face1.wav", "out_face2.wav", "out_speakers.json", "out_speakers.rttm",
    ]  # fmt: skip
    # A second run replaces nothing unless it is asked to.
    assert main([str(in_turn), "--speaker", "each", "-o", str(tmp_path / "out.wav")]) == 1
    assert "use --force" in capsys.readouterr().err


def test_each_names_its_files_by_the_video_where_no_name_is_given(in_turn, tmp_path):
    shutil.copy(in_turn, tmp_path / "talk.mp4")
    assert main([str(tmp_path / "talk.mp4"), "--speaker", "each"]) == 0
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "talk.mp4", "talk_face1.wav", "talk_face2.wav", "talk_speakers.json", "talk_speakers.rttm",
    ]  # fmt: skip


def test_each_needs_a_video(media, capsys):
    assert main([str(media / "noisy.wav"), "--speaker", "each"]) == 1
    assert "needs a video" in capsys.readouterr().err
    assert main([str(media / "talk.mp4"), "--speaker", "each", "--audio-only"]) == 2


def test_offsets_of_faces_that_disagree_are_not_believed():
    sure, other, unsure = Offset(0.1, 0.99), Offset(-0.3, 0.98), Offset(-0.3, 0.4)
    assert choose_offset([sure, unsure]).offset == sure
    assert not choose_offset([sure, other]).offset.is_confident
    assert choose_offset([sure, other], face=1).offset == other
    assert choose_offset([]).face is None
