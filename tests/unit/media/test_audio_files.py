"""Audio of every kind comes in with the right samples and goes out with the same."""

import av
import numpy as np
import pytest
import soundfile

from avse.errors import MediaError
from avse.media.audio import AudioReader, AudioWriter, probe_audio, read_audio

RATE = 22050


def _sine(n_channels=1, *, rate=RATE, duration_s=0.7):
    times_s = np.arange(round(duration_s * rate)) / rate
    return np.stack([0.4 * np.sin(2 * np.pi * 300 * (c + 1) * times_s) for c in range(n_channels)]).astype(np.float32)


@pytest.mark.parametrize("n_channels", [1, 2])
@pytest.mark.parametrize(
    ("suffix", "subtype", "tolerance"),
    [
        (".wav", "PCM_U8", 1 / 100), (".wav", "PCM_16", 1e-4), (".wav", "PCM_24", 1e-6), (".wav", "PCM_32", 1e-6),
        (".wav", "FLOAT", 0), (".wav", "DOUBLE", 0), (".flac", "PCM_16", 1e-4), (".flac", "PCM_24", 1e-6),
    ],
)  # fmt: skip
def test_what_is_written_without_loss_comes_back(tmp_path, suffix, subtype, tolerance, n_channels):
    path = tmp_path / f"sine{suffix}"
    with AudioWriter(path, sample_rate=RATE, n_channels=n_channels, subtype=subtype) as writer:
        writer.write(_sine(n_channels)[:, :1000])
        writer.write(_sine(n_channels)[:, 1000:])
    waveform, rate = read_audio(path)
    assert rate == RATE
    assert probe_audio(path).subtype == subtype
    np.testing.assert_allclose(waveform, _sine(n_channels), atol=tolerance)


@pytest.mark.parametrize("suffix", [".ogg", ".mp3"])
def test_what_is_written_with_loss_keeps_length_and_place(tmp_path, suffix):
    path = tmp_path / f"sine{suffix}"
    with AudioWriter(path, sample_rate=RATE, n_channels=1) as writer:
        writer.write(_sine())
    waveform, _ = read_audio(path)
    assert waveform.shape == _sine().shape
    assert np.corrcoef(waveform[0, 2000:-2000], _sine()[0, 2000:-2000])[0, 1] > 0.99
    assert probe_audio(path).subtype == "PCM_16"


@pytest.mark.parametrize(
    ("suffix", "codec", "kind"), [(".m4a", "aac", "fltp"), (".mkv", "flac", "s16"), (".mka", "pcm_s16le", "s16")]
)
def test_audio_of_containers_keeps_length_and_place(tmp_path, suffix, codec, kind):
    path = tmp_path / f"sine{suffix}"
    sine = _sine()
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=RATE, layout="mono")
        samples = sine if kind == "fltp" else np.round(sine * 32768).astype(np.int16)
        for start in range(0, samples.shape[1], 1024):
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples[:, start : start + 1024]), kind, "mono")
            frame.sample_rate, frame.pts = RATE, start
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    waveform, rate = read_audio(path)
    assert rate == RATE
    assert waveform.shape == sine.shape
    np.testing.assert_allclose(waveform[:, 2000:-2000], sine[:, 2000:-2000], atol=0.02)


def test_blocks_join_to_the_whole(tmp_path):
    soundfile.write(tmp_path / "sine.wav", _sine(2).T, RATE, subtype="FLOAT")
    with AudioReader(tmp_path / "sine.wav") as reader:
        blocks = list(reader.blocks(999))
    assert {block.shape[1] for block in blocks[:-1]} == {999}
    np.testing.assert_array_equal(np.concatenate(blocks, axis=1), _sine(2))


def test_integer_files_clip_and_float_files_do_not(tmp_path):
    for subtype, highest in (("PCM_16", 1.0), ("FLOAT", 1.5)):
        with AudioWriter(tmp_path / f"{subtype}.wav", sample_rate=8000, n_channels=1, subtype=subtype) as writer:
            writer.write(np.full((1, 10), 1.5, np.float32))
        assert read_audio(tmp_path / f"{subtype}.wav")[0].max() == pytest.approx(highest, abs=1e-4)


@pytest.mark.parametrize(("sample", "time"), [(np.nan, "0.50 s"), (np.inf, "0.50 s")])
def test_numbers_that_are_none_are_named_with_their_time(tmp_path, sample, time):
    waveform = np.zeros(8000, np.float32)
    waveform[4000] = sample
    soundfile.write(tmp_path / "bad.wav", waveform, 8000, subtype="FLOAT")
    with pytest.raises(MediaError, match=f"must hold finite numbers but is NaN or infinite at {time}"):
        read_audio(tmp_path / "bad.wav")


def test_what_is_no_audio_is_reported_in_one_line(tmp_path):
    (tmp_path / "text.wav").write_text("I am a letter.\n" * 50)
    (tmp_path / "empty.wav").touch()
    soundfile.write(tmp_path / "nothing.wav", np.zeros(0), 8000)
    for name, words in {
        "text.wav": "must be media that FFmpeg reads but is not",
        "empty.wav": "must hold data but has no bytes",
        "nothing.wav": "must hold samples but is empty",
        "missing.wav": "must exist but does not",
        ".": "must be a file but is a folder",
    }.items():
        with pytest.raises(MediaError, match=words) as caught:
            read_audio(tmp_path / name)
        assert "\n" not in str(caught.value)


def test_a_failed_writer_leaves_nothing(tmp_path):
    with pytest.raises(RuntimeError, match="power cut"):
        _write_until_the_power_fails(tmp_path / "out.wav")
    assert list(tmp_path.iterdir()) == []


def _write_until_the_power_fails(path):
    with AudioWriter(path, sample_rate=8000, n_channels=1) as writer:
        writer.write(np.zeros((1, 100), np.float32))
        raise RuntimeError("power cut")


def test_an_existing_file_is_kept_unless_forced(tmp_path):
    path = tmp_path / "out.wav"
    path.write_text("mine")
    with pytest.raises(MediaError, match="must not exist but does; allow it to be replaced"):
        AudioWriter(path, sample_rate=8000, n_channels=1)
    assert path.read_text() == "mine"
    with AudioWriter(path, sample_rate=8000, n_channels=1, force=True) as writer:
        writer.write(np.zeros((1, 100), np.float32))
    assert read_audio(path)[0].shape == (1, 100)


@pytest.mark.parametrize(("name", "channels", "words"), [("a.xyz", 1, "must end in one of"), ("a.mp3", 9, "cannot")])
def test_what_cannot_be_written_is_reported(tmp_path, name, channels, words):
    with pytest.raises(MediaError, match=words):
        AudioWriter(tmp_path / name, sample_rate=8000, n_channels=channels)
    assert list(tmp_path.iterdir()) == []
