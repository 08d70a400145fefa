"""Blocks of one length out of blocks of any."""

import numpy as np
import pytest
from audio_files import RATE, write_audio

from avse.enhance.watch import measure_audio
from avse.media.audio import AudioReader, AudioWriter
from avse.media.blocks import joined


@pytest.mark.parametrize("n_samples", [1, 3, 7, 100])
@pytest.mark.parametrize("lengths", [[], [0], [2], [7, 7], [1, 0, 20, 3], [3] * 9])
def test_the_samples_are_the_same_in_blocks_of_one_length(n_samples, lengths):
    samples = np.arange(2 * sum(lengths), dtype=np.float32).reshape(2, -1)
    given = np.split(samples, np.cumsum(lengths)[:-1], axis=1) if lengths else []
    blocks = list(joined(iter(given), n_samples))
    assert all(block.shape[1] == n_samples for block in blocks[:-1])
    assert all(0 < block.shape[1] <= n_samples for block in blocks)
    np.testing.assert_array_equal(np.concatenate([samples[:, :0], *blocks], axis=1), samples)


def test_a_reader_of_ffmpeg_gives_blocks_of_the_length_that_is_asked_for(tmp_path):
    path = tmp_path / "noise.m4a"
    with AudioWriter(path, sample_rate=RATE, n_channels=1, subtype="PCM_16") as writer:
        writer.write(np.full((1, 16000), 0.1, np.float32))
    with AudioReader(path) as reader:
        lengths = [block.shape[1] for block in reader.blocks(6000)]
    assert lengths == [6000, 6000, 4000]


def test_audio_alone_is_measured_without_the_network_of_the_lips(tmp_path, monkeypatch):
    monkeypatch.setattr("avse.enhance.watch.OnnxLips", None)
    path = tmp_path / "noise.wav"
    write_audio(path, np.full(1600, 0.1), RATE)
    assert measure_audio(path).n_samples == 1600
