"""What the page does, without a browser."""

from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("gradio", reason="needs the extra demo: pip install 'avse[demo]'")

from event_loops import closed_event_loops  # noqa: F401

from avse.demo.comparison import write_comparison
from avse.demo.enhancement import Seen, used_spans
from avse.demo.page import Page, build, read_limit_db
from avse.demo.page_session import Sessions
from avse.demo.settings import DemoSettings
from avse.demo.spectrograms import _levels, spectrogram_addresses
from avse.enhance.enhancer import Enhancer
from avse.errors import InputError
from avse.media.audio import AudioWriter, read_audio
from avse.media.video import probe_video
from avse.signal.loudness import LoudnessMeter

USER, OTHER = SimpleNamespace(session_hash="a"), SimpleNamespace(session_hash="b")
RATE = 16000


def _ignore(*_, **__):
    pass


@pytest.fixture(scope="module")
def enhancer():
    return Enhancer.load("live")


@pytest.fixture
def page(tmp_path, enhancer):
    return Page(DemoSettings(max_duration_s=30), Sessions(tmp_path / "results", max_idle_s=100), enhancer)


def _write(path, waveform, rate=RATE):
    with AudioWriter(path, sample_rate=rate, n_channels=len(waveform), subtype="FLOAT") as writer:
        writer.write(waveform.astype(np.float32))


def _loudness(waveform):
    meter = LoudnessMeter(sample_rate=RATE, n_channels=1)
    meter.push(waveform[None])
    return meter.loudness_lufs()


def _enhance(
    page, *, video=None, audio=None, clean=None, speaker="auto", limit="no limit", user=USER, progress=_ignore
):
    return page.enhance(
        video and str(video), audio and str(audio), clean and str(clean), speaker, 1.0, limit, "keep", user, progress
    )


def test_comparison_is_equally_loud_and_otherwise_the_same(tmp_path):
    rng = np.random.default_rng(0)
    before = 0.2 * rng.standard_normal((2, 3 * RATE)).astype(np.float32)
    after = 0.1 * before + 0.01 * rng.standard_normal(before.shape).astype(np.float32)
    _write(tmp_path / "before.wav", before)
    _write(tmp_path / "after.flac", np.clip(after, -1, 1))
    made = write_comparison(tmp_path / "c.wav", before=tmp_path / "before.wav", after=tmp_path / "after.flac",
                            signs=np.array([1, 1], np.float32))  # fmt: skip
    both, rate = read_audio(made.path)
    assert rate == RATE
    assert made.duration_s == 3
    assert _loudness(both[0]) == pytest.approx(_loudness(both[1]), abs=0.05)
    assert made.before_lufs - made.after_lufs == pytest.approx(10 * np.log10(0.04 / 0.0005), abs=0.1)
    mono = before.mean(axis=0)
    gain = both[0] @ mono / (mono @ mono)
    np.testing.assert_allclose(both[0], gain * mono, atol=1e-4)
    assert gain == pytest.approx(np.sqrt(0.0005 / 0.04), rel=0.01)  # the louder one is lowered: nothing is clipped


def test_used_spans_end_where_the_mouth_is_not_seen():
    present = np.ones(100, dtype=bool)
    present[30:50] = False
    spans = used_spans(Seen(np.arange(100) / 25 - 0.1, present), duration_s=3.0)
    np.testing.assert_allclose(spans, [(0, 1.1), (1.9, 3.0)], atol=1e-9)


def test_spectrogram_of_a_long_recording_has_no_more_columns(tmp_path):
    times_s = np.arange(40 * RATE) / RATE
    _write(tmp_path / "a.wav", 0.5 * np.sin(2 * np.pi * 2000 * times_s)[None])
    levels, _ = _levels(tmp_path / "a.wav", n_pooled=5)
    assert levels[0].shape == (257, 1000)
    assert (levels[0].argmax(axis=0) * RATE / 512 == 2000).all()
    assert spectrogram_addresses(tmp_path / "a.wav", duration_s=40.0)[0].startswith("data:image/png;base64,")


def test_sessions_are_apart_and_leave_nothing(tmp_path):
    sessions = Sessions(tmp_path, max_idle_s=0.0)
    first = sessions.get("a")
    assert sessions.get("a") is first
    second = sessions.get("b")  # `a` was idle
    assert not first.folder.exists()
    assert second.folder.exists()
    sessions.close("b")
    assert list(tmp_path.iterdir()) == []


def test_find_and_choose(page, two_people):
    overview, thumbnails, choices, message = page.find(str(two_people), None, USER, _ignore)
    assert overview.shape == (240, 480, 3)
    assert thumbnails["visible"]
    assert [label.split(",")[:2] for _, label in thumbnails["value"]] == [["face 1", " left"], ["face 2", " right"]]
    assert [value for _, value in choices["choices"]] == ["auto", "1", "2", "each", "audio-only"]
    assert "2 faces found" in message
    assert page.choose(USER, SimpleNamespace(index=[360, 120])) == "2"
    assert page.choose(USER, SimpleNamespace(index=0)) == "1"
    assert page.choose(OTHER, SimpleNamespace(index=0)) != "1"


def test_each_person_gets_a_result_with_mouth_and_spans_from_what_was_seen_before(page, media):
    page.find(str(media / "talk.mp4"), None, USER, _ignore)
    stages = []
    value, _, message = _enhance(
        page, video=media / "talk.mp4", speaker="each", progress=lambda *_, desc, **__: stages.append(desc)
    )
    assert "enhanced in" in message
    (result,) = value["results"]
    assert result["name"].startswith("face 1 of 1")
    assert result["spans"][0][1] > 2
    assert probe_video(page.sessions.get("a").folder / "result1" / "mouth_face1.mp4").width == 4 * 48
    assert set(stages) == {"enhancing"}  # its faces are not searched for again


def test_enhance_gives_player_scores_and_files(page, media):
    page.find(str(media / "talk.mp4"), None, USER, _ignore)
    value, scores, message = _enhance(page, video=media / "talk.mp4", clean=media / "clean.wav", speaker="1")
    result = value["results"][0]
    assert "face 1 of 1" in result["name"]
    assert result["top_khz"] == RATE / 2000
    assert result["spans"][0][1] > 2
    found, folder = page.sessions.get("a").found, page.sessions.get("a").folder / "result1"
    enhanced, rate = read_audio(folder / "talk_enhanced.wav")
    noisy, _ = read_audio(found.upload.audio)
    assert enhanced.shape == noisy.shape
    expected = page.enhancer.enhance_recording(media / "talk.mp4", speaker="1").waveform
    np.testing.assert_allclose(enhanced, expected, atol=1e-4)
    assert probe_video(folder / "talk_enhanced.mp4").has_audio
    assert probe_video(folder / "mouth.mp4").width == 4 * 48
    assert [row[0] for row in scores["value"]][:1] == ["PESQ"] or scores["value"]
    assert all(row[2] != "-" for row in scores["value"] if row[0].startswith("SI-SDR"))
    assert "enhanced in" in message
    assert rate == RATE


def test_settings_that_the_page_begins_with_enhance(page):
    blocks = build(page)
    values = {block.elem_id: block.value for block in blocks.blocks.values() if getattr(block, "elem_id", None) in
              ("mix", "limit", "loudness")}  # fmt: skip
    assert values["mix"] == 1
    assert read_limit_db(values["limit"]) is None
    assert values["loudness"] == "keep"


def test_separate_audio_and_audio_only(page, media):
    _, _, message = _enhance(page, audio=media / "noisy.wav", speaker="audio-only")
    assert "enhanced in" in message
    value, _, _ = _enhance(page, audio=media / "noisy.wav", video=media / "talk.mp4", speaker="1", user=OTHER)
    assert [file["name"] for file in value["results"][0]["downloads"]] == ["noisy_enhanced.mp4", "noisy_enhanced.wav"]


def test_cancel_ends_the_work_and_leaves_no_file(page, media):
    page.find(str(media / "talk.mp4"), None, USER, _ignore)

    def cancel(*_, **__):
        page.cancel(USER)

    _, _, message = _enhance(page, video=media / "talk.mp4", speaker="1", progress=cancel)
    assert message.startswith("cancelled")
    assert list((page.sessions.get("a").folder / "result1").iterdir()) == []
    assert _enhance(page, video=media / "talk.mp4", speaker="1")[2].startswith("cancelled")  # waited in the queue
    assert page.find(str(media / "talk.mp4"), None, USER, _ignore)[3].startswith("cancelled")
    page.begin(USER)
    assert "enhanced in" in _enhance(page, video=media / "talk.mp4", speaker="1")[2]


def test_wrong_input_is_one_line(page, media, tmp_path, talk):
    broken = tmp_path / "broken.mp4"
    broken.write_text("no video")
    long = tmp_path / "long.wav"
    _write(long, np.full((1, 31 * RATE), 0.1))
    for given, words in (
        ({"video": broken}, "broken.mp4 must be media"),
        ({"audio": long}, "long.wav must be at most 30 s long here but is 31 s"),
        ({}, "a video or an audio file must be dropped first"),
        ({"video": media / "talk.mp4", "speaker": "9"}, "speaker must be 1 to 1"),
        ({"video": media / "talk.mp4", "limit": "much"}, "attenuation limit must be a number"),
    ):
        value, _, message = _enhance(page, **given, user=OTHER)
        assert value is None
        assert words in message
        assert "\n" not in message
        assert str(tmp_path) not in message
        page.close(OTHER)


def test_settings_refuse_what_makes_no_sense():
    with pytest.raises(InputError, match="port must be 0 to 65535 but is 70000"):
        DemoSettings(port=70000)
    with pytest.raises(InputError, match="max_duration_s must be above 0"):
        DemoSettings(max_duration_s=0)
