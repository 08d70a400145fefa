"""Long videos become pieces in which audio and video still meet; what is of no use is refused by name."""

import json
from pathlib import Path

import numpy as np
import pytest

from avse.corpora.pieces import takes_of
from avse.corpora.sources import Source, audio_files_in, companion_audio, identities, probe_source, videos_in
from avse.errors import ConfigError, MediaError
from avse.media.audio import AudioWriter, read_audio
from avse.media.video import VideoReader
from avse.synthetic.talker import write_video

RATE, LENGTH_S, EVENT_S = 16000, 17.0, 7.0


def _video(path, *, length_s=LENGTH_S, silent=False):
    """White for a moment and a burst at the same time, in a soft noise that pauses from 10 s to 15 s."""
    times_s = np.arange(round(length_s * 25)) / 25
    images = [np.full((32, 32, 3), 255 if EVENT_S <= t < EVENT_S + 0.2 else 0, np.uint8) for t in times_s]
    t = np.arange(round(length_s * RATE)) / RATE
    waveform = 0.05 * np.random.default_rng(0).standard_normal(len(t)).astype(np.float32)
    waveform[(t >= EVENT_S) & (t < EVENT_S + 0.2)] *= 15
    waveform[(t >= 10) & (t < 15)] *= 1e-3
    write_video(path, images, timestamps_s=times_s, waveform=None if silent else waveform, sample_rate=RATE)
    return waveform


@pytest.fixture
def long_video(tmp_path):
    _video(tmp_path / "long.mp4")
    return Source("long", tmp_path / "long.mp4", "Ann")


def test_a_flash_and_its_burst_stay_together_in_a_piece(long_video, tmp_path):
    takes = takes_of(long_video, probe_source(long_video), folder=tmp_path / "pieces")
    # From 10 s on nobody talks, and the last two seconds are too short.
    assert [take.id for take in takes] == ["long__00000", "long__00001"]
    assert {(take.video_id, take.speaker, take.duration_s) for take in takes} == {("long", "Ann", 5.0)}
    audio, rate = read_audio(takes[1].audio)
    loud = np.flatnonzero(np.abs(audio[0]) > 0.35)
    assert audio.shape[1] == 5 * rate
    assert loud[0] / rate == pytest.approx(EVENT_S - 5, abs=0.01)
    with VideoReader(takes[1].video) as reader:
        white = [frame.time_s for frame in reader.frames() if frame.image.mean() > 128]
    assert white[0] == pytest.approx(EVENT_S - 5, abs=0.021)


def test_pieces_that_an_older_version_noted_are_not_cut_again(long_video, tmp_path):
    audio, folder = probe_source(long_video), tmp_path / "pieces"
    first = takes_of(long_video, audio, folder=folder)
    record = folder / "long.json"
    noted = json.loads(record.read_text())
    noted["made_of"] = {"film" if name == "video" else name: value for name, value in noted["made_of"].items()}
    record.write_text(json.dumps(noted))
    made = first[0].video.stat().st_mtime_ns
    assert takes_of(long_video, audio, folder=folder) == first
    assert first[0].video.stat().st_mtime_ns == made


def test_pieces_are_made_once_and_again_for_another_video(long_video, tmp_path):
    audio, folder = probe_source(long_video), tmp_path / "pieces"
    first = takes_of(long_video, audio, folder=folder)
    made = first[0].video.stat().st_mtime_ns
    assert takes_of(long_video, audio, folder=folder) == first
    assert first[0].video.stat().st_mtime_ns == made
    long_video.video.unlink()
    _video(long_video.video, length_s=25)
    assert len(takes_of(long_video, probe_source(long_video), folder=folder)) == 4
    assert first[0].video.stat().st_mtime_ns != made


def test_a_short_video_stays_as_it_is(tmp_path):
    _video(tmp_path / "short.mp4", length_s=3)
    source = Source("short", tmp_path / "short.mp4", text="hello")
    (take,) = takes_of(source, probe_source(source), folder=tmp_path / "pieces")
    assert (take.video, take.audio, take.text) == (source.video, source.video, "hello")
    assert take.duration_s == pytest.approx(3, abs=0.07)
    assert not (tmp_path / "pieces").exists()


def test_a_video_without_audio_takes_the_one_beside_it(tmp_path):
    waveform = _video(tmp_path / "mute.mp4", length_s=3, silent=True)
    with pytest.raises(MediaError, match=r"mute.mp4 must have audio but has none; put an audio file"):
        probe_source(Source("mute", tmp_path / "mute.mp4", audio=companion_audio(tmp_path / "mute.mp4")))
    with AudioWriter(tmp_path / "mute.wav", sample_rate=RATE, n_channels=1) as writer:
        writer.write(waveform[None])
    audio = probe_source(Source("mute", tmp_path / "mute.mp4", audio=companion_audio(tmp_path / "mute.mp4")))
    assert audio.path == tmp_path / "mute.wav"
    assert audio.power == pytest.approx(np.mean(np.square(waveform)), rel=1e-3)


def test_videos_of_no_use_are_refused(tmp_path):
    _video(tmp_path / "blink.mp4", length_s=0.6)
    (tmp_path / "broken.mp4").write_bytes(b"no video")
    with pytest.raises(MediaError, match=r"blink.mp4 must last 1 s but lasts 0.6"):
        probe_source(Source("x", tmp_path / "blink.mp4"))
    with pytest.raises(MediaError, match=r"broken.mp4 must be media that FFmpeg reads"):
        probe_source(Source("x", tmp_path / "broken.mp4"))
    with AudioWriter(tmp_path / "silent.wav", sample_rate=RATE, n_channels=1) as writer:
        writer.write(np.zeros((1, RATE), np.float32))
    _video(tmp_path / "mute.mp4", length_s=2, silent=True)
    with pytest.raises(MediaError, match=r"silent.wav must not be silent but is"):
        probe_source(Source("x", tmp_path / "mute.mp4", audio=tmp_path / "silent.wav"))


def test_empty_folders_are_reported(tmp_path):
    (tmp_path / "._ghost.mp4").write_bytes(b"x")
    with pytest.raises(ConfigError, match=r"must hold videos .* but has none"):
        videos_in(tmp_path)
    with pytest.raises(ConfigError, match=r"must hold audio files .* but has none"):
        audio_files_in(tmp_path)


def test_names_become_unique_and_short():
    folder = Path("/f")
    paths = [folder / name for name in ("Zoë B/clip 1.mp4", "a.mov", "a.mp4", "...mp4", f"{'ü' * 120}.mp4")]
    names = list(identities(paths, folder=folder).values())
    assert names[:2] == ["Zoë_B__clip_1", "a"]
    assert len(set(names)) == 5
    assert all(name and "." not in name and len(name.encode()) <= 120 for name in names)
