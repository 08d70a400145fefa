"""The losses against the formula written out sample by sample."""

import math

import pytest
import torch
import torch.nn.functional as F

from avse.nn.contrastive import mil_nce, nce


def _by_hand(anchor, candidates, *, temperature, twice=False):
    anchor, candidates = F.normalize(anchor, dim=-1).tolist(), F.normalize(candidates, dim=-1).tolist()

    def similarity(i, j, n):
        return math.exp(sum(a * b for a, b in zip(anchor[i], candidates[j][n], strict=True)) / temperature)

    size, n_candidates = len(anchor), len(candidates[0])
    losses = []
    for i in range(size):
        positive = sum(similarity(i, i, n) for n in range(n_candidates))
        negative = sum(
            similarity(i, j, n) + similarity(j, i, n) for j in range(size) if j != i for n in range(n_candidates)
        )
        losses.append(-math.log(positive / (positive * (2 if twice else 1) + negative)))
    return sum(losses) / size


@pytest.mark.parametrize("twice", [False, True])
def test_as_the_formula(twice):
    torch.manual_seed(0)
    anchor, candidates = torch.randn(4, 6), torch.randn(4, 3, 6)
    loss = mil_nce(anchor, candidates, temperature=0.3, official_code=twice)
    assert float(loss) == pytest.approx(_by_hand(anchor, candidates, temperature=0.3, twice=twice), rel=1e-5)
    single = nce(anchor, candidates[:, 0], temperature=0.3, official_code=twice)
    assert float(single) == pytest.approx(_by_hand(anchor, candidates[:, :1], temperature=0.3, twice=twice), rel=1e-5)


def test_equal_vectors_cannot_be_distinguished():
    same = torch.ones(5, 8)
    assert float(nce(same, same)) == pytest.approx(math.log(1 + 2 * 4), rel=1e-6)


def test_pairs_that_agree_cost_nothing():
    assert float(nce(torch.eye(6), 3 * torch.eye(6))) < 1e-4


def test_any_candidate_may_be_the_right_one():
    right, wrong = torch.eye(6), -torch.eye(6)
    good = mil_nce(right, torch.stack([wrong, right], dim=1))
    assert float(good) < 1e-4
    assert float(nce(right, wrong)) > 10


def test_absent_samples_are_neither_positives_nor_negatives():
    torch.manual_seed(0)
    anchor, candidates = torch.randn(5, 6, requires_grad=True), torch.randn(5, 2, 6)
    present = torch.tensor([True, False, True, True, False])
    loss = mil_nce(anchor, candidates, present=present)
    torch.testing.assert_close(loss, mil_nce(anchor[present], candidates[present]))
    loss.backward()
    assert (anchor.grad[~present] == 0).all()


def test_nobody_present_is_zero_with_a_gradient():
    anchor = torch.randn(3, 4, requires_grad=True)
    loss = nce(anchor, torch.randn(3, 4), present=torch.zeros(3, dtype=torch.bool))
    loss.backward()
    assert loss.item() == 0
    assert (anchor.grad == 0).all()


def test_the_official_code_keeps_videos_without_text_as_negatives():
    # Every cosine is 1: a present video has its 4 texts (all that are there) and its text has all 6 videos as rivals.
    same, present = torch.ones(6, 8), torch.tensor([True, True, False, True, False, True])
    assert float(nce(same, same, present=present, official_code=True)) == pytest.approx(math.log(4 + 6), rel=1e-6)
    assert float(nce(same, same, present=present)) == pytest.approx(math.log(4 + 3), rel=1e-6)


def test_the_official_codes_loss_as_its_formula_written_out():
    torch.manual_seed(3)
    videos, texts = F.normalize(torch.randn(5, 6), dim=1), F.normalize(torch.randn(5, 2, 6), dim=2)
    present = [0, 2, 3]
    mask = torch.zeros(5, dtype=torch.bool)
    mask[present] = True

    def similarity(i, j):
        return [math.exp(float(videos[i] @ text) / 0.5) for text in texts[j]]

    losses = []
    for i in present:
        rivals = sum(sum(similarity(i, j)) for j in present) + sum(sum(similarity(j, i)) for j in range(5))
        losses.append(math.log(rivals / sum(similarity(i, i))))
    loss = mil_nce(videos, texts, present=mask, temperature=0.5, official_code=True)
    assert float(loss) == pytest.approx(sum(losses) / 3, rel=1e-5)
