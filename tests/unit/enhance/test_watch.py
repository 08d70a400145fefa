"""Files and Python go one way: the same faces, the same samples; opposite channels are enhanced and reported as."""

import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from avse.enhance.enhancer import Enhancer
from avse.enhance.file import enhance_file
from avse.enhance.job import Job
from avse.enhance.watch import listen
from avse.media.audio import AudioWriter, read_audio


@pytest.fixture(scope="module")
def enhancer(live_weights):
    return Enhancer.load(str(live_weights))


def _write(path, channels, rate=16000):
    with AudioWriter(path, sample_rate=rate, n_channels=len(channels), subtype="FLOAT") as writer:
        writer.write(channels.astype(np.float32))


@pytest.mark.parametrize(
    ("video", "speaker"), [("talk", "auto"), ("two", "right"), ("two", "auto"), ("two", "0.2,0.5")]
)
def test_python_and_the_command_line_see_the_same(enhancer, media, two_people, talk, tmp_path, video, speaker):
    path = media / "talk.mp4" if video == "talk" else two_people
    _write(tmp_path / "noisy.wav", talk.noisy[None])
    result = enhance_file(
        enhancer, Job(tmp_path / "noisy.wav", tmp_path / "out.wav", video=path, speaker=speaker, force=True)
    )
    recording = enhancer.enhance_recording(tmp_path / "noisy.wav", video=path, speaker=speaker)
    waveform, sample_rate, mouth = recording
    written, written_rate = read_audio(tmp_path / "out.wav")
    assert (sample_rate, waveform.shape) == (written_rate, written.shape)
    assert np.array_equal(waveform, written)
    assert mouth.report == result.faces
    assert recording.warnings == result.warnings
    assert ("see them with: avse-faces" in " ".join(recording.warnings)) == (video == "two" and speaker == "auto")


def test_the_person_of_a_photograph_is_steered_by_both_ways(enhancer, two_people, talk, tmp_path):
    photograph = tmp_path / "photo.jpg"
    cv2.imencode(".jpg", cv2.cvtColor(talk.images[0], cv2.COLOR_RGB2BGR))[1].tofile(photograph)
    recording = enhancer.enhance_recording(two_people, speaker=str(photograph))
    result = enhance_file(enhancer, Job(two_people, tmp_path / "out.wav", speaker=str(photograph)))
    assert recording.mouth.report == result.faces
    assert result.faces.chosen_index == 2
    assert "most like the photograph" in result.faces.chosen
    by_number = enhancer.enhance_recording(two_people, speaker="2")
    assert np.array_equal(recording.waveform, by_number.waveform)
    assert not np.array_equal(recording.waveform, enhancer.enhance_recording(two_people, speaker="1").waveform)


def test_a_containers_own_video_is_used_in_python_too(enhancer, media, tmp_path):
    _, _, mouth = enhancer.enhance_recording(media / "talk.mp4")
    result = enhance_file(enhancer, Job(media / "talk.mp4", tmp_path / "out.wav"))
    assert mouth.report == result.faces
    assert mouth.present.all()


def test_without_video_there_is_a_mouth_that_says_why(enhancer, media):
    recording = enhancer.enhance_recording(media / "noisy.wav")
    mouth = recording.mouth
    assert recording.warnings == ("enhanced audio-only: there is no video",)
    assert mouth.report.chosen == "none: there is no video"
    assert len(mouth.timestamps_s) == 0


def test_a_video_that_ends_early_is_warned_of_in_python_too(enhancer, media, talk, tmp_path):
    _write(tmp_path / "long.wav", np.tile(talk.noisy, 2)[None])
    result = enhance_file(enhancer, Job(tmp_path / "long.wav", tmp_path / "out.wav", video=media / "talk.mp4"))
    recording = enhancer.enhance_recording(tmp_path / "long.wav", video=media / "talk.mp4")
    assert recording.warnings == result.warnings
    assert "the audio is 5.2 s long but the video" in recording.warnings[0]
    assert "of 5.2 s: there is no steady video of the mouth there" in recording.warnings[1]


def test_opposite_channels_are_enhanced_by_their_difference(enhancer, talk, tmp_path):
    opposite = np.stack([talk.noisy, -talk.noisy])
    _write(tmp_path / "opposite.wav", opposite)
    _write(tmp_path / "mono.wav", talk.noisy[None])
    result = enhance_file(enhancer, Job(tmp_path / "opposite.wav", tmp_path / "out.wav", audio_only=True))
    assert any("opposite phase" in warning and "difference" in warning for warning in result.warnings)
    both, _ = read_audio(tmp_path / "out.wav")
    alone, _, _ = enhancer.enhance_recording(tmp_path / "mono.wav")
    # Each channel as if it were alone, and still opposite to the other.
    np.testing.assert_allclose(both[0], alone[0], atol=1e-5)
    np.testing.assert_allclose(both[1], -alone[0], atol=1e-5)
    recording = enhancer.enhance_recording(tmp_path / "opposite.wav")
    assert np.array_equal(recording.waveform, both)
    assert [warning for warning in recording.warnings if "opposite phase" in warning] == list(result.warnings)
    in_memory = enhancer.enhance(opposite, sample_rate=16000)
    np.testing.assert_allclose(in_memory, both, atol=1e-6)


def test_the_given_case_of_opposite_channels_is_noticed():
    case = Path(os.environ.get("AVSE_DATA", "data")).parent / "cases/opposite_phase.flac"
    if not case.is_file():
        pytest.skip("needs the cases beside AVSE_DATA")
    assert (listen(case).signs < 0).any()
