"""Noise for training and for tests: never the same recording in both."""

import csv
import zlib
from pathlib import Path

import numpy as np

from avse.data.augment import coloured_noise
from avse.data.bank import read_mono
from avse.data.mix import cut_looped, mix
from avse.errors import ConfigError
from avse.types import FloatArray
from recipes.recognition.recordings import SAMPLE_RATE

USES = ("train", "test")
CHUNK_S = 30.0
PINK = 1.0
"""Exponent of the noise that stands in where no recordings are given."""


class Noises:
    """Noise recordings of each use, or pink noise without any."""

    def __init__(self, table: Path | None) -> None:
        """Take a CSV with the columns `file` (absolute, or relative to the CSV) and `use` (`train` or `test`).

        Raises:
            ConfigError: the table is missing or not valid, or a file of it is missing or in both uses.
        """
        self.files: dict[str, list[Path]] = {use: [] for use in USES}
        self._read: dict[Path, FloatArray] = {}
        if table is None:
            return
        if not table.is_file():
            raise ConfigError(f"noise {table} must be a CSV file but there is none; check the path")
        with table.open(encoding="utf-8-sig", newline="") as file:
            for number, row in enumerate(csv.DictReader(file), start=2):
                if row.get("use") not in USES or not row.get("file"):
                    raise ConfigError(f"{table}:{number} must have a file and a use of train or test; correct it")
                path = table.parent / row["file"]
                if not path.is_file():
                    raise ConfigError(f"{table}:{number} must name a noise file but {path} is none; correct it")
                self.files[row["use"]].append(path)
        if both := set(self.files["train"]) & set(self.files["test"]):
            raise ConfigError(f"noise {min(both)} must be of training or of tests but is of both; correct {table}")
        for use in USES:
            if not self.files[use]:
                raise ConfigError(f"noise {table} must name files of use {use} but names none; add some")

    def add(self, waveform: FloatArray, *, snr_db: float, use: str, key: str) -> FloatArray:
        """Mix in a piece of noise that depends on `use` and `key` alone, `(samples,)`."""
        rng = np.random.default_rng(zlib.crc32(f"{use}/{key}".encode()))
        for _ in range(8):
            noise = self._piece(len(waveform), use, rng)
            if np.std(noise) > 1e-5:
                return mix(waveform, noise, snr_db=snr_db)
        return mix(waveform, coloured_noise(rng, n_samples=len(waveform), exponent=PINK), snr_db=snr_db)

    def _piece(self, n_samples: int, use: str, rng: np.random.Generator) -> FloatArray:
        files = self.files[use]
        if not files:
            return coloured_noise(rng, n_samples=n_samples, exponent=PINK)
        path = files[int(rng.integers(len(files)))]
        if path not in self._read:
            self._read[path] = read_mono(path, sample_rate=SAMPLE_RATE)[: round(CHUNK_S * SAMPLE_RATE)]
        recording = self._read[path]
        return cut_looped(recording, offset=int(rng.integers(len(recording))), n_samples=n_samples)
