"""A corpus in shards, for training from corpora that fit no memory: speech, talking faces and noise in one format.

WebDataset's layout: each sample is some files of one key in a tar archive: `i16` 16-bit samples, `json` what is known
of it, and for a face `crops` 8-bit RGB mouth crops, `times` and `present`. Nothing is compressed, so that a sample is
one read and no decoding. Two small arrays lie beside the shards and are mapped into memory, the index and each sample's
speaker: 20 bytes a sample.
"""

import json
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Literal, NamedTuple, SupportsIndex, TypeVar

import numpy as np
import numpy.typing as npt

from avse.data.bank import FULL_SCALE, read_mono, sixteen_bit
from avse.data.crops import load_mouth
from avse.data.manifest import Item
from avse.data.shard_index import IndexedShards, write_index
from avse.data.shards import ShardWriter
from avse.errors import ConfigError
from avse.faces.mouth import MouthTrack
from avse.faces.report import FaceReport
from avse.jobs.places import Place, under
from avse.media.output import atomic_write
from avse.types import Waveform

HEAD = "packed.json"
"""In the corpus' folder: what it was packed from."""
SPEAKERS, NAMES = "speakers.npy", "speakers.json"
"""Beside the shards: the number of each sample's speaker, and their names."""
SHOWN = "shown.npy"
"""Beside the shards of talking faces: whether the face is seen in any video frame, a byte a sample."""
N_KEPT = 4
"""Samples that a bank holds: a sample's waveform and its mouth are asked for one after the other."""

Read = TypeVar("Read")
Kind = Literal["faces", "speech", "noise"]


class PackedItem(NamedTuple):
    """What is known of a sample without reading it."""

    id: str
    speaker: str


@dataclass(frozen=True)
class Sample:
    """A sample in memory."""

    waveform: Waveform
    """`(samples,)`."""
    mouth: MouthTrack | None
    about: dict[str, Any]


def pack_bank(
    items: Sequence[Item],
    folder: Path,
    *,
    root: Place,
    sample_rate: int,
    crops: Place | None = None,
    max_bytes: int = 256 * 2**20,
    progress: Callable[[Sequence[Item]], Iterable[Item]] = iter,
) -> int:
    """Write recordings of one kind into a folder of shards, with their index; how many.

    Args:
        items: of the manifest.
        folder: new, or empty.
        root: that the items' paths start from; may be a URL, as may the crops.
        sample_rate: Hz to hold them at.
        crops: folder of the crops stage, for talking faces; None packs audio only.
        max_bytes: of a shard, about.
        progress: wraps the items.

    Raises:
        ConfigError: crops are missing, or the folder holds shards already.
        MediaError: a recording cannot be read.
    """
    if folder.is_dir() and any(folder.glob("*.tar")):
        raise ConfigError(f"folder {folder} must hold no shards but does; name another, or delete them")
    names: dict[str | None, int] = {}
    speakers, shown = [], []
    with ShardWriter(folder, name="samples", max_bytes=max_bytes) as writer:
        for number, item in enumerate(progress(items)):
            waveform = read_mono(under(root, item.audio), sample_rate=sample_rate)
            mouth = None if crops is None else load_mouth(crops / f"{item.id}.npz")
            about = {"id": item.id, "speaker": item.speaker, "sample_rate": sample_rate}
            shown.append(mouth is not None and bool(mouth.present.any()))
            writer.write(f"{number:012d}", encode_sample(waveform, mouth, about))
            speakers.append(names.setdefault(item.speaker or item.noise_type, len(names)))
    finish_bank(folder, np.array(speakers, dtype=np.uint32), list(names), shown=None if crops is None else shown)
    return len(speakers)


def finish_bank(
    folder: Path,
    speakers: npt.NDArray[np.uint32],
    names: Sequence[str | None],
    *,
    shown: Sequence[bool] | None = None,
) -> None:
    """Write what lies beside the shards.

    Args:
        folder: of shards.
        speakers: `(samples,)` number of each one's speaker, or kind of noise, in the order of the shards.
        names: of the speakers, or the kinds of noise.
        shown: of talking faces, whether each is seen at all.
    """
    write_index(folder)
    with atomic_write(folder / SPEAKERS, force=True) as temporary, temporary.open("wb") as file:
        np.save(file, speakers)
    if shown is not None:
        with atomic_write(folder / SHOWN, force=True) as temporary, temporary.open("wb") as file:
            np.save(file, np.array(shown, dtype=bool))
    with atomic_write(folder / NAMES, force=True) as temporary:
        temporary.write_text(json.dumps(list(names)) + "\n", encoding="utf-8")


def encode_sample(waveform: Waveform, mouth: MouthTrack | None, about: dict[str, Any]) -> dict[str, bytes]:
    """A sample, of audio `(samples,)`, as files by suffix."""
    samples, scale = sixteen_bit(waveform)
    about = {**about, "scale": float(scale)}
    files = {"i16": samples.astype("<i2").tobytes()}
    if mouth is not None:
        about |= {"shape": list(mouth.crops.shape), "n_faces": mouth.report.n_faces, "chosen": mouth.report.chosen}
        files["crops"] = np.ascontiguousarray(mouth.crops[:]).tobytes()
        files["times"] = mouth.timestamps_s.astype("<f8").tobytes()
        files["present"] = mouth.present.astype(np.uint8).tobytes()
    return {"json": json.dumps(about).encode(), **files}


def decode_sample(files: dict[str, bytes]) -> Sample:
    """What `encode_sample` made, but for what 16 bits lose.

    Raises:
        ConfigError: it is no such sample.
    """
    try:
        about = json.loads(files["json"])
        waveform = np.frombuffer(files["i16"], "<i2").astype(np.float32) * np.float32(about["scale"] / FULL_SCALE)
        mouth = None
        if "crops" in files:
            present = np.frombuffer(files["present"], np.uint8).astype(bool)
            fraction = float(present.mean()) if len(present) else 0.0
            report = FaceReport(about["n_faces"], fraction, about["chosen"])
            crops = np.frombuffer(files["crops"], np.uint8).reshape(about["shape"])
            mouth = MouthTrack(np.frombuffer(files["times"], "<f8"), crops, present, report)
    except (KeyError, ValueError) as error:
        raise ConfigError(f"a packed sample must hold i16 and json but is damaged ({error}); pack it again") from None
    return Sample(waveform, mouth, about)


class PackedBank:
    """Recordings of one kind; takes the place of `avse.data.bank.WaveformBank`, and of a list of mouths."""

    def __init__(self, folder: Path) -> None:
        """Open a folder of shards.

        Raises:
            ConfigError: it holds no packed recordings.
        """
        self._shards = IndexedShards(folder)
        try:
            self.speakers: npt.NDArray[np.uint32] = np.load(folder / SPEAKERS, mmap_mode="r", allow_pickle=False)
            names = json.loads((folder / NAMES).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ConfigError(f"folder {folder} must hold a packed corpus but does not ({error})") from None
        self.names = [str(name) for name in names]
        """Of the speakers, or the kinds of noise, by their number."""
        self.shown: npt.NDArray[np.bool_] | None = _shown(folder)
        """`(samples,)` of talking faces, whether each is seen at all; None where that was not noted."""
        self._kept: OrderedDict[int, Sample] = OrderedDict()
        self.waveforms = Lazy(self, self._waveform)
        """Each `(samples,)`, read when it is asked for."""
        self.mouths = Lazy(self, self._mouth)
        """Of talking faces, read when one is asked for."""
        self.items: Any = Lazy(self, self._item)
        """What is known of each without reading it."""

    def __len__(self) -> int:
        return len(self._shards)

    def sample(self, row: int) -> Sample:
        """Read a sample, unless it is one of the last few."""
        if row not in self._kept:
            self._kept[row] = decode_sample(self._shards[row])
            while len(self._kept) > N_KEPT:
                self._kept.popitem(last=False)
        return self._kept[row]

    def _waveform(self, row: int) -> Waveform:
        return self.sample(row).waveform

    def _mouth(self, row: int) -> MouthTrack:
        mouth = self.sample(row).mouth
        if mouth is None:
            raise ConfigError("packed faces must have mouth crops but have none; pack them with their crops")
        return mouth

    def _item(self, row: int) -> PackedItem:
        return PackedItem(f"{row:012d}", self.names[int(self.speakers[row])])

    def __getstate__(self) -> dict[str, Any]:
        """For worker processes: samples stay behind."""
        return {**self.__dict__, "_kept": OrderedDict()}


def _shown(folder: Path) -> npt.NDArray[np.bool_] | None:
    path = folder / SHOWN
    return np.load(path, mmap_mode="r", allow_pickle=False) if path.is_file() else None


class Lazy(Generic[Read]):
    """A bank's rows by number, as one of their aspects."""

    def __init__(self, bank: PackedBank, read: Callable[[int], Read]) -> None:
        """Take the bank, and what reads a row of it."""
        self._bank, self._read = bank, read

    def __len__(self) -> int:
        return len(self._bank)

    def __getitem__(self, index: SupportsIndex) -> Read:
        """One row."""
        return self._read(range(len(self))[index])

    def __iter__(self) -> Iterator[Read]:
        """One row after the other."""
        return (self._read(row) for row in range(len(self)))


def is_packed(folder: Path) -> bool:
    """True if a folder holds a packed corpus."""
    return (folder / HEAD).is_file()


def open_packed(folder: Path, *, split: str, kind: Kind, sample_rate: int) -> PackedBank | None:
    """The recordings of a split and kind; None where it has none.

    Args:
        folder: of the packed corpus.
        split: `train`, `valid` and the like.
        kind: `faces`, `speech` or `noise`.
        sample_rate: Hz that are wanted.

    Raises:
        ConfigError: it is packed at another rate, or damaged.
    """
    head = json.loads((folder / HEAD).read_text(encoding="utf-8"))
    if head["sample_rate"] != sample_rate:
        raise ConfigError(
            f"packed corpus {folder} must be of {sample_rate} Hz but is of {head['sample_rate']} Hz; pack it again"
        )
    place = folder / split / kind
    return PackedBank(place) if place.is_dir() else None
