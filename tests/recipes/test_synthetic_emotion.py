"""Synthetic talkers with emotions: the same for a seed, faces are found in them, and the stages read them."""

import numpy as np
import pytest
from inside import run_stages

from avse.media.video import VideoReader
from avse.synthetic.expression import EMOTIONS, REST
from avse.synthetic.head import PEOPLE
from egs.synthetic_emotion import prepare
from recipes.recognition.examples import check_examples, read_examples
from recipes.recognition.recordings import FACE_SIZE, SAMPLE_RATE, read_sources


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("emotions")
    assert prepare.main(["emotion", str(folder), "--n-heads", "2", "--n-clips", "1"]) == 0
    return folder


def test_every_head_shows_every_emotion(corpus):
    examples = read_examples(corpus, labels=corpus / "emotion.csv")
    check_examples(examples)
    assert sorted((e.label, e.group) for e in examples) == sorted(
        (emotion, f"head_0{head}") for emotion in EMOTIONS for head in range(2)
    )


def test_faces_and_voices_are_found_in_them(corpus, tmp_path):
    for example in read_examples(corpus, labels=corpus / "emotion.csv"):
        sources = read_sources(example, wanted=frozenset({"face", "waveform"}), crops=tmp_path)
        assert sources.notes == ()
        assert sources.face.present.mean() > 0.9
        assert sources.face.crops.shape == (30, *FACE_SIZE, 3)
        assert abs(len(sources.waveform) - prepare.DURATION_S * SAMPLE_RATE) < 2048


def test_a_seed_gives_the_same_video_and_another_one_another(tmp_path):
    def frames(name, seed):
        path = tmp_path / name / "0.mp4"
        prepare.write_clip(path, "anger", PEOPLE[0], REST, np.random.default_rng(seed))
        with VideoReader(path) as reader:
            return np.stack([frame.image for frame in reader.frames()])

    one, same, other = frames("one", 1), frames("same", 1), frames("other", 2)
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)


def test_the_stages_read_the_videos_that_were_made(corpus, tmp_path):
    config = tmp_path / "c.yaml"
    config.write_text("modalities: {spectrum: bands}\nfit: {n_epochs: 1}\ndim: 8\nfinal: ''\n")
    done = run_stages("synthetic_emotion", "--exp", corpus, "--config", config, "--stages", "evaluate",
                      "--workers", "1")  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert len(list((corpus / "emotion/predictions/0").glob("*.safetensors"))) == 2


def test_too_few_heads_are_one_line(tmp_path, capsys):
    assert prepare.main(["emotion", str(tmp_path), "--n-heads", "1"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not list(tmp_path.iterdir())
