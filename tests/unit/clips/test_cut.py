"""Videos cut into clips: video and audio of the same moment, whatever the rates; odd videos answered."""

import math
import tracemalloc

import numpy as np
import pytest

from avse.clips.captions import Caption
from avse.clips.cut import Clip, ClipConfig, cut_video, decode_clip, encode_clip
from avse.errors import MediaError
from avse.synthetic.talker import write_video

CONFIG = ClipConfig(duration_s=1.0, fps=10, height=32, sample_rate=8000)


def _flash_video(path, *, n_frames=60, fps=25.0, audio_s=2.4, silent=False):
    """Every half second a white video frame and a loud signal of a tenth of a second."""
    times_s = np.arange(n_frames) / fps
    images = [np.full((48, 64, 3), 240 if (t + 1e-6) % 0.5 < 0.1 else 10, np.uint8) for t in times_s]
    samples = np.arange(round(audio_s * 16000))
    audio = np.where((samples / 16000) % 0.5 < 0.1, 0.5, 0.0) * np.sin(2 * np.pi * 440 * samples / 16000)
    write_video(path, images, timestamps_s=times_s, waveform=None if silent else audio.astype(np.float32))
    return path


def test_video_and_audio_are_of_one_moment(tmp_path):
    clips = list(cut_video(_flash_video(tmp_path / "f.mp4"), config=CONFIG, captions=[]))
    assert [len(clip.frames) for clip in clips] == [10, 10]
    assert [len(clip.waveform) for clip in clips] == [8000, 8000]
    for clip in clips:
        bright = clip.frames.mean(axis=(1, 2, 3)) > 100
        loud = np.abs(clip.waveform).reshape(10, 800).mean(axis=1) > 0.1
        np.testing.assert_array_equal(bright, loud)
        assert bright.tolist() == [True, False, False, False, False] * 2
    assert clips[0].frames.shape[1] == 32


def test_a_last_clip_is_kept_if_it_is_long_enough(tmp_path):
    video = _flash_video(tmp_path / "f.mp4", n_frames=68, audio_s=2.72)
    lengths = [len(clip.frames) for clip in cut_video(video, config=CONFIG, captions=[])]
    assert lengths == [10, 10, 7]


def test_audio_that_ends_first_is_silence_and_none_is_none(tmp_path):
    (first, second) = cut_video(_flash_video(tmp_path / "f.mp4", audio_s=1.3), config=CONFIG, captions=[])
    assert np.abs(first.waveform).max() > 0.1
    assert np.abs(second.waveform[4000:]).max() < 1e-3
    silent = list(cut_video(_flash_video(tmp_path / "s.mp4", silent=True), config=CONFIG, captions=[]))
    assert silent[0].waveform is None


def test_three_video_frames_make_no_clip(tmp_path):
    assert list(cut_video(_flash_video(tmp_path / "f.mp4", n_frames=3), config=CONFIG, captions=[])) == []


def test_clips_hold_the_captions_near_them_in_their_own_time(tmp_path):
    captions = [Caption(0.2, 0.8, "one"), Caption(1.1, 1.5, "two"), Caption(50, 51, "never")]
    first, second = cut_video(_flash_video(tmp_path / "f.mp4"), config=CONFIG, captions=captions)
    assert first.captions == [(0.2, 0.8, "one"), (1.1, 1.5, "two")]
    assert [c.text for c in second.captions] == ["one", "two"]
    np.testing.assert_allclose([c[:2] for c in second.captions], [(-0.8, -0.2), (0.1, 0.5)])
    whole = list(cut_video(tmp_path / "f.mp4", config=CONFIG, captions=[Caption(0, math.inf, "all")]))
    assert [clip.captions for clip in whole] == [[(0, 2, "all")], [(-1, 2, "all")]]


def test_clips_survive_their_shards():
    rng = np.random.default_rng(0)
    smooth = np.linspace(0, 255, 32)[:, None, None] * np.ones((32, 48, 3))
    frames = np.stack([smooth * (0.5 + 0.05 * i) for i in range(10)]).clip(0, 255).astype(np.uint8)
    waveform = (0.1 * rng.standard_normal(8000)).astype(np.float32)
    clip = Clip(3.2, frames, waveform, [Caption(0.1, 0.25, "a")], {"speaker": "s1"})
    files = encode_clip(clip, config=CONFIG)
    back = decode_clip(files)
    assert (back.start_s, back.captions, back.about["speaker"]) == (3.2, [Caption(0.1, 0.25, "a")], "s1")
    assert np.abs(back.frames.astype(float) - frames).mean() < 3
    np.testing.assert_allclose(back.waveform, waveform, atol=1e-4)
    del files["flac"]
    assert decode_clip(files).waveform is None
    with pytest.raises(MediaError, match="but is damaged"):
        decode_clip({**files, "mp4": files["mp4"][:100]})


def test_mouths_in_place_of_video_frames(media):
    config = ClipConfig(duration_s=1.0, fps=25, sample_rate=16000, mouth=(32, 48))
    clips = list(cut_video(media / "talk.mp4", config=config, captions=[]))
    assert clips[0].frames.shape == (25, 32, 48, 3)
    assert clips[0].frames.std() > 10


def test_no_face_is_said(tmp_path):
    config = ClipConfig(duration_s=1.0, fps=25, sample_rate=16000, mouth=(32, 48))
    with pytest.raises(MediaError, match="must show a face but none was found"):
        list(cut_video(_flash_video(tmp_path / "f.mp4"), config=config, captions=[]))


def test_codecs_that_nobody_knows_and_times_that_jump_are_said(tmp_path):
    video = _flash_video(tmp_path / "f.mp4").read_bytes()
    for codec, words in (
        ((b"avc1", b"avcC"), "must have a video track"),
        ((b"mp4a", b"esds"), "must be of a known codec"),
    ):
        assert all(name in video for name in codec)
        (tmp_path / "x.mp4").write_bytes(video.replace(codec[0], b"zzzz").replace(codec[1], b"zzzz"))
        with pytest.raises(MediaError, match=words):
            list(cut_video(tmp_path / "x.mp4", config=CONFIG, captions=[]))
    times_s = np.concatenate([np.arange(30) / 25, 900 + np.arange(30) / 25])
    write_video(tmp_path / "j.mp4", [np.zeros((48, 64, 3), np.uint8)] * 60, timestamps_s=times_s)
    clips = cut_video(tmp_path / "j.mp4", config=CONFIG, captions=[])
    assert next(clips).start_s == 0
    with pytest.raises(MediaError, match=r"jumps from 1.2 s to 900.0 s; what comes after is skipped"):
        next(clips)


def test_a_long_video_takes_no_more_memory_than_a_short_one(tmp_path):
    most = []
    for seconds in (6, 60):
        path = _flash_video(tmp_path / f"{seconds}.mp4", n_frames=25 * seconds, audio_s=seconds)
        tracemalloc.start()
        assert sum(1 for _ in cut_video(path, config=CONFIG, captions=[])) == seconds
        most.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert most[1] < 1.3 * most[0]
