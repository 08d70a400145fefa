"""Clips joined end to end stay in sync: a flash and a click at one moment of a clip lie at one moment of the video."""

import os
from pathlib import Path

import numpy as np
import pytest

from avse.data.bank import read_mono
from avse.data.joined import clip_samples, join_clips
from avse.errors import InputError
from avse.faces.mouth import MouthTrack
from avse.faces.report import FaceReport
from avse.media.video import VideoReader
from avse.synthetic.talker import write_video

RATE = 16000
N_SAMPLES = 47648
"""Of a GRID clip: 2.978 s beside 3.0 s of video."""
SIZE = (4, 6)


def mouth_of(bright, *, fps=25.0, first_s=0.0):
    """Frames that are black, and white where `bright` says so."""
    crops = np.zeros((len(bright), *SIZE, 3), dtype=np.uint8)
    crops[np.asarray(bright)] = 255
    times_s = first_s + np.arange(len(bright)) / fps
    return MouthTrack(times_s, crops, np.ones(len(bright), dtype=bool), FaceReport(1, 1.0, "test"))


def flash_and_click(frame, *, n_frames=75, fps=25.0, n_samples=N_SAMPLES):
    """A clip that is black and silent but for one frame and one sample at its time."""
    waveform = np.zeros(n_samples, dtype=np.float32)
    waveform[round(frame / fps * RATE)] = 1.0
    return waveform, mouth_of(np.arange(n_frames) == frame, fps=fps)


def times_of(joined):
    clicks_s = np.flatnonzero(joined.waveform > 0.5) / RATE
    flashes_s = joined.mouth.timestamps_s[joined.mouth.crops.max(axis=(1, 2, 3)) > 0]
    return clicks_s, flashes_s


def test_a_flash_and_a_click_stay_together_through_a_minute_of_clips():
    waveforms, mouths = zip(*(flash_and_click(10 + number) for number in range(20)), strict=True)
    clicks_s, flashes_s = times_of(join_clips(waveforms, mouths, sample_rate=RATE))
    assert clicks_s == pytest.approx([3 * number + (10 + number) / 25 for number in range(20)])
    assert flashes_s == pytest.approx(clicks_s, abs=1e-9)


def test_lengths_agree_to_the_frame():
    waveforms, mouths = zip(*(flash_and_click(5) for _ in range(7)), strict=True)
    joined = join_clips(waveforms, mouths, sample_rate=RATE)
    assert joined.starts.tolist() == [48000 * number for number in range(8)]
    assert len(joined.waveform) == 7 * 48000
    assert np.allclose(np.diff(joined.mouth.timestamps_s), 0.04)
    assert len(joined.mouth.timestamps_s) == 7 * 75


def test_clips_of_other_frame_rates_and_longer_audio_stay_in_sync():
    clips = [
        flash_and_click(20, n_frames=67, fps=29.959, n_samples=36363),  # audio 2.273 s, video 2.236 s
        flash_and_click(12),
        flash_and_click(7, n_frames=36, fps=12.0, n_samples=48000),
    ]
    joined = join_clips(*zip(*clips, strict=True), sample_rate=RATE)
    clicks_s, flashes_s = times_of(joined)
    assert np.abs(clicks_s - flashes_s).max() <= 1 / RATE
    assert joined.starts.tolist() == [0, 36363, 36363 + 48000, 36363 + 96000]
    assert (np.diff(joined.mouth.timestamps_s) > 0).all()


def test_video_that_starts_before_its_audio_never_turns_time_back():
    waveform, mouth = flash_and_click(30)
    early = mouth_of(np.zeros(75, dtype=bool), first_s=-0.1)
    joined = join_clips([waveform, waveform], [mouth, early], sample_rate=RATE)
    assert (np.diff(joined.mouth.timestamps_s) > 0).all()
    # Frames of the second clip that fall on the first one's are dropped: -0.1 and -0.06; -0.02 lies after 2.96.
    assert len(joined.mouth.timestamps_s) == 148


def test_a_clip_ends_without_a_click_and_is_left_alone_elsewhere():
    waveform, mouth = np.ones(N_SAMPLES, dtype=np.float32), mouth_of(np.zeros(75, dtype=bool))
    joined = join_clips([waveform, waveform], [mouth, mouth], sample_rate=RATE).waveform
    assert np.abs(np.diff(joined)).max() < 0.03
    assert (joined[80 : N_SAMPLES - 80] == 1).all()
    assert (joined[N_SAMPLES:48000] == 0).all()
    assert (waveform == 1).all()


def test_without_video_frames_a_clip_takes_its_audio():
    empty = MouthTrack(np.zeros(0), np.zeros((0, *SIZE, 3), np.uint8), np.zeros(0, bool), FaceReport(0, 0.0, "none"))
    assert clip_samples(np.zeros(123, dtype=np.float32), empty, sample_rate=RATE) == 123


@pytest.mark.parametrize(("n_waveforms", "n_mouths"), [(0, 0), (2, 1)])
def test_what_cannot_be_joined_is_refused(n_waveforms, n_mouths):
    waveform, mouth = flash_and_click(3)
    with pytest.raises(InputError, match="each with a mouth"):
        join_clips([waveform] * n_waveforms, [mouth] * n_mouths, sample_rate=RATE)


def test_crops_of_two_sizes_are_refused():
    waveform, mouth = flash_and_click(3)
    other = MouthTrack(mouth.timestamps_s, np.zeros((75, 8, 8, 3), np.uint8), mouth.present, mouth.report)
    with pytest.raises(InputError, match="crops of one size"):
        join_clips([waveform] * 2, [mouth, other], sample_rate=RATE)


def from_file(path):
    """A clip as the container times it: its audio, and its frames shrunk to crops."""
    with VideoReader(path) as reader:
        frames = [(frame.time_s, frame.image[::16, ::16]) for frame in reader.frames()]
    times_s, images = zip(*frames, strict=True)
    n = len(times_s)
    crops = np.stack(images)
    mouth = MouthTrack(np.array(times_s), crops, np.ones(n, dtype=bool), FaceReport(1, 1.0, "test"))
    return read_mono(path, sample_rate=RATE), mouth


def test_containers_with_late_and_early_streams_stay_in_sync(tmp_path):
    clips = []
    for number, (video_start_s, audio_start_s) in enumerate([(0.0, 0.0), (0.08, 0.0), (0.0, 0.12)]):
        times_s = video_start_s + np.arange(75) / 25
        images = [np.full((64, 96, 3), 255 if frame == 40 else 0, dtype=np.uint8) for frame in range(75)]
        waveform = np.zeros(N_SAMPLES, dtype=np.float32)
        waveform[round((times_s[40] - audio_start_s) * RATE)] = 0.9
        write_video(
            tmp_path / f"{number}.mp4", images, timestamps_s=times_s, waveform=waveform, sample_rate=RATE,
            audio_start_s=audio_start_s,
        )  # fmt: skip
        clips.append(from_file(tmp_path / f"{number}.mp4"))
    joined = join_clips(*zip(*clips, strict=True), sample_rate=RATE)
    bright = joined.mouth.timestamps_s[joined.mouth.crops.mean(axis=(1, 2, 3)) > 128]
    # Lossy audio spreads a click a little: its loudest sample counts.
    clicks_s = [
        (start + np.argmax(np.abs(joined.waveform[start:end]))) / RATE
        for start, end in zip(joined.starts[:-1], joined.starts[1:], strict=True)
    ]
    assert len(bright) == 3
    assert np.abs(np.array(clicks_s) - bright).max() < 0.002


@pytest.mark.skipif("AVSE_DATA" not in os.environ, reason="needs the data pack: set AVSE_DATA")
def test_grid_clips_join_at_three_seconds():
    paths = sorted(Path(os.environ["AVSE_DATA"], "av/grid/s26").glob("*.mkv"))[:3]
    joined = join_clips(*zip(*map(from_file, paths), strict=True), sample_rate=RATE)
    assert joined.starts.tolist() == [0, 48000, 96000, 144000]
    assert len(joined.mouth.timestamps_s) == 225
    assert np.allclose(np.diff(joined.mouth.timestamps_s), 0.04, atol=1e-3)
