"""`avse-enhance` keeps a video's other tracks, and writes audio files as they came in."""

import av
import numpy as np
import pytest
import soundfile
from audio_files import RATE, write_audio

from avse.cli.enhance import main
from avse.media.audio import AudioWriter, probe_audio
from avse.media.tags import Tags, read_tags


@pytest.fixture
def run(capsys, weights):
    """Runs the command and gives its exit code and what it printed."""

    def run(*arguments):
        code = main([str(argument) for argument in (*arguments, "--model", weights)])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


@pytest.fixture(scope="module")
def two_tracks(media, tmp_path_factory):
    """The talk with its audio twice."""
    path = tmp_path_factory.mktemp("tracks") / "two.mp4"
    with av.open(str(media / "talk.mp4")) as source, av.open(str(path), "w") as target:
        kept = [source.streams.video[0], source.streams.audio[0]]
        copies = {stream.index: [target.add_stream_from_template(stream, opaque=True)] for stream in kept}
        copies[kept[1].index].append(target.add_stream_from_template(kept[1], opaque=True))
        packets = [packet for packet in source.demux(kept) if packet.dts is not None]
        for packet in packets:
            for stream in copies[packet.stream_index]:
                again = av.Packet(bytes(packet))
                again.pts, again.dts, again.time_base = packet.pts, packet.dts, packet.time_base
                again.duration, again.is_keyframe, again.stream = packet.duration, packet.is_keyframe, stream
                target.mux(again)
    return path


def _audio(path, index):
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(container.streams.audio[index]) if packet.size]


@pytest.mark.parametrize(("track", "changed"), [(None, (0,)), ("1", (0,)), ("2", (1,)), ("all", (0, 1))])
def test_the_tracks_asked_for_are_enhanced_and_the_others_copied(run, two_tracks, tmp_path, track, changed):
    options = [] if track is None else ["--audio-track", track]
    code, _, err = run(two_tracks, "-o", tmp_path / "out.mp4", "--audio-only", *options)
    assert code == 0, err
    for index in (0, 1):
        assert (_audio(two_tracks, index) != _audio(tmp_path / "out.mp4", index)) == (index in changed)


def test_tracks_that_are_not_there(run, two_tracks, tmp_path):
    code, _, err = run(two_tracks, "-o", tmp_path / "out.mp4", "--audio-track", "3")
    assert (code, "must have audio track 3 but has 2" in err) == (1, True)
    for words in ("0", "-1", "first", "²", "1" * 5000):
        code, _, err = run(two_tracks, "-o", tmp_path / "out.mp4", f"--audio-track={words}")
        assert (code, "--audio-track must be a number from 1 or all" in err) == (2, True)
    code, _, err = run(two_tracks, "-o", tmp_path / "out.wav", "--audio-track", "all")
    assert (code, "must be a video file with the input's own tracks" in err) == (1, True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", [".m4a", ".mp3", ".opus", ".flac", ".wav"])
def test_a_file_goes_out_as_it_came_in(run, media, tmp_path, suffix):
    noisy, _ = soundfile.read(media / "noisy.wav", dtype="float32")
    rate = 48000 if suffix == ".opus" else RATE
    tags = Tags({"title": "My talk"})
    with AudioWriter(tmp_path / f"talk{suffix}", sample_rate=rate, n_channels=1, tags=tags) as writer:
        writer.write(noisy[None])
    code, _, err = run(tmp_path / f"talk{suffix}")
    assert code == 0, err
    output = tmp_path / f"talk_enhanced{suffix}"
    assert probe_audio(output).sample_rate == rate
    assert {name.lower(): text for name, text in read_tags(output).text.items()} == tags.text


def test_the_bit_rate_is_as_asked_for(run, media, tmp_path):
    sizes = []
    for rate in ("24k", "96000"):
        code, _, err = run(media / "noisy.wav", "-o", tmp_path / f"{rate}.m4a", "--bitrate", rate)
        assert code == 0, err
        sizes.append((tmp_path / f"{rate}.m4a").stat().st_size)
    assert sizes[0] < 0.5 * sizes[1]
    for words in ("0", "7k", "fast", "-96k", "1e5", "9999k"):
        code, _, err = run(media / "noisy.wav", "-o", tmp_path / "out.m4a", f"--bitrate={words}")
        assert (code, "--bitrate must be 8000 to 2000000" in err) == (2, True)


def test_damage_is_reported_with_its_time(run, tmp_path):
    noise = 0.1 * np.random.default_rng(0).standard_normal(3 * RATE).astype(np.float32)
    write_audio(tmp_path / "whole.flac", noise, RATE)
    data = bytearray((tmp_path / "whole.flac").read_bytes())
    data[len(data) // 3 : len(data) // 2] = bytes(len(data) // 2 - len(data) // 3)
    (tmp_path / "hole.flac").write_bytes(data)
    (tmp_path / "cut.flac").write_bytes(data[: len(data) // 4])
    code, _, err = run(tmp_path / "hole.flac", "-o", tmp_path / "a.wav")
    assert code == 0
    assert "s could not be decoded; silence there" in err
    assert soundfile.info(tmp_path / "a.wav").frames == 3 * RATE
    code, _, err = run(tmp_path / "cut.flac", "-o", tmp_path / "b.wav")
    assert code == 0
    assert "of 3.0 s could not be decoded; the file is cut off or damaged" in err
