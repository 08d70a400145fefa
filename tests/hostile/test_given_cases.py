"""Files that once failed, which lie beside the data pack: each gets the wanted answer from `avse-enhance`."""

import os
from pathlib import Path

import av
import pytest

from avse.cli import enhance
from avse.media.audio import AudioReader

CASES = Path(os.environ.get("AVSE_DATA", "data")).parent / "cases"
REFUSED = {
    "amplitude_1e30.wav": "must lie within +-1e+06 (full scale is 1) but is 2.06e+30 at 0.00 s",
    "channels_0.wav": "must have 1 to 64 channels but has 0;",
    "rate_1_hz.wav": "must have a sample rate from 1000 to 768000 Hz but has 1 Hz;",
    "rate_2_ghz.wav": "must have a sample rate from 1000 to 768000 Hz but has 2147483647 Hz;",
}
"""What each line of refusal holds."""
ENHANCED = {
    "av1.mkv": (1, 2.978, None),
    "cut_50.flac": (1, 1.008, "the last 2.0 of 3.0 s could not be decoded"),
    "data_size_0.wav": (1, 8.0, None),
    "header_shorter_than_content.mp4": (1, 3.008, None),
    "opposite_phase.flac": (2, 4.0, "opposite phase"),
    "sound_5.1.mp4": (6, 2.978, None),
    "sound_7.1.mp4": (8, 2.978, None),
    "subtitles_chapters_tags.mp4": (1, 8.0, None),
    "two_tracks.mp4": (1, 8.0, None),
    "zeroed.flac": (1, 2.978, "0.94 s at 0.65 s could not be decoded; silence there"),
}
"""Channels and seconds of the output, and words of a warning."""

pytestmark = pytest.mark.skipif(not CASES.is_dir(), reason="needs the cases beside AVSE_DATA")


def test_every_case_has_an_answer():
    assert {path.name for path in CASES.iterdir()} == REFUSED.keys() | ENHANCED.keys()


def _enhance(name, folder, capsys, live_graph):
    arguments = [CASES / name, "-o", folder / name, "--model", live_graph, "--audio-only"]
    code = enhance.main([str(argument) for argument in arguments])
    return code, capsys.readouterr().err


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name, tmp_path, capsys, live_graph):
    code, error = _enhance(name, tmp_path, capsys, live_graph)
    assert code == 1
    assert REFUSED[name] in error
    assert error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ENHANCED)
def test_enhanced(name, tmp_path, capsys, live_graph):
    code, warnings = _enhance(name, tmp_path, capsys, live_graph)
    assert code == 0, warnings
    n_channels, duration_s, words = ENHANCED[name]
    assert words is None or words in warnings
    with AudioReader(tmp_path / name) as reader:
        assert reader.info.n_channels == n_channels
        n_samples = sum(block.shape[1] for block in reader.blocks())
        assert n_samples / reader.info.sample_rate == pytest.approx(duration_s, abs=1e-6)
        assert reader.problems == []
    if (tmp_path / name).suffix in (".mp4", ".mkv"):
        assert _content(tmp_path / name) == _content(CASES / name)


def _content(path):
    """Streams, languages, chapters and tags, and the packets of the video."""
    with av.open(str(path)) as container:
        streams = [
            (stream.type, stream.metadata.get("language"), stream.disposition.value) for stream in container.streams
        ]
        chapters = [
            (chapter["start"] * chapter["time_base"], chapter["end"] * chapter["time_base"], chapter["metadata"])
            for chapter in container.chapters()
        ]
        tags = {name: container.metadata[name] for name in ("title", "artist") if name in container.metadata}
        video = [bytes(packet) for packet in container.demux(container.streams.video[0]) if packet.size]
    return streams, chapters, tags, video
