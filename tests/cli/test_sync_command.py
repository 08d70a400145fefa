"""`avse-sync` and `--offset-ms auto`: generated people whose video comes early or late."""

import json

import numpy as np
import pytest

from avse.cli import faces
from avse.cli.enhance import main as enhance
from avse.cli.sync import main
from avse.faces.correspondence import AudioListener, read_lips
from avse.faces.crop import crop_mouth
from avse.faces.detect import Box
from avse.faces.mouth import MouthTrack
from avse.faces.report import FaceReport
from avse.faces.sync import find_offset
from avse.models.onnx_lips import OnnxLips
from avse.synthetic.head import PEOPLE
from avse.synthetic.talker import render_video, write_video
from avse.synthetic.voice import speak

RATE, DURATION_S = 16000, 8.0
FRAMES = round(DURATION_S * 25)


@pytest.fixture(scope="module")
def person():
    """Images of a person who speaks, their times, and the waveform."""
    voice = speak(np.random.default_rng(2), duration_s=DURATION_S)
    times_s = np.arange(FRAMES) / 25
    return render_video(PEOPLE[2], voice.opening_at(times_s), np.random.default_rng(2)), times_s, voice.waveform


@pytest.fixture(scope="module")
def late(tmp_path_factory, person):
    """A video that comes 240 ms late."""
    images, times_s, waveform = person
    path = tmp_path_factory.mktemp("sync") / "läte talk.mp4"
    write_video(path, images, timestamps_s=times_s + 0.24, waveform=waveform, sample_rate=RATE)
    return path


@pytest.fixture(scope="module")
def embedded(person):
    """The same person, read once; and the audio's embeddings."""
    images, times_s, waveform = person
    crops = np.stack([crop_mouth(image, Box(95, 45, 130), crop_size=(32, 48)) for image in images])
    lips = OnnxLips()
    listener = AudioListener(lips, sample_rate=RATE)
    listener.push(waveform[None])
    return lips, crops, times_s, listener.finish()


@pytest.mark.parametrize("ms", range(-500, 501, 40))
def test_offsets_in_steps_of_40_ms(embedded, ms):
    lips, crops, times_s, audio = embedded
    track = MouthTrack(times_s + ms / 1000, crops, np.ones(FRAMES, bool), FaceReport(1, 1.0, "face 1 of 1"))
    found = find_offset(read_lips(lips, track, n_frames=len(audio)).embedding, audio)
    assert found.confidence > 0.5
    assert abs(1000 * found.offset_s - ms) <= 60
    if abs(ms) > 60:
        assert np.sign(found.offset_s) == np.sign(ms)


def test_a_late_video_in_words_and_json(late, capsys):
    assert main([str(late)]) == 0
    assert "video lags audio by" in capsys.readouterr().out
    assert main([str(late), "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert row["confident"]
    assert row["face"] == row["n_faces"] == 1
    assert abs(row["offset_ms"] - 240) <= 60


def test_faces_are_listed_with_their_offset(late, capsys):
    assert faces.main([str(late), "--json"]) == 0
    (face,) = json.loads(capsys.readouterr().out)["faces"]
    assert abs(face["offset_ms"] - 240) <= 60
    assert faces.main([str(late)]) == 0
    assert f"{face['offset_ms']:+.0f} ms" in capsys.readouterr().out


def test_audio_beside_the_video(late, tmp_path, person, capsys):
    from avse.media.audio import AudioWriter

    with AudioWriter(tmp_path / "own.wav", sample_rate=RATE, n_channels=1) as writer:
        writer.write(np.pad(person[2], (round(0.24 * RATE), 0))[None])
    assert main([str(late), "--audio", str(tmp_path / "own.wav"), "--json"]) == 0
    assert abs(json.loads(capsys.readouterr().out)[0]["offset_ms"]) <= 60


def test_a_bad_file_does_not_end_the_batch(late, tmp_path, capsys):
    (tmp_path / "bad.mp4").write_bytes(b"no video")
    assert main([str(tmp_path / "bad.mp4"), str(late), "--json"]) == 1
    captured = capsys.readouterr()
    rows = json.loads(captured.out)
    assert rows[0]["error"]
    assert rows[1]["error"] is None
    assert captured.err.count("\n") == 1


@pytest.mark.parametrize(
    ("flags", "message"), [(["b.mp4", "--audio", "a.wav"], "one video"), (["--speaker", "nobody"], "speaker must be")]
)
def test_wrong_usage(late, flags, message, capsys):
    assert main([str(late), *flags]) == 2
    assert message in capsys.readouterr().err


def test_enhancement_corrects_the_offset(late, tmp_path, capsys):
    def warnings(*flags):
        output = tmp_path / f"{len(list(tmp_path.iterdir()))}.wav"
        assert enhance([str(late), "-o", str(output), "--json", *flags]) == 0
        return json.loads(capsys.readouterr().out)[0]["warnings"]

    assert any("video lags audio by" in line and "corrected" in line for line in warnings("--offset-ms", "auto"))
    assert not any("corrected" in line for line in warnings())


def test_an_offset_of_a_strangers_audio_is_not_used(late, tmp_path, capsys):
    from avse.media.audio import AudioWriter, read_audio

    with AudioWriter(tmp_path / "other.wav", sample_rate=RATE, n_channels=1) as writer:
        writer.write(speak(np.random.default_rng(11), duration_s=DURATION_S).waveform[None])

    def enhanced(offset):
        output = tmp_path / f"{offset}.wav"
        flags = ["--video", str(late), "--offset-ms", offset, "-o", str(output), "--json"]
        assert enhance([str(tmp_path / "other.wav"), *flags]) == 0
        return json.loads(capsys.readouterr().out)[0]["warnings"], read_audio(output)[0]

    warnings, waveform = enhanced("auto")
    (line,) = [line for line in warnings if "no offset is used" in line]
    assert "audio by" in line
    assert "(confidence 0." in line
    assert line.endswith("too unsure, no offset is used")
    # It is enhanced as without one.
    assert np.array_equal(waveform, enhanced("0")[1])


def test_an_offset_that_is_none(late, capsys):
    assert enhance([str(late), "--offset-ms", "soon"]) == 2
    assert "--offset-ms must be a number or auto" in capsys.readouterr().err
