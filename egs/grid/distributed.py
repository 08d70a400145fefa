"""Check GRID as it is distributed, and a folder of noise, and write the manifest that training reads.

    python egs/grid/distributed.py check
    python egs/grid/distributed.py manifest exp/manifest.jsonl

The folders are those that AVSE_VIDEOS and AVSE_NOISE name; run.sh --videos FOLDER --noise FOLDER sets them.
"""

import re
import sys
import zlib
from collections.abc import Iterable
from pathlib import Path

from avse.clips.captions import read_captions
from avse.corpora.own import OwnCorpus, say
from avse.corpora.pieces import Take
from avse.corpora.sources import Source, videos_in
from avse.errors import ConfigError

SPEAKER = re.compile(r"s(\d{1,2})(?!\d)", re.IGNORECASE)
"""How the folder of a speaker begins: s1, s1_50kHz, s1.mpg_vcd."""
SENTENCE = re.compile(r"[a-z]{4}[0-9z][a-z]", re.IGNORECASE)
"""How a sentence is called, such as bbaf2n: bin blue at f two now."""
UNSEEN = ("s1", "s2", "s20", "s22")
"""Speakers of test_unseen: two women and two men, those that LipNet (Assael et al. 2016) holds out."""
N_PARTS = 20
"""Sentences are split by their name: a twentieth for test_seen, another for valid, whoever says them."""

Key = tuple[str | None, str]


def find(folder: Path) -> list[Source]:
    """All sentences, wherever the speakers' folders lie.

    Raises:
        ConfigError: there are no videos, or none in a speaker's folder.
    """
    videos: dict[Key, Path] = {}
    for path in videos_in(folder):
        key = _key(path, folder)
        # Of two versions of a sentence, as of 360 and 720 pixels, the larger file is the better one.
        if key and key[0] and (key not in videos or path.stat().st_size > videos[key].stat().st_size):
            videos[key] = path
    if not videos:
        raise ConfigError(
            f"folder {folder} must hold GRID's videos, such as s1/bbaf2n.mpg, but has none in a folder s1 to s34; name "
            "the folder above these"
        )
    recordings, texts = (_by_key(folder.rglob(f"*.{suffix}"), folder) for suffix in ("wav", "align"))
    return [
        Source(f"{speaker}_{name}", video, speaker, audio=recordings.get((speaker, name)),
               text=_text(texts.get((speaker, name)) or texts.get((None, name))))
        for (speaker, name), video in sorted(videos.items(), key=lambda pair: str(pair[1]))
    ]  # fmt: skip


def rule(takes: list[Take]) -> dict[str, str] | None:
    """Four speakers for test_unseen; of the others, sentences by their name. None where that leaves a split empty."""
    splits = {}
    for take in takes:
        part = zlib.crc32(take.video_id.partition("_")[2].encode()) % N_PARTS
        known = {0: "test_seen", 1: "valid"}.get(part, "train")
        splits[take.id] = "test_unseen" if take.speaker in UNSEEN else known
    if {"train", "valid", "test_seen", "test_unseen"} <= set(splits.values()):
        return splits
    say(
        f"GRID's split needs {', '.join(UNSEEN)} and others, with many sentences each; these are split as any folder is"
    )
    return None


def _by_key(paths: Iterable[Path], folder: Path) -> dict[Key, Path]:
    return {key: path for path in sorted(paths) if (key := _key(path, folder))}


def _key(path: Path, folder: Path) -> Key | None:
    """Speaker and sentence of a file; None if it is none of GRID's, no speaker if no folder tells."""
    if not SENTENCE.fullmatch(path.stem):
        return None
    # The folder itself may be a speaker's.
    for part in reversed((folder.name, *path.relative_to(folder).parts[:-1])):
        if match := SPEAKER.match(part):
            return f"s{int(match[1])}", path.stem.lower()
    return None, path.stem.lower()


def _text(path: Path | None) -> str | None:
    """The words of an .align file, whose times are in 1/25000 s; silence is none."""
    return " ".join(caption.text for caption in read_captions(path)[0]) or None if path else None


if __name__ == "__main__":
    sys.exit(OwnCorpus(find, rule, licence="CC-BY-4.0").command(sys.argv[1:], usage=__doc__))
