"""Training and validation examples from a manifest."""

from dataclasses import replace

from tqdm import tqdm

from avse.data.bank import WaveformBank
from avse.data.crops import load_mouth
from avse.data.dataset import Corpus, MixtureDataset
from avse.data.manifest import data_root, read_manifest
from recipes.avdcnn.config import TrainConfig


def load_dataset(config: TrainConfig, *, split: str) -> MixtureDataset:
    """Read a split's recordings and crops into memory.

    Args:
        config: of the run.
        split: `train` or `valid`; validation examples are not augmented and have picture and sound throughout.
    """
    items = [item for item in read_manifest(config.manifest) if item.split == split]
    sample_rate = config.model.sample_rate

    def bank(which: str, chosen: list) -> WaveformBank:  # type: ignore[type-arg]
        return WaveformBank(
            chosen,
            root=data_root(),
            sample_rate=sample_rate,
            progress=lambda i: tqdm(i, desc=f"read {split} {which}"),
        )

    faces = bank("faces", [item for item in items if item.video])
    mix = config.mix
    if split != "train":
        mix = replace(
            mix,
            augment=False,
            any_speaker_probability=0,
            other_mouth_probability=0,
            video_zero_probability=0,
            video_gap_probability=0,
            audio_zero_probability=0,
        )
    corpus = Corpus(
        faces=faces,
        mouths=[load_mouth(config.crops / f"{item.id}.npz") for item in faces.items],
        speech=bank("speech", [item for item in items if item.is_speech and not item.video]),
        noise=bank("noise", [item for item in items if not item.is_speech]),
    )
    return MixtureDataset(
        corpus,
        config=mix,
        seed=config.loop.seed,
        hop=config.model.hop,
        sample_rate=sample_rate,
        n_sound_only=config.n_sound_only if split == "train" else 0,
    )
