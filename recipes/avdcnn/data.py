"""Training and validation examples from a manifest."""

from avse.data.corpus import load_corpus
from avse.data.dataset import MixtureDataset
from recipes.avdcnn.config import TrainConfig
from recipes.progress import bar


def load_dataset(config: TrainConfig, *, split: str) -> MixtureDataset:
    """Read a split's recordings and crops into memory.

    Args:
        config: of the run.
        split: `train` or `valid`; validation examples are not augmented and have video and audio throughout.
    """
    sample_rate = config.model.sample_rate
    return MixtureDataset(
        load_corpus(config.manifest, config.crops, split=split, sample_rate=sample_rate, progress=bar),
        config=config.mix if split == "train" else config.mix.undisturbed(),
        seed=config.loop.seed,
        hop=config.model.hop,
        sample_rate=sample_rate,
        n_audio_only=config.n_audio_only if split == "train" else 0,
    )
