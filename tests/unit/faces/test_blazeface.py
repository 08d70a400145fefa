"""BlazeFace's outputs become boxes in the cascade's measure, wherever in the frame the face is."""

import numpy as np
import pytest

from avse.errors import MediaError
from avse.faces import blazeface
from avse.faces.blazeface import INPUT_SIZE, STRIDE, BlazeFaceDetector
from avse.faces.detect import CascadeDetector
from avse.synthetic.head import PEOPLE, Pose, background, draw_head

HEAD = (160, 118, 130)
"""Column, row and height of the face, pixels."""
MARKS = ((-0.18, -0.06), (0.18, -0.06), (0, 0.18), (0, 0.33), (-0.38, 0), (0.38, 0))
"""Where `draw_head` puts eyes, nose, mouth and ears, in the face's height."""
SIDE = INPUT_SIZE // STRIDE


class Network:
    """Answers as BlazeFace does for the face at `HEAD`, in the squares that it is shown in turn."""

    def __init__(self, *, squares, logit, head=HEAD, side_pixels=240):
        self._squares, self._logit, self._head, self._scale = list(squares), logit, head, side_pixels / INPUT_SIZE
        self.blobs = []

    def getUnconnectedOutLayersNames(self):  # noqa: N802 - OpenCV's name
        return ["scores", "points"]

    def setInput(self, blob):  # noqa: N802 - OpenCV's name
        self.blobs.append(blob)

    def forward(self, names):
        assert names == ["scores", "points"]
        scores = np.full((1, SIDE * SIDE, 1), -100.0, np.float32)
        points = np.zeros((1, SIDE * SIDE, 16), np.float32)
        if len(self.blobs) > 1:  # the first is a trial with nothing to see
            self._write_face(scores, points, *self._squares[len(self.blobs) - 2])
        return [scores, points]

    def _write_face(self, scores, points, left, top):
        x, y, size = self._head
        centre = np.array([x - left, y - top]) / self._scale
        column, row = (centre / STRIDE).astype(int)
        if not 0 <= column < SIDE or not 0 <= row < SIDE:
            return
        anchor = (np.array([column, row]) + 0.5) * STRIDE
        marks = centre + np.array(MARKS) * size / self._scale - anchor
        scores[0, row * SIDE + column] = self._logit
        points[0, row * SIDE + column] = np.concatenate([[0, 0, 1, 1], marks.ravel()])


@pytest.fixture
def load(tmp_path, monkeypatch):
    """A detector over a stand-in for the network, whose file is there."""
    path = tmp_path / "face_detection_full_range.tflite"
    path.write_bytes(b"stands for the network")

    def with_network(network):
        monkeypatch.setattr(blazeface.cv2.dnn, "readNetFromTFLite", lambda _: network)
        return BlazeFaceDetector(path)

    return with_network


@pytest.mark.parametrize("is_tall", [False, True])
def test_a_face_is_found_once_and_in_the_cascades_measure(load, is_tall):
    # A wide frame is cut into two squares that overlap, a tall one too; the face is in both.
    size, head = ((240, 320), (118, 160, 130)) if is_tall else ((320, 240), HEAD)
    image = draw_head(background(*size), PEOPLE[0], Pose(head[:2], head[2]))
    network = Network(squares=[(0, 0), (0, 80) if is_tall else (80, 0)], logit=2.0, head=head)
    (box,) = load(network).detect(image)
    (cascade,) = CascadeDetector().detect(image)
    assert box.overlap(cascade) > 0.7
    assert box.confidence == pytest.approx(1 / (1 + np.exp(-2)))
    assert len(network.blobs) == 3
    assert all(blob.shape == (1, 3, INPUT_SIZE, INPUT_SIZE) and abs(blob).max() <= 1 for blob in network.blobs)
    # Each square is shown as it is: its mean is that of its part of the frame.
    parts = (image[:240], image[80:]) if is_tall else (image[:, :240], image[:, 80:])
    for blob, part in zip(network.blobs[1:], parts, strict=True):
        np.testing.assert_allclose(blob.mean(axis=(0, 2, 3)), part.mean(axis=(0, 1)) / 127.5 - 1, atol=0.01)


def test_a_face_of_little_confidence_is_none(load):
    image = background(240, 240)
    assert load(Network(squares=[(0, 0)], logit=-0.1, head=(120, 118, 130))).detect(image) == []
    assert len(load(Network(squares=[(0, 0)], logit=0.1, head=(120, 118, 130))).detect(image)) == 1


def test_a_network_with_other_outputs_is_refused(load):
    class Other(Network):
        def forward(self, names):
            return [output[:, :100] for output in super().forward(names)]

    with pytest.raises(MediaError, match="full-range network but has other outputs"):
        load(Other(squares=[], logit=0.0))
