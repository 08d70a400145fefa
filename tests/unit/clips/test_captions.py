"""Captions of every kind, and of every wrong kind."""

import math

import pytest

from avse.clips.captions import Caption, captions_between, captions_by_video, read_captions
from avse.errors import MediaError

SRT = "1\n00:00:01,500 --> 00:00:02,250\n<i>Hello</i> there\nfriend\n\n2\n00:01:00,000 --> 00:01:01,000\nlater\n"
VTT = "WEBVTT\n\n00:01.500 --> 00:02.250 align:start\nHello there friend\n\n01:00:00.000 --> 01:00:01.000\nlater\n"


def _write(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_subrip_and_webvtt(tmp_path):
    captions, problems = read_captions(_write(tmp_path, "a.srt", SRT.replace("\n", "\r\n")))
    assert captions == [Caption(1.5, 2.25, "Hello there friend"), Caption(60, 61, "later")]
    assert problems == []
    captions, _ = read_captions(_write(tmp_path, "a.vtt", VTT))
    assert captions == [Caption(1.5, 2.25, "Hello there friend"), Caption(3600, 3601, "later")]


def test_align_without_its_silence(tmp_path):
    captions, _ = read_captions(
        _write(tmp_path, "a.align", "0 23750 sil\n23750 29500 bin\n29500 34000 blue\n34000 74500 sil\n")
    )
    assert captions == [Caption(0.95, 1.18, "bin"), Caption(1.18, 1.36, "blue")]


def test_plain_text_is_of_the_whole_video(tmp_path):
    captions, _ = read_captions(_write(tmp_path, "a.txt", "\ufeffso it\ngoes\n"))
    assert captions == [Caption(0, math.inf, "so it goes")]


def test_wrong_files_are_reported(tmp_path):
    captions, problems = read_captions(_write(tmp_path, "a.srt", SRT.replace("Hello", "Grüße").encode("latin-1")))
    assert captions[0].text == "Grüße there friend"
    assert "must be UTF-8 but are not" in problems[0]
    captions, problems = read_captions(_write(tmp_path, "b.txt", "Grüße".encode("utf-16")))
    assert (captions[0].text, problems) == ("Grüße", [])
    captions, problems = read_captions(_write(tmp_path, "c.srt", "1\n00:00:05,000 --> 00:00:02,000\nback\n"))
    assert captions == []
    assert "1 end before they start" in problems[0]
    assert "hold no text" in problems[1]
    assert "hold no text" in read_captions(_write(tmp_path, "d.txt", ""))[1][0]
    with pytest.raises(MediaError, match=r"must end in .srt, .vtt, .align, .txt but end in '.doc'"):
        read_captions(_write(tmp_path, "e.doc", "x"))
    with pytest.raises(MediaError, match="must be readable but are not"):
        read_captions(tmp_path / "none.srt")


def test_captions_are_found_beside_the_video(tmp_path):
    _write(tmp_path, "video.mp4", "")
    assert captions_by_video(tmp_path) == {}
    _write(tmp_path, "video.TXT", "x")
    _write(tmp_path, "video.vtt", VTT)
    for name in ("talk.fr.vtt", "talk.en-US.vtt", "other.en.srt", "song.new.mp4", "song.new.srt"):
        _write(tmp_path, name, "")
    assert {stem: path.name for stem, path in captions_by_video(tmp_path).items()} == {
        "video": "video.vtt",
        "talk": "talk.en-US.vtt",
        "other": "other.en.srt",
        "song.new": "song.new.srt",
    }
    (tmp_path / "video.vtt").unlink()
    assert captions_by_video(tmp_path)["video"].name == "video.TXT", "in capitals too"


def test_what_is_said_in_a_stretch_comes_first():
    captions = [Caption(0, 1, "a"), Caption(2, 3, "b"), Caption(3, 4, "c"), Caption(9, 10, "d")]
    assert captions_between(captions, start_s=2, end_s=4) == ["b c"], "words become a phrase"
    assert captions_between(captions, start_s=2.1, end_s=3.1, n=4) == ["b", "c", "a"], "none counts twice"
    assert captions_between(captions, start_s=2.2, end_s=2.6) == ["b"], "a caption may be longer than the stretch"
    assert captions_between(captions, start_s=5, end_s=8, n=3) == [], "nothing is said in it"
    assert captions_between(captions, start_s=3.2, end_s=4.2, n=2) == ["c", "b"], "then what comes before it"
    whole = [Caption(0, math.inf, "all")]
    assert captions_between(whole, start_s=100, end_s=103, n=5) == ["all"]
