"""Video frames come by their timestamps, however odd; videos keep their video stream when they get other audio."""

import av
import numpy as np
import pytest
from rotation import turn

from avse.errors import MediaError
from avse.media.audio import AudioWriter, read_audio
from avse.media.remux import replace_audio
from avse.media.video import VideoReader, VideoWriter, has_video, probe_video
from avse.synthetic.talker import write_video

RATE = 16000


def _shades(n, *, height=48, width=64):
    """Grey video frames, each of its own shade, so that it can be reported which one came back."""
    return [np.full((height, width, 3), 20 + 200 * k // max(1, n - 1), np.uint8) for k in range(n)]


def _read(path, **options):
    with VideoReader(path, **options) as reader:
        return list(reader.frames()), reader


@pytest.mark.parametrize(
    "times_s",
    [
        np.arange(24) / 12,
        np.arange(60) / 60,
        np.arange(30) * 1001 / 30000,
        np.cumsum([0, 0.04, 0.04, 0.3, 0.02, 0.1, 0.033, 0.04]),
    ],
    ids=["12 fps", "60 fps", "29.97 fps", "variable"],
)
@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_timestamps_come_back(tmp_path, times_s, suffix):
    path = tmp_path / f"video{suffix}"
    write_video(path, _shades(len(times_s)), timestamps_s=times_s, waveform=np.zeros(2 * RATE, np.float32))
    frames, _ = _read(path)
    # Matroska counts milliseconds.
    np.testing.assert_allclose([frame.time_s for frame in frames], times_s, atol=6e-4)
    np.testing.assert_allclose([f.image.mean() for f in frames], [i.mean() for i in _shades(len(times_s))], atol=4)


def _flash_and_click(path, *, first_frame_s, audio_start_s):
    """A video that flashes white 0.6 s after its clock's zero, and clicks at the same moment."""
    times_s = first_frame_s + np.arange(25) / 25
    shades = [np.full((48, 64, 3), 235 if time_s >= 0.6 - 1e-9 else 20, np.uint8) for time_s in times_s]
    waveform = np.zeros(RATE, np.float32)
    waveform[round((0.6 - audio_start_s) * RATE) :][:160] = 0.8
    write_video(path, shades, timestamps_s=times_s, waveform=waveform, audio_start_s=audio_start_s)


def _flash_and_click_times_s(path):
    frames, _ = _read(path)
    waveform, rate = read_audio(path)
    flash_s = next(frame.time_s for frame in frames if frame.image.mean() > 128)
    return flash_s, float(np.argmax(np.abs(waveform[0]) > 0.4)) / rate


STARTS = [(0.0, 0.0), (0.4, 0.0), (0.0, 0.4), (0.24, 0.2), (0.2, 0.04)]


@pytest.mark.parametrize(("first_frame_s", "audio_start_s"), STARTS)
@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".mov"])
def test_flash_and_click_are_read_at_one_time(tmp_path, suffix, first_frame_s, audio_start_s):
    path = tmp_path / f"video{suffix}"
    _flash_and_click(path, first_frame_s=first_frame_s, audio_start_s=audio_start_s)
    flash_s, click_s = _flash_and_click_times_s(path)
    assert flash_s == pytest.approx(click_s, abs=2e-3)


@pytest.mark.parametrize(("first_frame_s", "audio_start_s"), STARTS)
@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".mov"])
def test_flash_and_click_stay_together_when_the_audio_is_replaced(tmp_path, suffix, first_frame_s, audio_start_s):
    path, result = tmp_path / f"video{suffix}", tmp_path / f"result{suffix}"
    _flash_and_click(path, first_frame_s=first_frame_s, audio_start_s=audio_start_s)
    waveform, rate = read_audio(path)
    with AudioWriter(tmp_path / "same.wav", sample_rate=rate, n_channels=1, subtype="FLOAT") as writer:
        writer.write(waveform)
    replace_audio(path, {0: tmp_path / "same.wav"}, result)
    flash_s, click_s = _flash_and_click_times_s(result)
    assert flash_s == pytest.approx(click_s, abs=2e-3)


def test_without_audio_time_zero_is_the_first_video_frame(tmp_path):
    write_video(tmp_path / "video.mp4", _shades(10), timestamps_s=0.5 + np.arange(10) / 25)
    frames, reader = _read(tmp_path / "video.mp4")
    assert frames[0].time_s == 0
    assert not reader.info.has_audio


def test_large_video_frames_are_shrunk_in_proportion(tmp_path):
    write_video(tmp_path / "video.mp4", _shades(3, height=300, width=500), timestamps_s=np.arange(3) / 25)
    frames, _ = _read(tmp_path / "video.mp4", max_height=150)
    assert frames[0].image.shape == (150, 250, 3)


def test_odd_sizes_are_written_with_an_edge_more(tmp_path):
    with VideoWriter(tmp_path / "video.mkv", fps=25, width=33, height=21) as writer:
        for image in _shades(5, height=21, width=33):
            writer.write(image)
    frames, _ = _read(tmp_path / "video.mkv")
    assert [frame.image.shape for frame in frames] == [(22, 34, 3)] * 5
    np.testing.assert_allclose([frame.time_s for frame in frames], np.arange(5) / 25, atol=1e-3)


def test_odd_sizes_are_read(tmp_path):
    path = tmp_path / "video.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 33, 21, "yuv444p"
        container.mux(stream.encode(av.VideoFrame.from_ndarray(_shades(2, height=21, width=33)[1], format="rgb24")))
        container.mux(stream.encode(None))
    frames, _ = _read(path)
    assert frames[0].image.shape == (21, 33, 3)


@pytest.mark.parametrize(("turned", "bright_corner"), [(0, (0, 0)), (90, (-1, 0)), (180, (-1, -1)), (270, (0, -1))])
def test_rotation_of_the_container_is_undone(tmp_path, turned, bright_corner):
    image = np.zeros((40, 60, 3), np.uint8)
    image[:16, :16] = 250
    write_video(tmp_path / "video.mp4", [image] * 3, timestamps_s=np.arange(3) / 25)
    if turned:
        turn(tmp_path / "video.mp4", turned)
    frames, _ = _read(tmp_path / "video.mp4")
    shape = (40, 60, 3) if turned in (0, 180) else (60, 40, 3)
    assert frames[0].image.shape == shape
    assert frames[0].image[bright_corner].mean() > 200


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".mov"])
def test_a_video_gets_another_audio_track_and_keeps_its_video_stream(tmp_path, talk, suffix):
    noise = 0.1 * np.random.default_rng(0).standard_normal(2 * RATE + 77).astype(np.float32)
    video, result = tmp_path / f"video{suffix}", tmp_path / f"result{suffix}"
    write_video(video, talk.images[:50], timestamps_s=talk.times_s[:50], waveform=np.zeros(2 * RATE, np.float32))
    with AudioWriter(tmp_path / "new.wav", sample_rate=RATE, n_channels=1) as writer:
        writer.write(noise[None])
    replace_audio(video, {0: tmp_path / "new.wav"}, result)
    before, after = _read(video)[0], _read(result)[0]
    assert [b.time_s for b in before] == pytest.approx([a.time_s for a in after], abs=1e-3)
    assert all(np.array_equal(b.image, a.image) for b, a in zip(before, after, strict=True))
    given, rate = read_audio(result)
    assert (given.shape, rate) == ((1, len(noise)), RATE)
    lags = range(-40, 41)
    match = [given[0, 1000 + lag : 30000 + lag] @ noise[1000:30000] for lag in lags]
    assert lags[int(np.argmax(match))] == 0


def test_an_audio_file_has_no_video(media):
    assert has_video(media / "talk.mp4")
    assert not has_video(media / "noisy.wav")


def test_missing_trailing_video_frames_are_just_not_there(tmp_path):
    write_video(tmp_path / "video.mp4", _shades(25), timestamps_s=np.arange(25) / 25, waveform=np.zeros(3 * RATE))
    frames, _ = _read(tmp_path / "video.mp4")
    assert len(frames) == 25
    assert frames[-1].time_s == pytest.approx(24 / 25, abs=1e-3)


def test_what_is_no_video_is_reported_in_one_line(tmp_path, media):
    whole = (media / "talk.mp4").read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "text.mp4").write_text("no video")
    for path, words in {
        tmp_path / "cut.mp4": "it may be cut off",
        tmp_path / "empty.mp4": "has no bytes",
        tmp_path / "text.mp4": "must be media that FFmpeg reads",
        tmp_path / "missing.mp4": "must exist but does not",
        media / "noisy.wav": "must have a video track but has none",
    }.items():
        with pytest.raises(MediaError, match=words) as caught:
            probe_video(path)
        assert "\n" not in str(caught.value)


def test_a_format_that_nobody_knows_leaves_nothing(tmp_path):
    with pytest.raises(MediaError, match="must be a video that FFmpeg writes"):
        VideoWriter(tmp_path / "video.xyz", fps=25, width=32, height=32)
    assert list(tmp_path.iterdir()) == []
