"""A corpus without competing voices of its own: the other talking faces compete."""

import numpy as np
import pytest

from avse.data.bank import WaveformBank
from avse.data.corpus import Corpus
from avse.data.dataset import MixtureDataset
from avse.data.manifest import Item
from avse.data.mix_config import MixConfig
from avse.faces.mouth import MouthTrack
from avse.faces.report import FaceReport
from avse.media.audio import AudioWriter

RATE, HOP, N_SAMPLES = 16000, 320, 8000
TONES_HZ = {"a": 500, "b": 1500, "noise": 5000}


def _dataset(tmp_path, speakers):
    def bank(names, **fields):
        items = []
        for number, name in enumerate(names):
            path = tmp_path / f"{name}{number}.wav"
            if not path.exists():
                tone = 0.1 * np.sin(2 * np.pi * TONES_HZ[name] * np.arange(2 * N_SAMPLES) / RATE, dtype=np.float32)
                with AudioWriter(path, sample_rate=RATE, n_channels=1) as writer:
                    writer.write(tone[None])
            kind = dict.fromkeys(fields, name)
            items.append(Item(id=path.stem, split="train", audio=path.name, licence="x", **kind))
        return WaveformBank(items, root=tmp_path, sample_rate=RATE)

    mouth = MouthTrack(
        np.arange(40) / 25, np.zeros((40, 32, 48, 3), np.uint8), np.ones(40, bool), FaceReport(1, 1.0, "the only one")
    )
    corpus = Corpus(
        faces=bank(speakers, speaker=None), mouths=[mouth] * len(speakers),
        speech=bank([], speaker=None), noise=bank(["noise"], noise_type=None),
    )  # fmt: skip
    config = MixConfig(n_samples=N_SAMPLES, talker_probability=1.0, augment=False, any_speaker_probability=0)
    return MixtureDataset(corpus, config=config, seed=1, hop=HOP, sample_rate=RATE, n_audio_only=5)


def _strongest_hz(example):
    noise = (example.noisy - example.clean).numpy()
    return float(np.argmax(np.abs(np.fft.rfft(noise))) * RATE / len(noise))


def test_there_are_no_targets_audio_only(tmp_path):
    assert len(_dataset(tmp_path, ["a", "b"])) == 2


@pytest.mark.parametrize(("speakers", "audible_hz"), [(["a", "b"], 1500), (["a", "a"], 500), (["a"], None)])
def test_who_competes(tmp_path, speakers, audible_hz):
    """Somebody else; if nobody is there, another sentence of the same person; if there is none, plain noise."""
    dataset = _dataset(tmp_path, speakers)
    for epoch in range(5):
        strongest_hz = _strongest_hz(dataset[epoch, 0])
        if audible_hz:
            assert strongest_hz == pytest.approx(audible_hz, abs=5)
        else:
            assert strongest_hz > 100
            assert strongest_hz != pytest.approx(500, abs=5)
