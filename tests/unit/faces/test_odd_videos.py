"""Videos that are not what one hopes for: each has an answer in words, and none an error."""

import av
import cv2
import numpy as np
import pytest
from rotation import turn

from avse.faces.detect import Box
from avse.faces.mouth import track_mouth
from avse.faces.people import find_people
from avse.faces.scorer import MotionScorer
from avse.media.video import VideoFrame, VideoReader
from avse.synthetic.head import PEOPLE, Pose, background, draw_head
from avse.synthetic.talker import write_video


def _frames(images, *, fps=25.0):
    return [VideoFrame(number / fps, image) for number, image in enumerate(images)]


def _noisy(image, rng, n):
    """A camera's images of something that does not move."""
    return [np.clip(image + rng.normal(0, 2, image.shape), 0, 255).astype(np.uint8) for _ in range(n)]


def test_a_photograph_is_no_speaker():
    photograph = draw_head(background(320, 240), PEOPLE[0], Pose((160, 118), 130))
    mouth = track_mouth(_frames(_noisy(photograph, np.random.default_rng(0), 90)))
    assert (mouth.report.n_faces, mouth.report.n_stills) == (0, 1)
    assert "no face moves" in mouth.report.chosen
    assert not mouth.present.any()


def test_beside_a_poster_the_living_face_is_the_only_one(talk):
    rng = np.random.default_rng(1)
    poster = _noisy(draw_head(background(240, 240), PEOPLE[1], Pose((120, 118), 120)), rng, 90)
    talking = [*talk.images, *talk.images[::-1]][:90]
    images = [np.concatenate([a, b], axis=1) for a, b in zip(poster, talking, strict=True)]
    people = find_people(_frames(images))
    assert (len(people.faces), people.n_stills) == (1, 1)
    assert people.infos()[0].x > 0.5


def test_a_masked_mouth_is_reported():
    images = []
    for n in range(90):
        x = 160 + round(6 * np.sin(n / 7))
        image = draw_head(background(320, 240), PEOPLE[0], Pose((x, 118), 130, float(n % 10 > 4)))
        image[142:196, x - 62 : x + 62] = (120, 160, 190)
        images.append(image)
    report = track_mouth(_frames(images)).report
    # A mask may hide the face from the detector; one that is found does not move, or its mouth does not.
    assert "no face" in report.chosen or "hardly moves" in report.chosen


def test_a_mirror_gives_no_second_voice(talk):
    images = [np.concatenate([image, image[:, ::-1]], axis=1) for image in talk.images]
    scorer = MotionScorer(sample_rate=talk.rate)
    scorer.push(talk.noisy[None])
    report = track_mouth(_frames(images), scorer=scorer).report
    assert report.n_faces == 2
    assert report.chosen_index is None
    assert "not sure whose voice it is" in report.chosen


class ByEye:
    """A detector that finds all five faces of a row, whatever their size."""

    def __init__(self, size):
        self._size = size

    def detect(self, image):
        return [Box(80 + 120 * n - self._size / 2, 240 - self._size / 2, self._size) for n in range(5)]


def _row_of_five(size):
    room = background(640, 480)
    for n in range(5):
        room = draw_head(room, PEOPLE[n % len(PEOPLE)], Pose((80 + 120 * n, 240), size))
    return _frames([room] * 10)


@pytest.mark.parametrize(
    ("size", "detector", "words"),
    [
        (16, None, "no face was found; a face must look to the camera"),
        (20, None, "no face is large enough for its lips to be read"),
        (20, ByEye(20), "no face is large enough for its lips to be read"),
    ],
)
def test_five_faces_of_twenty_pixels_are_too_small_and_it_says_so(size, detector, words):
    report = track_mouth(_row_of_five(size), detector=detector).report
    assert report.n_faces == 0
    assert words in report.chosen
    assert "it must be a sixteenth of the video's height or larger, 30 pixels at least" in report.chosen


def test_five_faces_of_thirty_pixels_are_large_enough():
    assert track_mouth(_row_of_five(30), detector=ByEye(30)).report.n_faces == 5


def _cartoon(opening):
    """A round yellow face with black outlines, which is like no photograph of one."""
    image, black = background(320, 240), (20, 20, 20)
    cv2.circle(image, (160, 120), 62, (255, 214, 60), -1)
    cv2.circle(image, (160, 120), 62, black, 3)
    for x in (136, 184):
        cv2.ellipse(image, (x, 106), (13, 18), 0, 0, 360, (255, 255, 255), -1)
        cv2.circle(image, (x, 110), 6, black, -1)
    cv2.ellipse(image, (160, 152), (22, 3 + int(14 * opening)), 0, 0, 360, (150, 30, 40), -1)
    return image


def test_an_animated_face_counts_where_it_is_like_a_persons(talk):
    report = track_mouth(_frames(talk.images)).report  # drawn, too
    assert (report.n_faces, report.face_fraction, report.chosen) == (1, 1, "face 1 of 1: the only one")
    report = track_mouth(_frames([_cartoon(abs(np.sin(n / 4))) for n in range(65)])).report
    assert (report.n_faces, report.face_fraction) == (0, 0)
    assert report.chosen.startswith("none: no face was found")


@pytest.mark.parametrize("turned", [90, 180, 270])
def test_a_video_that_is_rotated_by_its_metadata_has_its_face(talk, tmp_path, turned):
    path = tmp_path / "talk.mp4"
    # As a phone stores it: lying, with a note of how to show it.
    lying = [np.rot90(image, -turned // 90) for image in talk.images[:15]]
    write_video(path, lying, timestamps_s=np.arange(15) / 25)
    with VideoReader(path) as reader:
        assert track_mouth(reader.frames()).report.n_faces == 0
    turn(path, turned)
    with VideoReader(path) as reader:
        report = track_mouth(reader.frames()).report
    assert (report.n_faces, report.face_fraction) == (1, 1)


def test_a_face_at_the_border_is_cut_out_without_error(talk):
    images = [image[:, 90:] for image in talk.images[:20]]
    mouth = track_mouth(_frames(images))
    assert mouth.crops.shape == (20, 32, 48, 3)
    # Farther out the face is no longer found, which is no error either.
    assert track_mouth(_frames([image[:, 170:] for image in talk.images[:20]])).report.n_faces == 0


@pytest.mark.parametrize("pixels", ["gray", "yuv420p10le", "yuv444p"])
def test_grey_and_ten_bit_videos_have_faces(talk, tmp_path, pixels):
    path = tmp_path / "talk.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 320, 240, pixels
        for image in talk.images[:15]:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24").reformat(format=pixels)))
        container.mux(stream.encode(None))
    with VideoReader(path) as reader:
        report = track_mouth(reader.frames()).report
    assert (report.n_faces, report.face_fraction) == (1, 1)


def test_a_portrait_video_has_faces(talk):
    tall = [np.pad(image[:, 70:250], ((100, 140), (0, 0), (0, 0)), mode="edge") for image in talk.images[:15]]
    assert track_mouth(_frames(tall)).report.n_faces == 1
