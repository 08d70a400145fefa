"""Faces are found, followed and distinguished; the speaker is chosen; the crops show the mouth and hold still."""

import numpy as np
import pytest

from avse.errors import InputError, MediaError
from avse.faces import detect
from avse.faces.choice import read_choice
from avse.faces.crop import crop_mouth
from avse.faces.detect import Box, CascadeDetector, YuNetDetector
from avse.faces.mouth import MouthTrack, track_mouth
from avse.faces.report import FaceReport
from avse.faces.scorer import MotionScorer
from avse.faces.speaker import Candidate, choose, people_of
from avse.faces.track import FaceTracker
from avse.media.video import VideoFrame, VideoReader
from avse.synthetic.head import PEOPLE, Pose, background, draw_head
from avse.synthetic.talker import render_video


def _frames(images, *, fps=25.0):
    return [VideoFrame(number / fps, image) for number, image in enumerate(images)]


def _scorer(talk):
    scorer = MotionScorer(sample_rate=talk.rate)
    scorer.push(talk.noisy[None])
    return scorer


def _choose(faces, speaker):
    people = people_of(faces, timestamps_s=np.arange(30) / 25, frame_size=(100, 100))
    return choose(people, read_choice(speaker))


def _darkness(crops):
    """Share of dark pixels in each crop: an open mouth is dark inside."""
    return (crops.astype(float).mean(axis=-1) < 70).mean(axis=(1, 2))


def test_the_crop_follows_the_mouth(talk):
    mouth = track_mouth(_frames(talk.images))
    assert mouth.report.n_faces == 1
    assert mouth.report.face_fraction == mouth.present.mean() == 1
    assert np.corrcoef(_darkness(mouth.crops[:]), talk.opening)[0, 1] > 0.9


def test_the_crop_holds_still_while_the_head_sways():
    room = background(320, 240)
    sway = 6 * np.sin(np.arange(50) / 5)
    images = [draw_head(room, PEOPLE[0], Pose((160 + dx, 118), 130)) for dx in sway]
    crops = track_mouth(_frames(images)).crops[:].astype(float)
    grey = crops.mean(axis=-1)
    columns = (grey[:, 10:22].max() - grey[:, 10:22]).mean(axis=1)
    centres = (columns**4 @ np.arange(48)) / (columns**4).sum(axis=1)
    # 12 pixels of sway in the video frame would be 8 pixels of the crop.
    assert np.ptp(centres) < 3


def test_one_video_frame_gives_one_crop():
    image = draw_head(background(320, 240), PEOPLE[1], Pose((160, 118), 130, 1.0))
    mouth = track_mouth(_frames([image]))
    assert mouth.crops.shape == (1, 32, 48, 3)
    assert mouth.present.all()


def test_a_gap_without_a_face_is_marked_and_the_person_known_again(talk):
    empty = [background(320, 240)] * 30
    mouth = track_mouth(_frames([*talk.images[:25], *empty, *talk.images[25:50]]))
    assert mouth.report.n_faces == 1
    assert mouth.present[:24].all()
    assert not mouth.present[27:54].any()
    assert mouth.present[60:].all()
    assert not mouth.crops[~mouth.present].any()


def test_without_any_face_there_is_a_report_and_no_mouth():
    mouth = track_mouth(_frames([background(160, 120)] * 5))
    assert not mouth.present.any()
    assert (mouth.report.n_faces, mouth.report.face_fraction) == (0, 0.0)
    assert "no face" in mouth.report.chosen


@pytest.mark.parametrize(
    ("speaker", "is_right"), [("left", False), ("right", True), ("1", False), ("2", True), ("0.8,0.5", True)]
)
def test_of_two_people_the_one_who_is_meant_is_chosen(two_people, talk, speaker, is_right):
    with VideoReader(two_people) as reader:
        mouth = track_mouth(reader.frames(), speaker=speaker, scorer=_scorer(talk))
    assert mouth.report.n_faces == 2
    follows = np.corrcoef(_darkness(mouth.crops[mouth.present]), talk.opening[mouth.present])[0, 1]
    assert (follows > 0.8) == is_right
    assert f"face {2 if is_right else 1} of 2" in mouth.report.chosen


def test_the_largest_is_chosen_when_asked(talk):
    small = render_video(PEOPLE[1], talk.opening[:15], np.random.default_rng(1), size=(160, 160))
    large = render_video(PEOPLE[0], talk.opening[:15], np.random.default_rng(2), size=(240, 240))
    images = [
        np.concatenate([a, np.pad(b, ((0, 80), (0, 0), (0, 0)))], axis=1) for a, b in zip(large, small, strict=True)
    ]
    assert "face 1 of 2" in track_mouth(_frames(images), speaker="largest").report.chosen


def test_two_people_keep_their_identities(two_people):
    tracker = FaceTracker()
    positions: dict[int, list[float]] = {}
    with VideoReader(two_people) as reader:
        for frame in reader.frames():
            for track in tracker.update(frame.image, time_s=frame.time_s):
                positions.setdefault(track.number, []).append(track.box.x)
    assert len(positions) == 2
    assert all(np.ptp(xs) < 40 for xs in positions.values())


@pytest.mark.parametrize(
    ("speaker", "words"), [("3", "must be 1 to 2"), ("0", "must be 1 to 2"), ("loudest", "must be auto")]
)
def test_a_speaker_who_is_not_there_is_refused(speaker, words):
    faces = [Candidate(np.zeros((30, 2, 3, 3), np.uint8), np.ones(30, bool), np.array([x, 0.0, 9.0])) for x in (0, 50)]
    with pytest.raises(InputError, match=words):
        _choose(faces, speaker)


def test_a_crop_is_the_frame_around_the_mouth():
    rows, columns = np.mgrid[:200, :300].astype(np.float32)
    image = np.stack([rows, columns / 2, rows * 0], axis=-1).astype(np.uint8)
    box = Box(100, 50, 100)
    crop = crop_mouth(image, box, crop_size=(18, 27)).astype(float)
    # A crop of 54 x 36 pixels around column 150, row 129; shades grow with rows and columns.
    assert crop[:, :, 0].mean() == pytest.approx(50 + 79 - 0.5, abs=0.6)
    assert crop[:, :, 1].mean() == pytest.approx((150 - 0.5) / 2, abs=0.6)
    assert crop[-1, 0, 0] - crop[0, 0, 0] == pytest.approx(36 * 17 / 18, abs=1.5)


def test_a_detector_that_is_passed_in_is_used():
    class Fixed:
        def detect(self, image):
            return [Box(10, 10, 40)]

    mouth = track_mouth(
        _frames([np.random.default_rng(0).integers(0, 255, (80, 80, 3)).astype(np.uint8)] * 20), detector=Fixed()
    )
    assert mouth.present.all()


def _turns(face, *, fps):
    """Mouths of several people: each crop's shade is its face's index plus 1."""
    face = np.array(face)
    crops = np.zeros((len(face), 2, 3, 3), np.uint8) + (face + 1).astype(np.uint8)[:, None, None, None]
    return MouthTrack(np.arange(len(face)) / fps, crops, face >= 0, FaceReport(2, 1.0, "in turn"), face=face)


@pytest.mark.parametrize("fps", [12, 25, 30, 60, 120])
@pytest.mark.parametrize("n_blank", [0, 1, 3])
@pytest.mark.parametrize("rate_hz", [25, 50, 62.5])
@pytest.mark.parametrize("way", ["at", "latest"])
def test_where_another_face_takes_over_there_is_no_mouth_for_a_moment(fps, n_blank, rate_hz, way):
    n = 2 * fps
    track = _turns([0] * n + [-1] * n_blank + [1] * n, fps=fps)
    for phase_s in (0.0, 0.007, 0.013, 0.02):
        times_s = 0.5 + phase_s + np.arange(round(3 * rate_hz)) / rate_hz
        crops, present = getattr(track, way)(times_s)
        absent = np.flatnonzero(~present)
        assert len(absent)
        # One moment, no longer than the video's own and the shortest that models notice.
        assert np.ptp(absent) == len(absent) - 1
        assert len(absent) / rate_hz <= max((n_blank + 1) / fps, 0.05) + 1 / rate_hz
        assert (crops[: absent[0], 0, 0, 0] == 1).all()
        assert (crops[absent] == 0).all()
        assert (crops[absent[-1] + 1 :, 0, 0, 0] == 2).all()


@pytest.mark.parametrize("way", ["at", "latest"])
def test_a_face_that_is_missed_for_a_moment_is_bridged(way):
    _, present = getattr(_turns([0] * 25 + [-1, -1] + [0] * 25, fps=25), way)(np.arange(100) / 50)
    assert present.all()


def test_yunet_speaks_the_cascades_measure(tmp_path, monkeypatch):
    path = tmp_path / "yunet.onnx"
    path.write_bytes(b"stands for the network")
    image = draw_head(background(320, 240), PEOPLE[0], Pose((160, 118), 130))
    (cascade,) = CascadeDetector().detect(image)

    class Network:
        def setInputSize(self, size):  # noqa: N802 - OpenCV's name
            assert size == (320, 240)

        def detect(self, video_frame):
            # Where `draw_head` puts the eyes, the nose and the corners of the mouth.
            points = [(-0.18, -0.06), (0.18, -0.06), (0, 0.18), (-0.15, 0.33), (0.15, 0.33)]
            marks = [c for x, y in points for c in (160 + 130 * x, 118 + 130 * y)]
            return 1, np.array([[0, 0, 1, 1, *marks, 0.9]], np.float32)

    monkeypatch.setattr(detect.cv2.FaceDetectorYN, "create", lambda *_: Network())
    (box,) = YuNetDetector(path).detect(image)
    assert box.overlap(cascade) > 0.7


def test_a_wrong_detector_file_is_reported(tmp_path):
    with pytest.raises(MediaError, match="but is missing"):
        YuNetDetector(tmp_path / "none.onnx")
    (tmp_path / "text.onnx").write_text("no network")
    with pytest.raises(MediaError, match="must be YuNet's ONNX file but is not"):
        YuNetDetector(tmp_path / "text.onnx")
