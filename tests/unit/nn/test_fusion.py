"""Fusion of features bears a missing modality, and knows no future."""

import torch

from avse.nn.fusion import ConcatLSTM


def test_a_missing_modality_is_not_inspected():
    torch.manual_seed(0)
    fusion = ConcatLSTM([4, 6], dim=8).eval()
    one, other = torch.randn(2, 5, 4), torch.randn(2, 5, 6)
    present = torch.ones(2, 5, 2, dtype=torch.bool)
    present[:, 3, 1] = False
    changed = other.clone()
    changed[:, 3] += 1
    torch.testing.assert_close(fusion([one, changed], present), fusion([one, other], present))
    assert not torch.allclose(fusion([one, changed], torch.ones_like(present)), fusion([one, other], present))


def test_a_step_knows_the_past_and_not_the_future():
    torch.manual_seed(0)
    fusion = ConcatLSTM([4], dim=8).eval()
    features, present = torch.randn(1, 6, 4), torch.ones(1, 6, 1, dtype=torch.bool)
    later = features.clone()
    later[:, 3] += 1
    same = torch.isclose(fusion([features], present), fusion([later], present)).all(dim=2)[0]
    assert same.tolist() == [True, True, True, False, False, False]
