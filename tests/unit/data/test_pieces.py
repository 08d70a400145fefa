"""Long films become pieces in which sound and picture still meet; what is of no use is refused by name."""

from pathlib import Path

import numpy as np
import pytest

from avse.data.pieces import takes_of
from avse.data.sources import Source, films_in, identities, look_at, sound_beside, sounds_in
from avse.data.synthetic import write_film
from avse.errors import ConfigError, MediaError
from avse.media.audio import AudioWriter, read_audio
from avse.media.video import VideoReader

RATE, LENGTH_S, EVENT_S = 16000, 17.0, 7.0


def _film(path, *, length_s=LENGTH_S, silent=False):
    """White for a moment and a burst at the same time, in a soft noise that pauses from 10 s to 15 s."""
    times_s = np.arange(round(length_s * 25)) / 25
    images = [np.full((32, 32, 3), 255 if EVENT_S <= t < EVENT_S + 0.2 else 0, np.uint8) for t in times_s]
    t = np.arange(round(length_s * RATE)) / RATE
    waveform = 0.05 * np.random.default_rng(0).standard_normal(len(t)).astype(np.float32)
    waveform[(t >= EVENT_S) & (t < EVENT_S + 0.2)] *= 15
    waveform[(t >= 10) & (t < 15)] *= 1e-3
    write_film(path, images, timestamps_s=times_s, waveform=None if silent else waveform, sample_rate=RATE)
    return waveform


@pytest.fixture
def long_film(tmp_path):
    _film(tmp_path / "long.mp4")
    return Source("long", tmp_path / "long.mp4", "Ann")


def test_a_flash_and_its_burst_stay_together_in_a_piece(long_film, tmp_path):
    takes = takes_of(long_film, look_at(long_film), folder=tmp_path / "pieces")
    # From 10 s on nobody talks, and the last two seconds are too short.
    assert [take.id for take in takes] == ["long__00000", "long__00001"]
    assert {(take.film, take.speaker, take.duration_s) for take in takes} == {("long", "Ann", 5.0)}
    sound, rate = read_audio(takes[1].audio)
    loud = np.flatnonzero(np.abs(sound[0]) > 0.35)
    assert sound.shape[1] == 5 * rate
    assert loud[0] / rate == pytest.approx(EVENT_S - 5, abs=0.01)
    with VideoReader(takes[1].video) as reader:
        white = [frame.time_s for frame in reader.frames() if frame.image.mean() > 128]
    assert white[0] == pytest.approx(EVENT_S - 5, abs=0.021)


def test_pieces_are_made_once_and_anew_for_another_film(long_film, tmp_path):
    sound, folder = look_at(long_film), tmp_path / "pieces"
    first = takes_of(long_film, sound, folder=folder)
    made = first[0].video.stat().st_mtime_ns
    assert takes_of(long_film, sound, folder=folder) == first
    assert first[0].video.stat().st_mtime_ns == made
    long_film.film.unlink()
    _film(long_film.film, length_s=25)
    assert len(takes_of(long_film, look_at(long_film), folder=folder)) == 4
    assert first[0].video.stat().st_mtime_ns != made


def test_a_short_film_stays_as_it_is(tmp_path):
    _film(tmp_path / "short.mp4", length_s=3)
    source = Source("short", tmp_path / "short.mp4", text="hello")
    (take,) = takes_of(source, look_at(source), folder=tmp_path / "pieces")
    assert (take.video, take.audio, take.text) == (source.film, source.film, "hello")
    assert take.duration_s == pytest.approx(3, abs=0.07)
    assert not (tmp_path / "pieces").exists()


def test_a_film_without_sound_takes_the_one_beside_it(tmp_path):
    waveform = _film(tmp_path / "mute.mp4", length_s=3, silent=True)
    with pytest.raises(MediaError, match=r"mute.mp4 must have audio but has none; put an audio file"):
        look_at(Source("mute", tmp_path / "mute.mp4", sound=sound_beside(tmp_path / "mute.mp4")))
    with AudioWriter(tmp_path / "mute.wav", sample_rate=RATE, n_channels=1) as writer:
        writer.write(waveform[None])
    sound = look_at(Source("mute", tmp_path / "mute.mp4", sound=sound_beside(tmp_path / "mute.mp4")))
    assert sound.path == tmp_path / "mute.wav"
    assert sound.power == pytest.approx(np.mean(np.square(waveform)), rel=1e-3)


def test_films_of_no_use_are_refused(tmp_path):
    _film(tmp_path / "blink.mp4", length_s=0.6)
    (tmp_path / "broken.mp4").write_bytes(b"no film")
    with pytest.raises(MediaError, match=r"blink.mp4 must last 1 s but lasts 0.6"):
        look_at(Source("x", tmp_path / "blink.mp4"))
    with pytest.raises(MediaError, match=r"broken.mp4 must be media that FFmpeg reads"):
        look_at(Source("x", tmp_path / "broken.mp4"))
    with AudioWriter(tmp_path / "silent.wav", sample_rate=RATE, n_channels=1) as writer:
        writer.write(np.zeros((1, RATE), np.float32))
    _film(tmp_path / "mute.mp4", length_s=2, silent=True)
    with pytest.raises(MediaError, match=r"silent.wav must not be silent but is"):
        look_at(Source("x", tmp_path / "mute.mp4", sound=tmp_path / "silent.wav"))


def test_empty_folders_are_told(tmp_path):
    (tmp_path / "._ghost.mp4").write_bytes(b"x")
    with pytest.raises(ConfigError, match=r"must hold films .* but has none"):
        films_in(tmp_path)
    with pytest.raises(ConfigError, match=r"must hold sound files .* but has none"):
        sounds_in(tmp_path)


def test_names_become_unique_and_short():
    folder = Path("/f")
    paths = [folder / name for name in ("Zoë B/clip 1.mp4", "a.mov", "a.mp4", "...mp4", f"{'ü' * 120}.mp4")]
    names = list(identities(paths, folder=folder).values())
    assert names[:2] == ["Zoë_B__clip_1", "a"]
    assert len(set(names)) == 5
    assert all(name and "." not in name and len(name.encode()) <= 120 for name in names)
