"""Between two models lies their mean."""

import torch

from avse.models import zoo
from avse.models.gtcrn import Gtcrn, GtcrnConfig
from recipes.average_weights import main

SIZES = GtcrnConfig(channels=8)


def test_weights_are_moved_by_the_share(tmp_path, capsys):
    torch.manual_seed(1)
    models = [Gtcrn.build(SIZES) for _ in range(2)]
    files = [tmp_path / f"{name}.safetensors" for name in ("one", "other", "mean")]
    for model, path in zip(models, files[:2], strict=True):
        zoo.save(path, model)
    assert main([*map(str, files), "--share", "0.25"]) == 0
    one, other, mean = (zoo.load(str(path)).state_dict() for path in files)
    name = "last.weight"
    torch.testing.assert_close(mean[name], 0.75 * one[name] + 0.25 * other[name])
    assert not torch.equal(one[name], other[name])
    assert main([*map(str, files), "--share", "2"]) == 1
    assert "share must be 0 to 1 but is 2" in capsys.readouterr().err


def test_models_of_two_kinds_are_refused(tmp_path, capsys):
    zoo.save(tmp_path / "core.safetensors", Gtcrn.build(SIZES))
    assert main([str(tmp_path / "core.safetensors"), "live", str(tmp_path / "out.safetensors")]) == 1
    assert "must be of one kind and size but are gtcrn and live" in capsys.readouterr().err
    assert not (tmp_path / "out.safetensors").exists()
