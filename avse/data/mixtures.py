"""The fixed test mixtures, built from the files they name."""

from functools import lru_cache
from typing import NamedTuple

from avse.data.bank import read_mono
from avse.data.manifest import Item, Mixture
from avse.data.mix import build_mixture
from avse.errors import ConfigError
from avse.jobs.places import Place, under
from avse.types import Waveform


class MixedClip(NamedTuple):
    """A mixture as waveforms of one length."""

    noisy: Waveform
    """`(samples,)`; may exceed full scale."""
    clean: Waveform
    """`(samples,)`."""


class MixtureReader:
    """Builds mixtures; remembers the recordings used last, for neighbours in the list share them."""

    def __init__(self, items: list[Item], *, root: Place, sample_rate: int) -> None:
        """Set up.

        Args:
            items: manifest that the mixtures' clips stand in.
            root: folder that all paths start from; may be a URL.
            sample_rate: Hz to build at.
        """
        self.clips = {item.id: item for item in items}
        self.root = root
        self._read = lru_cache(maxsize=64)(lambda path: read_mono(under(root, path), sample_rate=sample_rate))
        self.sample_rate = sample_rate

    def read(self, mixture: Mixture) -> MixedClip:
        """Build one mixture.

        Raises:
            ConfigError: its clip is not in the manifest.
        """
        if mixture.clip not in self.clips:
            raise ConfigError(f"clip of {mixture.id} must be in the manifest but {mixture.clip} is not; write it again")
        clean = self._read(self.clips[mixture.clip].audio)
        noises = [(self._read(cut.path), cut.offset_s) for cut in mixture.noise]
        return MixedClip(build_mixture(clean, noises, snr_db=mixture.snr_db, sample_rate=self.sample_rate), clean)
