"""`avse-faces` lists who is in a video, draws them, and refuses what it cannot look at in one line."""

import json

import cv2
import numpy as np
import pytest

from avse.cli import faces
from avse.media.video import VideoReader
from avse.synthetic.talker import write_video


@pytest.fixture
def run(capsys):
    def call(*arguments):
        code = faces.main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return call


def test_faces_as_json(run, two_people):
    code, out, err = run(two_people, "--json", "--speaker", "right")
    assert code == 0, err
    found = json.loads(out)
    assert set(found) == {"faces", "chosen"}
    assert found["chosen"] == 2
    keys = ["index", "x", "y", "width", "seen_share", "speaking_share", "offset_ms", "confidence"]
    assert [list(face) for face in found["faces"]] == [keys, keys]
    left, right = found["faces"]
    # Two videos of 240 pixels side by side, each with a head in the middle.
    assert (left["x"], right["x"]) == (pytest.approx(0.25, abs=0.03), pytest.approx(0.75, abs=0.03))
    assert left["seen_share"] == right["seen_share"] == 1
    assert left["offset_ms"] is None
    assert min(left["confidence"], right["confidence"]) > 0.9


def test_faces_as_text_and_images(run, two_people, tmp_path):
    sheet, preview = tmp_path / "faces.png", tmp_path / "boxes.mp4"
    code, out, err = run(two_people, "--sheet", sheet, "--preview", preview, "--speaker", "1")
    assert code == 0, err
    assert "1  left" in out
    assert "2  right" in out
    assert "chosen: face 1 of 2, left: the number asked for" in out
    image = cv2.imread(str(sheet))
    assert image.shape == (204, 320, 3)
    # Each tile shows a face, not the empty sheet.
    assert image[:160, :160].std() > 20
    assert image[:160, 160:].std() > 20
    with VideoReader(two_people) as original, VideoReader(preview) as drawn:
        pairs = list(zip(original.frames(), drawn.frames(), strict=True))
    difference = np.abs(pairs[30][0].image.astype(int) - pairs[30][1].image).max(axis=-1) > 60
    assert 200 < np.count_nonzero(difference) < 5000
    code, _, err = run(two_people, "--sheet", sheet)
    assert (code, "must not exist but does" in err) == (2, True)


def test_the_face_of_a_photograph_is_found(run, two_people, talk, tmp_path):
    photograph = tmp_path / "photo é.jpg"
    cv2.imencode(".jpg", cv2.cvtColor(talk.images[0], cv2.COLOR_RGB2BGR))[1].tofile(photograph)
    code, out, err = run(two_people, "--speaker", photograph, "--json")
    assert code == 0, err
    assert json.loads(out)["chosen"] == 2


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--speaker", "9"], 1, "speaker must be 1 to 2, the faces found, but is 9"),
        (["--speaker", "0.5,0.01"], 1, "speaker must be at a face but 0.5,0.01 is at none"),
        (["--speaker", "{empty}"], 1, "must show a face from the front but none was found"),
        (["--speaker", "{text}"], 1, "must be a still image such as JPEG or PNG"),
        (["--speaker", "who"], 2, "speaker must be auto"),
        (["--detector", "eyes"], 2, "detector must be auto, cascade, blazeface"),
        (["--detector", "blazeface"], 2, "detector blazeface must be installed but is not"),
        (["--detector", "{text}.tflite"], 2, "must be BlazeFace's TFLite file but is missing"),
    ],
)
def test_bad_choices_are_refused_in_one_line(run, two_people, tmp_path, arguments, code, words):
    empty, text = tmp_path / "empty.png", tmp_path / "text.jpg"
    cv2.imwrite(str(empty), np.full((120, 160, 3), 90, np.uint8))
    text.write_text("no image")
    filled = [argument.format(empty=empty, text=text) for argument in arguments]
    got, out, err = run(two_people, *filled)
    assert (got, out) == (code, "")
    assert words in err
    assert err.startswith("avse-faces: error: ")
    assert err.count("\n") == 1


def test_a_video_without_audio_or_faces(run, tmp_path):
    path = tmp_path / "wall.mp4"
    write_video(path, [np.full((120, 160, 3), 90, np.uint8)] * 5, timestamps_s=np.arange(5) / 25)
    code, out, err = run(path, "--json")
    assert (code, json.loads(out)) == (0, {"faces": [], "chosen": None})
    assert "has no audio: who speaks is not known" in err
    code, out, _ = run(path)
    assert out.startswith("chosen: none: no face was found")
