"""Steering by the cue of the clean voice: what goes in is that cue, and the table tells means."""

import numpy as np
import torch

from avse.models.gtcrn import GtcrnConfig
from avse.models.steered import Steered, SteeredConfig
from avse.nn.band_blocks import BlockConfig
from recipes.steered.clean_cue import by_clean_cue, main, table


def test_the_cue_is_that_of_the_clean_voice():
    torch.manual_seed(1)
    sizes = SteeredConfig(core=GtcrnConfig(channels=8), block=BlockConfig(channels=8, state_dim=8), n_blocks=1)
    model = Steered.build(sizes).eval()
    torch.nn.init.normal_(model.change.last.weight)
    rng = np.random.default_rng(1)
    clean = rng.standard_normal(32000).astype(np.float32) * (np.arange(32000) > 16000) * np.float32(0.1)
    noisy = clean + 0.1 * rng.standard_normal(32000).astype(np.float32)
    given = by_clean_cue(model, noisy, clean)
    active = given["cue"][:, 0]
    assert active[:50].max() == 0
    assert active[70:].min() == 1
    silent = by_clean_cue(model, noisy, np.zeros_like(clean))
    np.testing.assert_array_equal(silent["audio_only"], given["audio_only"])
    assert not np.allclose(silent["steered"], given["steered"])


def test_the_table_has_means_and_the_least():
    rows = table({"lips": [1.0, 2.0], "cue of the clean voice": [2.0, 4.0]})
    assert rows[1:] == [["lips", "2", "+1.50", "+1.00"], ["cue of the clean voice", "2", "+3.00", "+2.00"]]


def test_weights_that_are_none_are_one_line(tmp_path, capsys):
    place = tmp_path / "none.safetensors"
    assert main([str(place), "--manifest", str(tmp_path / "m.jsonl"), "--crops", str(tmp_path)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("clean_cue: error: ")
    assert str(place) in line
