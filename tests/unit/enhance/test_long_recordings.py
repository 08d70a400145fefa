"""Ten minutes come back as long as they went in, in memory that does not grow."""

import tracemalloc

import numpy as np
import pytest
from factor import Factor

from avse.enhance.stream import EnhancerStream


@pytest.mark.slow
@pytest.mark.parametrize(("rate", "n_channels"), [(8000, 1), (22050, 2), (48000, 2)])
def test_ten_minutes_keep_their_length(rate, n_channels):
    rng = np.random.default_rng(0)
    stream = EnhancerStream(Factor(), sample_rate=rate, n_channels=n_channels)
    n_samples = 600 * rate + 17
    given = taken = 0
    while given < n_samples:
        block = (0.1 * rng.standard_normal((n_channels, min(65536, n_samples - given)))).astype(np.float32)
        given += block.shape[1]
        taken += stream.push(block).shape[1]
    assert taken + stream.finish().shape[1] == n_samples


def test_memory_does_not_grow_with_the_length():
    stream = EnhancerStream(Factor(), sample_rate=8000, n_channels=1, chunk_frames=50)
    block = np.full((1, 8000), 0.1, np.float32)
    for _ in range(20):
        stream.push(block)
    tracemalloc.start()
    try:
        stream.push(block)
        early, _ = tracemalloc.get_traced_memory()
        for _ in range(100):
            stream.push(block)
        late, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert late - early < 2e5
