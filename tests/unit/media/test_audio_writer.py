"""Audio files of every suffix keep length, place and tags, and are written whole or not at all."""

import resource

import av
import cv2
import numpy as np
import pytest
import soundfile

from avse.errors import MediaError
from avse.media.audio import WRITABLE, AudioWriter, probe_audio, read_audio
from avse.media.audio_decoder import AudioDecoder
from avse.media.mp3_length import write_length
from avse.media.tags import Tags, read_tags

COVER = cv2.imencode(".png", np.arange(16 * 16 * 3, dtype=np.uint8).reshape(16, 16, 3))[1].tobytes()
TAGS = Tags({"title": "My talk ü", "artist": "Ann"}, cover=COVER, cover_codec="png", cover_size=(16, 16))


def _tones(n_channels=1, *, rate=48000, duration_s=1.0):
    """Each channel at its own pitch, all rising, so that every shift shows."""
    times_s = np.arange(round(duration_s * rate)) / rate
    return np.stack(
        [0.4 * np.sin(2 * np.pi * (200 + 100 * c + 150 * times_s) * times_s) for c in range(n_channels)]
    ).astype(np.float32)


def _write(path, waveform, *, rate=48000, **options):
    with AudioWriter(path, sample_rate=rate, n_channels=len(waveform), **options) as writer:
        writer.write(waveform[:, :0])  # a stream gives nothing at first
        for start in range(0, waveform.shape[1], 5000):
            writer.write(waveform[:, start : start + 5000])
    return path


@pytest.mark.parametrize("suffix", WRITABLE)
def test_length_and_place_stay(tmp_path, suffix):
    path = _write(tmp_path / f"tone{suffix}", _tones())
    waveform, rate = read_audio(path)
    assert (waveform.shape, rate) == ((1, 48000), 48000)
    assert np.corrcoef(waveform[0, 2000:-2000], _tones()[0, 2000:-2000])[0, 1] > 0.99


@pytest.mark.parametrize("suffix", WRITABLE)
@pytest.mark.parametrize(
    ("rate", "n_samples"), [(44100, 353824), (48000, 50007), (16000, 99), (44100, 19595), (16000, 19615)]
)
def test_a_length_of_no_whole_milliseconds_stays(tmp_path, suffix, rate, n_samples):
    waveform, got = read_audio(_write(tmp_path / f"odd{suffix}", np.full((1, n_samples), 0.1, np.float32), rate=rate))
    assert waveform.shape[1] == (
        n_samples * got / rate if suffix != ".opus" else pytest.approx(n_samples * got / rate, abs=4)
    )


@pytest.mark.parametrize(
    ("suffix", "n_channels"),
    [
        (".m4a", 3),
        (".m4a", 6),
        (".m4a", 8),
        *((".opus", n) for n in (3, 4, 5, 7)),
        (".opus", 6),
        (".opus", 12),
        (".flac", 8),
        (".wav", 64),
        *((".ogg", n) for n in range(3, 9)),
    ],
)
def test_every_channel_stays_in_its_place(tmp_path, suffix, n_channels):
    waveform, _ = read_audio(_write(tmp_path / f"tone{suffix}", _tones(n_channels)))
    assert waveform.shape == (n_channels, 48000)
    likeness = np.corrcoef(waveform[:, 4000:-4000], _tones(n_channels)[:, 4000:-4000])[:n_channels, n_channels:]
    # The low-frequency channel of a lossy codec ends at 120 Hz: nothing of a tone of 500 Hz is left there.
    low = {(".m4a", 6): 3, (".m4a", 8): 3, (".opus", 6): 3, (".ogg", 6): 3, (".ogg", 8): 3}.get((suffix, n_channels))
    rows = [row for row in range(n_channels) if row != low]
    assert [int(np.argmax(likeness[row])) for row in rows] == rows


@pytest.mark.parametrize("suffix", [".m4a", ".mp3", ".opus", ".flac", ".wav", ".ogg"])
def test_tags_and_cover_come_back(tmp_path, suffix):
    found = read_tags(_write(tmp_path / f"tone{suffix}", _tones(), tags=TAGS))
    assert {name.lower(): value for name, value in found.text.items()} == TAGS.text
    if suffix not in (".wav", ".ogg"):
        assert (found.cover, found.cover_codec) == (COVER, "png")
    waveform, _ = read_audio(tmp_path / f"tone{suffix}")
    assert waveform.shape == (1, 48000)


@pytest.mark.parametrize("suffix", [".m4a", ".mp3", ".opus"])
def test_the_bit_rate_asked_for_is_used(tmp_path, suffix):
    noise = 0.3 * np.random.default_rng(0).standard_normal((1, 96000)).astype(np.float32)
    sizes = [
        _write(tmp_path / f"{rate}{suffix}", noise, bit_rate=rate).stat().st_size for rate in (32_000, 64_000, 128_000)
    ]
    assert sizes[0] < 0.7 * sizes[1] < 0.5 * sizes[2]
    assert sizes[1] == pytest.approx(2 * 64_000 / 8, rel=0.35)


def test_rates_that_a_codec_lacks_become_the_next_one(tmp_path):
    for suffix, rate, wanted in ((".m4a", 37000, 44100), (".m4a", 192000, 192000), (".mp3", 96000, 48000),
                                 (".opus", 16000, 48000), (".mp3", 7000, 8000)):  # fmt: skip
        path = _write(tmp_path / f"{rate}{suffix}", _tones(rate=rate), rate=rate)
        waveform, got = read_audio(path)
        assert got == wanted
        assert waveform.shape[1] == pytest.approx(wanted, abs=4)


def test_what_a_format_cannot_hold_is_reported_with_its_reason(tmp_path):
    for name, words in (("a.mp3", "holds at most 2 channels as libmp3lame but there are 9"),
                        ("a.m4a", "holds at most 6 channels as alac but there are 9"),
                        ("a.flac", "cannot")):  # fmt: skip
        with pytest.raises(MediaError, match=words):
            AudioWriter(tmp_path / name, sample_rate=8000, n_channels=9)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", WRITABLE)
def test_a_full_disk_leaves_no_file(tmp_path, suffix):
    waveform = 0.3 * np.random.default_rng(0).standard_normal((1, 480_000)).astype(np.float32)
    size = _write(tmp_path / f"whole{suffix}", waveform).stat().st_size
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    for limit in (100, size // 2, size - 1):
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
        try:
            message = _refusal(tmp_path / f"cut{suffix}", waveform)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        assert "output" in message, limit
        assert [path.name for path in tmp_path.iterdir()] == [f"whole{suffix}"]


def _refusal(path, waveform):
    try:
        _write(path, waveform)
    except MediaError as error:
        return str(error)
    return ""


def test_a_short_file_does_not_get_its_name(tmp_path, monkeypatch):
    from avse.media import audio_writer

    monkeypatch.setattr(audio_writer._LibsndfileSink, "write", lambda sink, block: sink._file.write(block.T[:-100]))
    with pytest.raises(MediaError, match=r"must hold 1\.00 s but only 0\.98 s of it were stored"):
        _write(tmp_path / "short.ogg", _tones())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", WRITABLE)
def test_the_same_audio_is_the_same_bytes(tmp_path, suffix):
    files = [_write(tmp_path / f"{name}{suffix}", _tones(2)).read_bytes() for name in "ab"]
    if suffix != ".ogg":  # libsndfile gives each Ogg stream a serial number by chance
        assert files[0] == files[1]


@pytest.mark.parametrize("suffix", [".m4a", ".mp3", ".opus"])
def test_too_little_audio_for_a_codec_is_refused_under_the_user_s_name(tmp_path, suffix):
    with pytest.raises(MediaError) as caught:
        _write(tmp_path / f"one{suffix}", np.zeros((1, 1), np.float32), rate=1000)
    assert str(caught.value) == (
        f"output {tmp_path}/one{suffix} must hold 1 samples at 1000 Hz but cannot be read back; it is too short for "
        "its codec: write a .wav"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_read_back_does_not_get_its_name(tmp_path, monkeypatch):
    from avse.media import audio_writer

    finish = audio_writer._FFmpegSink.close

    def damage(sink):
        finish(sink)
        sink._path.write_bytes(bytes(5000))

    monkeypatch.setattr(audio_writer._FFmpegSink, "close", damage)
    with pytest.raises(MediaError, match=r"output \S+/whole\.m4a must hold 48000 samples .* read back; make space"):
        _write(tmp_path / "whole.m4a", _tones())
    assert list(tmp_path.iterdir()) == []


def test_a_lossy_file_says_its_bit_rate(tmp_path):
    noise = 0.3 * np.random.default_rng(0).standard_normal((1, 480_000)).astype(np.float32)
    for suffix in (".m4a", ".mp3"):
        path = _write(tmp_path / f"noise{suffix}", noise, bit_rate=96_000)
        assert probe_audio(path).bit_rate == pytest.approx(96_000, rel=0.1)


def test_ffmpeg_is_never_given_an_address(tmp_path, monkeypatch):
    opened = []
    monkeypatch.setattr(av, "open", lambda name, *rest, **options: opened.append((name, options)) or 1 / 0)
    (tmp_path / "http:host").write_text("x")
    monkeypatch.chdir(tmp_path)
    from pathlib import Path

    from avse.media.container import open_container

    with pytest.raises(ZeroDivisionError):
        open_container(Path("http:host"), kind="audio")
    assert opened == [("file:http:host", {"options": {"protocol_whitelist": "file,crypto,data"}})]


@pytest.mark.parametrize(("rate", "n_channels"), [(44100, 1), (48000, 2), (16000, 1), (8000, 2)])
def test_an_mp3_ends_on_the_right_sample_where_its_last_frame_is_all_padding(tmp_path, rate, n_channels):
    """One of some twenty lengths; both decoders, and the audio is that of a file of another length."""
    noise = 0.1 * np.random.default_rng(0).standard_normal((n_channels, 20_164)).astype(np.float32)
    waveform = {}
    for n_samples in (19_569, 19_595, 19_615, 20_164):
        path = _write(tmp_path / f"{n_samples}.mp3", noise[:, :n_samples], rate=rate)
        waveform[n_samples], _ = read_audio(path)
        assert soundfile.info(path).frames == n_samples
        with AudioDecoder(path, problems=[]) as decoder:
            assert sum(block.shape[1] for block in decoder.blocks()) == n_samples
    np.testing.assert_allclose(waveform[19_595][:, :15_000], waveform[20_164][:, :15_000], atol=1e-3)


def test_a_file_without_a_whole_header_keeps_its_bytes(tmp_path):
    path = _write(tmp_path / "tone.mp3", _tones())
    content = path.read_bytes().replace(b"Info", b"Inf0").replace(b"Xing", b"Xin0")
    path.write_bytes(content)
    write_length(path, 19_595, sample_rate=48000)
    assert path.read_bytes() == content
