"""Videos that are not what one hopes for: each has an answer in words, and none an error."""

import av
import numpy as np
import pytest

from avse.faces.mouth import track_mouth
from avse.faces.people import find_people
from avse.faces.scorer import MotionScorer
from avse.media.video import VideoFrame, VideoReader
from avse.synthetic.head import PEOPLE, Pose, background, draw_head


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


def test_faces_of_sixteen_pixels_are_too_small_and_it_says_so():
    room = background(640, 480)
    for position in range(5):
        small = draw_head(background(320, 240), PEOPLE[position % len(PEOPLE)], Pose((160, 118), 130))[
            50:190:8, 95:225:8
        ]
        room[200 : 200 + len(small), 60 + 110 * position :][:, : small.shape[1]] = small
    report = track_mouth(_frames([room] * 10)).report
    assert report.n_faces == 0
    assert "a twentieth of the video's height" in report.chosen


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
