"""Offsets between embeddings that are known."""

import numpy as np
import pytest

from avse.faces.sync import Offset, find_offset


def pair(lag, *, n=250, dim=8, match=0.35, seed=0):
    """Embeddings whose evidence is `match` nats per frame in time and about 0 out of time."""
    rng = np.random.default_rng(seed)
    embedding = rng.standard_normal((n + 100, dim))
    embedding = np.apply_along_axis(lambda s: np.convolve(s, [0.25, 0.5, 0.25], mode="same"), 0, embedding)
    scale = np.sqrt(match / np.mean(np.sum(embedding**2, axis=1)))
    audio = embedding[50 : 50 + n] * scale
    video = embedding[50 - lag : 50 - lag + n] * scale + 0.1 * rng.standard_normal((n, dim))
    return video.astype(np.float32), audio.astype(np.float32)


@pytest.mark.parametrize("lag", range(-12, 13))
def test_whole_frames(lag):
    found = find_offset(*pair(lag))
    assert found.offset_s == pytest.approx(lag / 25, abs=0.02)
    assert found.is_confident
    assert found.in_words().startswith("video lags" if lag > 0 else "video leads" if lag < 0 else "video ")


def test_between_frames():
    rng = np.random.default_rng(3)
    times = np.arange(400) / 25
    waves = [(rng.uniform(0.3, 3), rng.uniform(0, 6.3)) for _ in range(20)]

    def embedding(at):
        return 0.2 * np.stack([np.sin(2 * np.pi * hz * at + phase) for hz, phase in waves], axis=1).astype(np.float32)

    for offset_s in (-0.3, -0.05, 0.017, 0.13):
        assert find_offset(embedding(times - offset_s), embedding(times)).offset_s == pytest.approx(offset_s, abs=0.006)


def test_strangers_are_not_confident():
    n_wrong = sum(find_offset(pair(0, seed=s)[0], pair(0, seed=100 + s)[1]).is_confident for s in range(40))
    assert n_wrong <= 1


def test_too_little():
    for video, audio in (pair(0, n=50), (np.zeros((250, 8), np.float32), pair(0)[1])):
        found = find_offset(video, audio)
        assert found == Offset(None, 0.0)
        assert not found.is_confident
        assert "unknown" in found.in_words()


def test_words():
    assert Offset(0.12, 1).in_words() == "video lags audio by 120 ms"
    assert Offset(-0.08, 1).in_words() == "video leads audio by 80 ms"
    assert Offset(0.0001, 1).in_words() == "video and audio are in sync"
