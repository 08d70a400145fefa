"""Retrieval among windows of one speaker, and of each speaker by himself."""

import pytest
import torch

from avse.nn.heads import CommonVectors
from recipes.vatt.embed import Embedded
from recipes.vatt.evaluate import retrievals


@pytest.fixture(scope="module")
def embedded():
    """Three windows of one speaker whose audio finds its video, five of another whose audio finds it backwards.

    Both have the same vectors, so that with the other's windows among the candidates each query has two answers.
    """
    video = torch.cat([torch.eye(8)[:3], torch.eye(8)[:5]])
    audio = torch.cat([torch.eye(8)[:3], torch.eye(8)[:5].flip(0)])
    there = torch.ones(8, dtype=torch.bool)
    return Embedded(
        CommonVectors(video, audio, video, audio[:, None]), video, audio, there, there & (torch.arange(8) > 2)
    )


GROUPS = ["s26"] * 3 + ["s31"] * 5


def test_the_largest_group_by_default(embedded):
    found = retrievals(embedded, GROUPS)["audio to video"]
    assert (found["n"], found["n_groups"]) == (5, 1)
    assert found["recall_at_1"] == pytest.approx(1 / 5)  # the one in the middle
    assert found["chance_at_1"] == pytest.approx(1 / 5)


def test_each_group_by_itself_and_the_mean_over_queries(embedded):
    found = retrievals(embedded, GROUPS, [0, 1, 2, 0, 0, 0, 1, 1], each=True)
    audio = found["audio to video"]
    assert (audio["n"], audio["n_groups"]) == (8, 2)
    assert audio["recall_at_1"] == pytest.approx((3 * 1 + 5 * 1 / 5) / 8)
    assert audio["chance_at_1"] == pytest.approx((3 * 1 / 3 + 5 * 1 / 5) / 8)
    # Who knows the place draws among one window each of the first, and among three or two of the second.
    assert audio["position_chance_at_1"] == pytest.approx((3 + 3 * 1 / 3 + 2 * 1 / 2) / 8)
    # The first speaker's windows have no words.
    assert (found["text to video"]["n"], found["text to video"]["n_groups"]) == (5, 1)
