"""`avse-embed`: videos in, vectors out, and the nearest of them found."""

import io
import sys

import cv2
import numpy as np
import pytest

from avse.cli.embed import main
from avse.errors import InputError
from avse.search.embeddings import Embeddings, best


@pytest.fixture(scope="module")
def written(vatt_videos, vatt_run, tmp_path_factory):
    output = tmp_path_factory.mktemp("embeddings") / "clips.npz"
    videos = [str(vatt_videos / f"talk {number:02d}.mp4") for number in range(12)]
    assert main(["write", *videos, "-o", str(output), "--model", str(vatt_run / "model.safetensors")]) == 0
    return output


def test_every_clip_has_vectors_of_length_one(written, vatt_videos):
    embeddings = Embeddings.load(written)
    assert len(embeddings.path) == 24, "two clips of 0.8 s in each video of 1.7 s"
    np.testing.assert_allclose(embeddings.end_s[:2], [0.8, 1.6], atol=0.01)
    for vectors in (embeddings.video_va, embeddings.audio_va, embeddings.video_vt):
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_a_video_sounds_most_like_its_own_video(written, vatt_videos, vatt_run, capsys):
    model = ["--model", str(vatt_run / "model.safetensors"), "-n", "24"]
    ranks = []
    for number in range(12):
        video = str(vatt_videos / f"talk {number:02d}.mp4")
        assert main(["find", str(written), "--video", video, *model]) == 0
        ranks.append([video in line for line in capsys.readouterr().out.splitlines()].index(True))
    # Of 24 clips two are its own; chance finds the first of them behind seven others on average.
    assert np.mean(ranks) < 6


def test_the_installed_weights_are_known_by_their_name(media, tmp_path, capsys):
    output, video = tmp_path / "clips.npz", str(media / "talk.mp4")
    assert main(["write", video, "-o", str(output), "--model", "vatt"]) == 0
    assert main(["find", str(output), "--text", "bin blue at two", "--model", "vatt", "-n", "1"]) == 0
    assert video in capsys.readouterr().out


def test_recordings_and_words_are_queries_too(written, vatt_videos, vatt_run, tmp_path, capsys):
    model = ["--model", str(vatt_run / "model.safetensors"), "-n", "3"]
    assert main(["find", str(written), "--audio", str(vatt_videos / "talk 03.mp4"), *model]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 3
    assert main(["find", str(written), "--text", "bin blue", *model]) == 0
    cosines = [float(line.split()[0]) for line in capsys.readouterr().out.splitlines()]
    assert cosines == sorted(cosines, reverse=True)
    cv2.imwrite(str(tmp_path / "still.png"), np.full((32, 48, 3), 90, np.uint8))
    assert main(["find", str(written), "--video", str(tmp_path / "still.png"), *model]) == 0


def test_what_is_found_is_shown_on_a_score_file(written, vatt_videos, vatt_run, tmp_path, capsys):
    file = tmp_path / "hits.png"
    find = ["find", str(written), "--video", str(vatt_videos / "talk 01.mp4"), "-n", "3", "--sheet", str(file)]
    model = ["--model", str(vatt_run / "model.safetensors")]
    assert main([*find, *model]) == 0
    image = cv2.imread(str(file))
    assert image.shape[1] == 3 * 240
    assert main([*find, *model]) == 1
    assert "must not exist" in capsys.readouterr().err
    assert main([*find, *model, "--force"]) == 0


def test_parquet_holds_the_same(written, tmp_path):
    pytest.importorskip("pyarrow")
    embeddings = Embeddings.load(written)
    embeddings.save(tmp_path / "clips.parquet")
    again = Embeddings.load(tmp_path / "clips.parquet")
    np.testing.assert_array_equal(again.path, embeddings.path)
    np.testing.assert_allclose(again.video_va, embeddings.video_va)
    assert again.model == embeddings.model


def test_parquet_without_pyarrow_says_so(written, tmp_path, monkeypatch, capsys, vatt_videos, vatt_run):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    command = ["write", str(vatt_videos / "talk 00.mp4"), "-o", str(tmp_path / "c.parquet"), "--model"]
    assert main([*command, str(vatt_run / "model.safetensors")]) == 2
    assert "parquet files need pyarrow" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_bad_input_gets_one_line(written, vatt_videos, vatt_run, write_mouth, tmp_path, capsys):
    model = ["--model", str(vatt_run / "model.safetensors")]
    write_mouth(tmp_path / "three.mp4", 3, duration_s=0.25)
    write_mouth(tmp_path / "silent.mp4", 3, silent=True)
    (tmp_path / "broken.mp4").write_bytes(b"nothing")
    (tmp_path / "cut.npz").write_bytes(written.read_bytes()[:3000])
    (tmp_path / "void.npz").write_bytes(b"")
    (tmp_path / "empty").mkdir()
    good = str(vatt_videos / "talk 00.mp4")
    cases = [
        (["write", good, "-o", str(tmp_path / "c.csv"), *model], 2, "must end in .npz or .parquet"),
        (["write", good, "-o", str(written), *model], 1, "must not exist but does"),
        (["write", str(tmp_path / "empty"), "-o", str(tmp_path / "c.npz"), *model], 2, "must hold videos but has none"),
        (
            ["write", str(tmp_path / "three.mp4"), "-o", str(tmp_path / "c.npz"), *model],
            1,
            "must be 0.4 s long or more",
        ),
        (["write", good, "-o", str(tmp_path / "c.npz"), "--model", good], 2, "weights"),
        (["find", str(written), "--text", " !", *model], 2, "must have a word or more"),
        (["find", good, "--text", "blue", *model], 2, "must end in .npz or .parquet"),
        (["find", str(tmp_path / "none.npz"), "--text", "blue", *model], 2, "must be what avse-embed wrote"),
        (["find", str(tmp_path / "cut.npz"), "--text", "blue", *model], 2, "must be what avse-embed wrote"),
        (["find", str(tmp_path / "void.npz"), "--text", "blue", *model], 2, "must be what avse-embed wrote"),
        (["find", str(written), "--video", str(tmp_path / "none.png"), *model], 1, "none.png must exist"),
    ]
    for command, code, line in cases:
        assert main(command) == code, command
        printed = capsys.readouterr().err
        assert line in printed, (command, printed)
        assert "Traceback" not in printed
    assert not (tmp_path / "c.npz").exists()
    # One bad video does not keep the others out, and the exit code says that it was there.
    command = ["write", str(tmp_path / "broken.mp4"), str(tmp_path / "silent.mp4"), good, "-o", str(tmp_path / "c.npz")]
    assert main([*command, *model]) == 1
    embeddings = Embeddings.load(tmp_path / "c.npz")
    assert np.isnan(embeddings.audio_va).any(axis=1).tolist() == [True, True, False, False]
    found = best(embeddings.video_va[2:3], embeddings.audio_va, n=9)
    assert {number for number, _ in found} == {2, 3}, "a video without audio sounds like nothing"
    with pytest.raises(InputError, match="embed both by one model"):
        best(np.ones((1, 3), np.float32), embeddings.audio_va, n=1)


def test_fewer_than_one_clip_cannot_be_shown(written, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["find", str(written), "--text", "blue", "--model", "m.safetensors", "-n", "0"])
    assert "must be 1 or more but is 0" in capsys.readouterr().err


def test_names_that_a_terminal_cannot_show_are_spelt_out(vatt_videos, vatt_run, tmp_path, monkeypatch):
    model = ["--model", str(vatt_run / "model.safetensors")]
    video = tmp_path / "é 日本.mp4"
    video.write_bytes((vatt_videos / "talk 00.mp4").read_bytes())
    assert main(["write", str(video), "-o", str(tmp_path / "ü.npz"), *model]) == 0
    shown = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(shown, encoding="ascii"))
    assert main(["find", str(tmp_path / "ü.npz"), "--text", "blue", *model]) == 0
    sys.stdout.flush()
    assert r"\xe9 \u65e5\u672c.mp4" in shown.getvalue().decode()


def test_vectors_of_another_model_are_refused(written, vatt_run, tmp_path, capsys):
    from avse.models import zoo

    other = tmp_path / "other.safetensors"
    zoo.save(other, zoo.load(str(vatt_run / "model.safetensors")), half=True)
    assert main(["find", str(written), "--text", "blue", "--model", str(other)]) == 2
    assert "must be of the model" in capsys.readouterr().err
