"""A corpus of files that lie in the user's own folders: films of people talking, and noise.

What `egs/*/prepare.py` needs for it: the folders' names come from the environment, every file is looked at, what is of
no use is told and left out, and the rest is split and written as items and fixed test mixtures.
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

from avse.data.fixed_mixtures import fix_mixtures
from avse.data.manifest import Item, write_manifest
from avse.data.pieces import Take, takes_of
from avse.data.prepare import prepare_command
from avse.data.sources import Source, identities, listen, look_at, noise_types, sounds_in
from avse.data.split import split_noises, split_takes
from avse.errors import ConfigError, MediaError
from avse.media.output import beside

OWN = "the user's own"
FEW_CLIPS = 50
"""Fewer clips to train with deserve a word."""
N_TOLD = 20
"""Files left out that are told one by one; the others stand in a file."""
KEPT = {"valid": 200, "test_seen": 60, "test_unseen": 60}
"""Talking faces of a split at most: more would be looked at, and validated with, for nothing."""
Done = TypeVar("Done")

Finder = Callable[[Path], list[Source]]
Rule = Callable[[list[Take]], dict[str, str] | None]


@dataclass(frozen=True)
class Places:
    """Folders of a corpus."""

    videos: Path
    noise: Path
    data: Path
    """For what is made of them: pieces of long films, and the fixed mixtures."""
    speech: Path | None = None
    """Competing voices, a folder for each speaker; without it the other films' voices compete."""
    per_speaker: int | None = None
    """Films of each speaker that are used, at most."""

    @classmethod
    def from_environment(cls) -> "Places":
        """What AVSE_VIDEOS, AVSE_NOISE, AVSE_SPEECH, AVSE_PER_SPEAKER and AVSE_DATA say.

        Raises:
            ConfigError: one that is needed is missing, or is no folder.
        """
        speech, most = os.environ.get("AVSE_SPEECH"), os.environ.get("AVSE_PER_SPEAKER")
        if most and (not most.isdecimal() or int(most) < 1):
            raise ConfigError(f"--per-speaker must be a number from 1 on but is {most}; give another")
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
    """Films in the folder of videos, as the corpus lays them out."""
    rule: Rule | None = None
    """The corpus' own split, by clip; None, or an answer of None, takes that of `split_takes`."""
    licence: str = OWN
    """Of the films."""
    left_out: list[str] = field(default_factory=list)
    """Why, one line each."""

    def command(self, argv: list[str], *, usage: str) -> int:
        """Run `check`, or `manifest OUT`, as `prepare_command` does."""
        return prepare_command(
            argv,
            usage=usage,
            check=lambda: self.check(Places.from_environment()),
            items=lambda: self.items(Places.from_environment()),
        )

    def check(self, places: Places) -> str:
        """Count what is there, without reading it.

        Raises:
            ConfigError: a folder is empty, or what was prepared before is of other files.
        """
        sources, noises, voices = self._found(places)
        record = places.data / "files.txt"
        now = _listing(sources, noises, voices)
        if record.is_file() and record.read_text(encoding="utf-8") != now:
            raise ConfigError(
                f"{places.data.parent} must be of the files that are there now but is of others; remove it, or name "
                "another --exp"
            )
        n_speakers = len({source.speaker for source in sources} - {None})
        people = f"{n_speakers} speakers" if n_speakers else "speakers not told apart"
        return f"{len(sources)} films ({people}), {len(noises)} noises, {len(voices)} competing voices: found"

    def items(self, places: Places) -> list[Item]:
        """Look at every file, and split them; writes the test mixtures, and the pieces of long films.

        Raises:
            ConfigError: too few files are of use.
        """
        sources, noises, voices = self._found(places)
        takes = self._each(sources, lambda source: takes_of(source, look_at(source), folder=places.data / "pieces"))
        items = self._faces([take for some in takes for take in some], places)
        items += self._noises(noises, places)
        items += self._speech(voices, places)
        mixtures = fix_mixtures(items, root=places.data)
        write_manifest(places.data / "av/test_mixtures.jsonl", mixtures)
        with beside(places.data / "left_out.txt", force=True) as temporary:
            temporary.write_text("".join(f"{line}\n" for line in self.left_out), encoding="utf-8")
        with beside(places.data / "files.txt", force=True) as temporary:
            temporary.write_text(_listing(sources, noises, voices), encoding="utf-8")
        self._tell(items, len(mixtures), places)
        return items

    def _found(self, places: Places) -> tuple[list[Source], list[Path], list[Path]]:
        sources = self.find(places.videos)
        if places.per_speaker:
            sources = _some_of_each(sources, places.per_speaker)
        return sources, sounds_in(places.noise), sounds_in(places.speech) if places.speech else []

    def _each(self, things: list[Source], work: Callable[[Source], Done]) -> list[Done]:
        """Do the same to all; those that fail are noted and left out."""
        done = []
        for thing in tqdm(things, desc="films", unit="film", delay=1):
            try:
                done.append(work(thing))
            except MediaError as error:
                self.left_out.append(str(error))
        return done

    def _sounding(self, paths: list[Path]) -> list[Path]:
        """Those sounds that can be read and heard."""
        good = []
        for path in tqdm(paths, desc="sounds", unit="file", delay=1):
            try:
                listen(path)
            except MediaError as error:
                self.left_out.append(str(error))
            else:
                good.append(path)
        return good

    def _faces(self, takes: list[Take], places: Places) -> list[Item]:
        splits = _thinned((self.rule(takes) if self.rule else None) or self._split_takes(takes))
        return [
            Item(
                id=take.id,
                split=splits[take.id],
                audio=_stored(take.audio, places.data),
                video=_stored(take.video, places.data),
                speaker=take.speaker or take.film,
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

    def _noises(self, paths: list[Path], places: Places) -> list[Item]:
        good = self._sounding(paths)
        types, names = noise_types(good, folder=places.noise), identities(good, folder=places.noise)
        try:
            splits = split_noises({names[path]: types[path] for path in good})
        except ConfigError as error:
            raise ConfigError(f"{error}{self._reason()}") from None

        def item(path: Path, split: str, name: str) -> Item:
            return Item(id=name, split=split, audio=_stored(path, places.data), noise_type=types[path], licence=OWN)

        items = [item(path, splits[names[path]], f"noise__{names[path]}") for path in good]
        if "valid" not in splits.values():
            # The test's noises stay unheard; better the training's than none.
            training = [path for path in good if splits[names[path]] == "train"]
            items += [item(path, "valid", f"noise__valid__{names[path]}") for path in training]
        return items

    def _speech(self, paths: list[Path], places: Places) -> list[Item]:
        """Competing voices, split by speaker: the first folder's name, else the file's."""
        if places.speech is None:
            return []
        good = self._sounding(paths)
        names = identities(good, folder=places.speech)
        speakers = {path: path.relative_to(places.speech).with_suffix("").parts[0] for path in good}
        by_speaker = {name: f"{zlib.crc32(name.encode()):08x}" for name in speakers.values()}
        order = sorted(by_speaker, key=lambda name: by_speaker[name])
        if len(order) < 3:
            raise ConfigError(
                f"speech must be of 3 speakers at least but is of {len(order)}; add some, or leave it out"
            )
        n_held = max(1, len(order) // 8)
        splits = {
            name: "test" if place < n_held else "valid" if place < 2 * n_held else "train"
            for place, name in enumerate(order)
        }
        return [
            Item(id=f"speech__{names[path]}", split=splits[speakers[path]], audio=_stored(path, places.data),
                 speaker=f"speech__{speakers[path]}", licence=OWN)
            for path in good
        ]  # fmt: skip

    def _reason(self) -> str:
        return f" ({len(self.left_out)} left out, the first: {self.left_out[0]})" if self.left_out else ""

    def _tell(self, items: list[Item], n_mixtures: int, places: Places) -> None:
        """What was left out, and what there is, on stderr."""
        for line in self.left_out[:N_TOLD]:
            say(f"left out: {line}")
        if len(self.left_out) > N_TOLD:
            say(f"left out: {len(self.left_out) - N_TOLD} more; {places.data / 'left_out.txt'} lists all")
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
        raise ConfigError(f"the folder of {name} must be named but is not; give --{name} FOLDER")
    if not Path(given).is_dir():
        raise ConfigError(f"--{name} must name a folder but {given} is none; check the path")
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
    return "".join(f"{path}\n" for path in sorted({*(source.film for source in sources), *noises, *voices}))


def say(line: str) -> None:
    """A line on stderr, beside the bars."""
    sys.stderr.write(f"prepare: {line}\n")
