"""The preview shows the chosen face, when it speaks, and both waveforms, in step with the enhanced audio."""

import numpy as np
import pytest
from audio_files import RATE

from avse.cli.enhance import main
from avse.enhance.preview import AFTER, BEFORE, ENVELOPE_HZ, STRIP, Strips, evenly
from avse.media.audio import read_audio
from avse.media.video import VideoFrame, VideoReader


def _frames(path):
    with VideoReader(path) as reader:
        return list(reader.frames())


def _like(image, colour, *, within=70):
    return (np.abs(image.astype(int) - colour).sum(axis=2) < within).sum()


def test_the_preview_of_a_video_has_its_face_its_waveforms_and_the_enhanced_audio(media, tmp_path):
    preview = tmp_path / "preview.mp4"
    code = main([str(media / "talk.mp4"), "-o", str(tmp_path / "out.wav"), "--preview", str(preview)])
    assert code == 0
    before, after = _frames(media / "talk.mp4"), _frames(preview)
    height = before[0].image.shape[0]
    assert after[0].image.shape == (height + 2 * STRIP, before[0].image.shape[1], 3)
    assert len(after) == pytest.approx(len(before), abs=1)
    # The box is drawn over the frame, in the first face's colour; the video itself has none of it.
    middle = len(before) // 2
    assert _like(after[middle].image[:height], (255, 200, 0)) > _like(before[middle].image, (255, 200, 0)) + 100
    strips = after[middle].image[height:]
    assert _like(strips[:STRIP], BEFORE) > 200
    assert _like(strips[STRIP:], AFTER) > 50
    enhanced, given = read_audio(tmp_path / "out.wav")[0][0], read_audio(preview)[0][0]
    # AAC: not the same samples, but the same audio at the same time.
    assert np.corrcoef(enhanced[2000:-2000], given[2000 : len(enhanced) - 2000])[0, 1] > 0.95


def test_a_preview_needs_a_video(media, tmp_path, capsys):
    arguments = [str(media / "noisy.wav"), "-o", str(tmp_path / "out.wav"), "--preview", str(tmp_path / "p.mp4")]
    assert main(arguments) == 1
    assert "noisy.wav has none; name one with --video" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
    assert main([*arguments, "--audio-only"]) == 2
    assert main([*arguments, "--video", str(media / "talk.mp4")]) == 0


def test_the_middle_of_a_strip_is_now():
    before = np.zeros(1000, np.float32)
    before[500:510] = 1.0  # a click from 5.0 to 5.1 s
    strips = Strips(before, np.zeros(1000, np.float32))
    assert strips.duration_s == 1000 / ENVELOPE_HZ

    def click_at(time_s):
        rows = strips.draw(time_s, width=400)[4:20, :, :]  # well above the middle line, below the name
        columns = np.flatnonzero((rows == BEFORE).all(axis=2).any(axis=0))
        return columns[columns > 60]  # the name is written in the first ones

    assert click_at(5.05 - 2)[0] == pytest.approx(200 + 400 * 1.95 / 8, abs=2)
    assert click_at(5.05 + 2)[0] == pytest.approx(200 - 400 * 2.05 / 8, abs=2)
    assert len(click_at(9.9)) == 0


def test_frames_of_any_times_become_even_ones_and_reach_to_the_end():
    images = [np.full((2, 2, 3), value, np.uint8) for value in range(3)]
    frames = [VideoFrame(time_s, image) for time_s, image in zip((0.1, 0.35, 0.4), images, strict=True)]
    shown = list(evenly(frames, fps=10, duration_s=0.7))
    assert [frame.time_s for frame in shown] == pytest.approx([0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6])
    assert [int(frame.image[0, 0, 0]) for frame in shown] == [0, 0, 0, 0, 2, 2, 2]


def test_of_two_people_the_chosen_one_is_boxed(two_people, tmp_path):
    shown = {}
    for speaker in ("left", "right"):
        path = tmp_path / f"{speaker}.mp4"
        code = main(
            [str(two_people), "-o", str(tmp_path / f"{speaker}.wav"), "--speaker", speaker, "--preview", str(path)]
        )
        assert code == 0
        shown[speaker] = _frames(path)[30].image.astype(int)
    height, width = shown["left"].shape[0] - 2 * STRIP, shown["left"].shape[1]
    differs = np.abs(shown["left"] - shown["right"]).sum(axis=2)[:height] > 150
    # Each has a box where the other has none.
    assert differs[:, : width // 2].sum() > 100
    assert differs[:, width // 2 :].sum() > 100
    assert RATE == 16000
