"""The benchmark's generated talkers: clean speech, its noise and a mouth, listed pair by pair and made once."""

import numpy as np

from avse.data.crops import load_mouth
from avse.data.manifest import read_manifest
from avse.media.audio import read_audio
from recipes.speech_benchmark.talkers import main


def test_each_talker_is_listed_with_its_noise_and_made_once(tmp_path):
    arguments = [str(tmp_path / "talkers"), str(tmp_path / "crops"), "--lengths-s", "2", "--seeds", "0", "1"]
    assert main(arguments) == 0
    items = read_manifest(tmp_path / "talkers/manifest.jsonl")
    names = ["synthetic_0__2s", "synthetic_1__2s"]
    assert [item.id for item in items] == [name for talker in names for name in (talker, f"{talker}_noise")]
    for clip, noise in zip(items[::2], items[1::2], strict=True):
        (clean, rate), (own_noise, _) = read_audio(tmp_path / clip.audio), read_audio(tmp_path / noise.audio)
        (noisy, _) = read_audio((tmp_path / clip.audio).with_name("noisy.wav"))
        assert clean.shape == (1, 2 * rate)
        np.testing.assert_allclose(clean + own_noise, noisy, atol=1e-4)
        assert load_mouth(tmp_path / f"crops/{clip.id}.npz").present.mean() > 0.9
    made = (tmp_path / "talkers/synthetic_0__2s/noise.wav").stat().st_mtime_ns
    assert main(arguments) == 0
    assert (tmp_path / "talkers/synthetic_0__2s/noise.wav").stat().st_mtime_ns == made
