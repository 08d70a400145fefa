"""A corpus of files that lie in the user's own folders: videos of people talking, and noise.

What `egs/*/prepare.py` needs for it: the folders' names come from the environment, every file is inspected, what is of
no use is reported and skipped, and the rest is split and written as items and fixed test mixtures.
"""

import os
import sys
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from tqdm import tqdm

from avse.corpora.pieces import Take, takes_of
from avse.corpora.prepare import prepare_command
from avse.corpora.sources import Source, audio_files_in, identities, listen, noise_types, probe_source
from avse.corpora.split import split_noises, split_takes
from avse.corpora.test_lists import fix_mixtures
from avse.data.manifest import Item, write_manifest
from avse.errors import ConfigError, MediaError
from avse.media.output import atomic_write

OWN = "the user's own"
FEW_CLIPS = 50
"""Fewer clips to train with deserve a word."""
N_REPORTED = 20
"""Files skipped that are reported one by one; the others stand in a file."""
KEPT = {"valid": 200, "test_seen": 60, "test_unseen": 60}
"""Talking faces of a split at most: more would be inspected, and validated with, for nothing."""
Done = TypeVar("Done")

Finder = Callable[[Path], list[Source]]
Rule = Callable[[list[Take]], dict[str, str] | None]


@dataclass(frozen=True)
class Folders:
    """Folders of a corpus."""

    videos: Path
    noise: Path
    data: Path
    """For what is made of them: pieces of long videos, and the fixed mixtures."""
    speech: Path | None = None
    """Competing voices, a folder for each speaker; without it the other videos' voices compete."""
    per_speaker: int | None = None
    """Videos of each speaker that are used, at most."""

    @classmethod
    def from_environment(cls) -> "Folders":
        """What AVSE_VIDEOS, AVSE_NOISE, AVSE_SPEECH, AVSE_PER_SPEAKER and AVSE_DATA say.

        Raises:
            ConfigError: one that is needed is missing, or is no folder.
        """
        speech, most = os.environ.get("AVSE_SPEECH"), os.environ.get("AVSE_PER_SPEAKER")
        if most and (not most.isdecimal() or int(most) < 1):
            raise ConfigError(f"videos per speaker must be a number from 1 on but is {most}; give another")
        return cls(
            videos=_folder("videos"),
            noise=_folder("noise"),
            data=Path(os.environ.get("AVSE_DATA", "data")),
            speech=_folder("speech") if speech else None,
            per_speaker=int(most) if most else None,
        )


@dataclass
class OwnCorpus:
    """Finds, checks and splits the files of a corpus."""

    find: Finder
    """Videos in the folder of videos, as the corpus lays them out."""
    rule: Rule | None = None
    """The corpus' own split, by clip; None, or an answer of None, takes that of `split_takes`."""
    licence: str = OWN
    """Of the videos."""
    skipped: list[str] = field(default_factory=list)
    """Why, one line each."""

    def command(self, argv: list[str], *, usage: str) -> int:
        """Run `check`, or `manifest OUT`, as `prepare_command` does."""
        return prepare_command(
            argv,
            usage=usage,
            check=lambda: self.check(Folders.from_environment()),
            items=lambda: self.items(Folders.from_environment()),
        )

    def check(self, folders: Folders) -> str:
        """Count what is there, without reading it.

        Raises:
            ConfigError: a folder is empty, or what was prepared before is of other files.
        """
        sources, noises, voices = self._found(folders)
        record = folders.data / "files.txt"
        now = _listing(sources, noises, voices)
        if record.is_file() and record.read_text(encoding="utf-8") != now:
            raise ConfigError(
                f"{folders.data.parent} must be of the files that are there now but is of others; remove it, or name "
                "another folder"
            )
        n_speakers = len({source.speaker for source in sources} - {None})
        people = f"{n_speakers} speakers" if n_speakers else "speakers not distinguished"
        return f"{len(sources)} videos ({people}), {len(noises)} noises, {len(voices)} competing voices: found"

    def items(self, folders: Folders) -> list[Item]:
        """Look at every file, and split them; writes the test mixtures, and the pieces of long videos.

        Raises:
            ConfigError: too few files are of use.
        """
        sources, noises, voices = self._found(folders)
        takes = self._each(
            sources, lambda source: takes_of(source, probe_source(source), folder=folders.data / "pieces")
        )
        items = self._faces([take for some in takes for take in some], folders)
        items += self._noises(noises, folders)
        items += self._speech(voices, folders)
        mixtures = fix_mixtures(items, root=folders.data)
        write_manifest(folders.data / "av/test_mixtures.jsonl", mixtures)
        with atomic_write(folders.data / "skipped.txt", force=True) as temporary:
            temporary.write_text("".join(f"{line}\n" for line in self.skipped), encoding="utf-8")
        with atomic_write(folders.data / "files.txt", force=True) as temporary:
            temporary.write_text(_listing(sources, noises, voices), encoding="utf-8")
        self._tell(items, len(mixtures), folders)
        return items

    def _found(self, folders: Folders) -> tuple[list[Source], list[Path], list[Path]]:
        sources = self.find(folders.videos)
        if folders.per_speaker:
            sources = _some_of_each(sources, folders.per_speaker)
        return sources, audio_files_in(folders.noise), audio_files_in(folders.speech) if folders.speech else []

    def _each(self, things: list[Source], work: Callable[[Source], Done]) -> list[Done]:
        """Do the same to all; those that fail are noted and skipped."""
        done = []
        for thing in tqdm(things, desc="videos", unit="video", delay=1):
            try:
                done.append(work(thing))
            except MediaError as error:
                self.skipped.append(str(error))
        return done

    def _sounding(self, paths: list[Path]) -> list[Path]:
        """Those recordings that can be read and heard."""
        good = []
        for path in tqdm(paths, desc="recordings", unit="file", delay=1):
            try:
                listen(path)
            except MediaError as error:
                self.skipped.append(str(error))
            else:
                good.append(path)
        return good

    def _faces(self, takes: list[Take], folders: Folders) -> list[Item]:
        splits = _thinned((self.rule(takes) if self.rule else None) or self._split_takes(takes))
        return [
            Item(
                id=take.id,
                split=splits[take.id],
                audio=_stored(take.audio, folders.data),
                video=_stored(take.video, folders.data),
                speaker=take.speaker or take.video_id,
                text=take.text,
                duration_s=round(take.duration_s, 3),
                licence=self.licence,
            )
            for take in takes
            if take.id in splits
        ]

    def _split_takes(self, takes: list[Take]) -> dict[str, str]:
        try:
            return split_takes(takes)
        except ConfigError as error:
            raise ConfigError(f"{error}{self._reason()}") from None

    def _noises(self, paths: list[Path], folders: Folders) -> list[Item]:
        good = self._sounding(paths)
        types, names = noise_types(good, folder=folders.noise), identities(good, folder=folders.noise)
        try:
            splits = split_noises({names[path]: types[path] for path in good})
        except ConfigError as error:
            raise ConfigError(f"{error}{self._reason()}") from None

        def item(path: Path, split: str, name: str) -> Item:
            return Item(id=name, split=split, audio=_stored(path, folders.data), noise_type=types[path], licence=OWN)

        items = [item(path, splits[names[path]], f"noise__{names[path]}") for path in good]
        if "valid" not in splits.values():
            # The test's noises stay unheard; better the training's than none.
            training = [path for path in good if splits[names[path]] == "train"]
            items += [item(path, "valid", f"noise__valid__{names[path]}") for path in training]
        return items

    def _speech(self, paths: list[Path], folders: Folders) -> list[Item]:
        """Competing voices, split by speaker: the first folder's name, else the file's."""
        if folders.speech is None:
            return []
        good = self._sounding(paths)
        names = identities(good, folder=folders.speech)
        speakers = {path: path.relative_to(folders.speech).with_suffix("").parts[0] for path in good}
        by_speaker = {name: f"{zlib.crc32(name.encode()):08x}" for name in speakers.values()}
        order = sorted(by_speaker, key=lambda name: by_speaker[name])
        if len(order) < 3:
            raise ConfigError(
                f"speech must be of 3 speakers at least but is of {len(order)}; add some, or leave it out"
            )
        n_held = max(1, len(order) // 8)
        splits = {
            name: "test" if index < n_held else "valid" if index < 2 * n_held else "train"
            for index, name in enumerate(order)
        }
        return [
            Item(id=f"speech__{names[path]}", split=splits[speakers[path]], audio=_stored(path, folders.data),
                 speaker=f"speech__{speakers[path]}", licence=OWN)
            for path in good
        ]  # fmt: skip

    def _reason(self) -> str:
        return f" ({len(self.skipped)} skipped, the first: {self.skipped[0]})" if self.skipped else ""

    def _tell(self, items: list[Item], n_mixtures: int, folders: Folders) -> None:
        """What was skipped, and what there is, on stderr."""
        for line in self.skipped[:N_REPORTED]:
            say(f"skipped: {line}")
        if len(self.skipped) > N_REPORTED:
            say(f"skipped: {len(self.skipped) - N_REPORTED} more; {folders.data / 'skipped.txt'} lists all")
        for kind, some in {
            "talking faces": [item for item in items if item.video],
            "noises": [item for item in items if not item.is_speech],
            "voices": [item for item in items if item.is_speech and not item.video],
        }.items():
            counts = Counter(item.split for item in some)
            if counts:
                say(f"{kind}: " + ", ".join(f"{n} {split}" for split, n in sorted(counts.items())))
        say(f"{n_mixtures} test mixtures")
        n_training = sum(item.video is not None and item.split == "train" for item in items)
        if n_training < FEW_CLIPS:
            say(f"only {n_training} clips to train with: the stages run, but a network learns little from so few")


def _folder(name: str) -> Path:
    given = os.environ.get(f"AVSE_{name.upper()}")
    if not given:
        raise ConfigError(f"the folder of {name} must be named but is not; name one")
    if not Path(given).is_dir():
        raise ConfigError(f"{name} must be a folder but {given} is none; check the path")
    return Path(given).resolve()


def _stored(path: Path, root: Path) -> str:
    """As items name it: relative to the root if it lies there, else whole."""
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)


def _thinned(splits: dict[str, str]) -> dict[str, str]:
    """The same with no more clips than are of use to a split, chosen by chance."""
    counts: Counter[str] = Counter()
    kept = {}
    for name in sorted(splits, key=lambda name: (zlib.crc32(name.encode()), name)):
        split = splits[name]
        counts[split] += 1
        if counts[split] <= KEPT.get(split, len(splits)):
            kept[name] = split
    return kept


def _some_of_each(sources: list[Source], most: int) -> list[Source]:
    """At most so many of each speaker, by chance."""
    counts: Counter[str | None] = Counter()
    kept = set()
    for source in sorted(sources, key=lambda source: (zlib.crc32(source.id.encode()), source.id)):
        counts[source.speaker] += 1
        if counts[source.speaker] <= most:
            kept.add(source.id)
    return [source for source in sources if source.id in kept]


def _listing(sources: list[Source], noises: list[Path], voices: list[Path]) -> str:
    return "".join(f"{path}\n" for path in sorted({*(source.video for source in sources), *noises, *voices}))


def say(line: str) -> None:
    """A line on stderr, beside the bars."""
    sys.stderr.write(f"prepare: {line}\n")
