"""Clips of videos as vectors, kept in a file, and the nearest of them."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from avse.errors import ConfigError, InputError, MediaError, MissingExtraError
from avse.media.arrays import read_arrays
from avse.media.output import atomic_write

Vectors = npt.NDArray[np.float32]
SUFFIXES = (".npz", ".parquet")
"""Of files with embeddings."""


@dataclass(frozen=True)
class Embeddings:
    """Clips of videos; the vectors have length 1, and their products are cosines."""

    path: npt.NDArray[np.str_]
    """`(clips,)` of the video."""
    start_s: npt.NDArray[np.float64]
    """`(clips,)` where a clip begins in it."""
    end_s: npt.NDArray[np.float64]
    """`(clips,)`."""
    video_va: Vectors
    """`(clips, dim)` of the video, to compare with `audio_va`."""
    audio_va: Vectors
    """`(clips, dim)` of the audio; not a number where there is none."""
    video_vt: Vectors
    """`(clips, dim)` of the video, to compare with words."""
    model: str
    """Digest of the weights: vectors of different ones do not compare."""

    def joined(self, others: Sequence["Embeddings"]) -> "Embeddings":
        """These clips, and after them those of others, all of one model."""
        names = [field.name for field in fields(self) if field.name != "model"]
        columns = {name: np.concatenate([getattr(part, name) for part in (self, *others)]) for name in names}
        return Embeddings(**columns, model=self.model)

    def save(self, path: Path, *, force: bool = False) -> None:
        """Write .npz or .parquet, by the name.

        Raises:
            ConfigError: the name ends in something else.
            MediaError: the file exists, or cannot be written.
            MissingExtraError: parquet without pyarrow.
        """
        columns = {field.name: getattr(self, field.name) for field in fields(self)}
        check_suffix(path)
        with atomic_write(path, force=force) as temporary:
            if path.suffix == ".npz":
                np.savez_compressed(temporary, **columns)
            else:
                arrow, parquet = _pyarrow()
                model = columns.pop("model")
                table = arrow.table({name: column.tolist() for name, column in columns.items()})
                parquet.write_table(table.replace_schema_metadata({"model": model}), temporary)

    @staticmethod
    def load(path: Path) -> "Embeddings":
        """Read what `save` wrote.

        Raises:
            ConfigError: the file is none of these.
            MissingExtraError: parquet without pyarrow.
        """
        check_suffix(path)
        try:
            if path.suffix == ".npz":
                columns: dict[str, Any] = dict(read_arrays(path))
                columns["model"] = str(columns["model"])
            else:
                table = _pyarrow()[1].read_table(path)
                columns = {name: np.array(table[name].to_pylist()) for name in table.column_names}
                columns["model"] = (table.schema.metadata or {})[b"model"].decode()
            return Embeddings(**columns)
        except (OSError, KeyError, TypeError, ValueError, MediaError) as error:
            raise ConfigError(
                f"embeddings {path} must be what avse-embed wrote but are not ({error}); embed again"
            ) from None


def best(queries: Vectors, candidates: Vectors, *, n: int) -> list[tuple[int, float]]:
    """The candidates nearest to any window of a query, number and cosine, best first.

    Args:
        queries: `(windows, dim)` of length 1.
        candidates: `(clips, dim)` of length 1; those that are not a number are skipped.
        n: at most so many.

    Raises:
        InputError: the dimensions differ.
    """
    if queries.shape[1:] != candidates.shape[1:]:
        raise InputError(
            f"query must have {candidates.shape[1]} dimensions but has {queries.shape[-1]}; embed both by one model"
        )
    cosines = np.nan_to_num((candidates @ queries.T).max(axis=1), nan=-2.0)
    order = np.argsort(-cosines, kind="stable")[:n]
    return [(int(i), float(cosines[i])) for i in order if cosines[i] > -2]


def check_suffix(path: Path) -> None:
    """Validate that a file's name is one of embeddings.

    Raises:
        ConfigError: it is not.
    """
    if path.suffix not in SUFFIXES:
        raise ConfigError(f"embeddings {path} must end in {' or '.join(SUFFIXES)} but do not; rename them")


def _pyarrow() -> tuple[Any, Any]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise MissingExtraError("parquet files need pyarrow; pip install 'avse[parquet]', or write .npz") from None
    return pyarrow, pyarrow.parquet
