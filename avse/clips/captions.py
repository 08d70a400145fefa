"""Captions: what is said when. SubRip (.srt), WebVTT (.vtt), GRID's .align, and plain text (.txt) for a whole video."""

import math
import re
from pathlib import Path
from typing import NamedTuple

from avse.errors import MediaError
from avse.jobs.places import Place, all_files
from avse.media.limits import MAX_CAPTION_BYTES

SUFFIXES = (".srt", ".vtt", ".align", ".txt")
ALIGN_RATE_HZ = 25_000
"""Of the times in .align files."""
CLOCK = r"((?:\d{1,6}:)?\d{1,6}:\d{1,6}[.,]\d{1,9})"
TIMES = re.compile(rf"{CLOCK}\s{{0,20}}-->\s{{0,20}}{CLOCK}")
"""Bounded everywhere, so that a line of digits is searched in linear time."""
MARKUP = re.compile(r"<[^<>]*>|\{[^{}]*\}")
"""No bracket within brackets, or every `<` would search the rest of the text."""
COUNT = re.compile(r"[0-9]{1,15}")
LANGUAGE = re.compile(r"\.[A-Za-z]{2,3}(?:[-_]\w+)*$")
"""Before the suffix, as downloaded subtitles have it: `film.en.vtt`."""


class Caption(NamedTuple):
    """Some words and when they are said."""

    start_s: float
    end_s: float
    """Infinite for a text of the whole video."""
    text: str


def captions_by_video(folder: Place) -> dict[str, Place]:
    """The caption file of each video in a folder, by the video's name without its suffix.

    It has the video's name, perhaps with a language (`film.en.vtt`), which comes second; of several suffixes the first
    of `SUFFIXES` is taken, of several languages the first by the alphabet.
    """
    paths = all_files(folder)
    others = {path.stem for path in paths if path.suffix.lower() not in SUFFIXES}
    ranked: list[tuple[bool, int, str, str, Place]] = []
    for path in paths:
        suffix = path.suffix.lower()
        if suffix in SUFFIXES:
            stem = path.stem if path.stem in others else LANGUAGE.sub("", path.stem)
            ranked.append((stem != path.stem, SUFFIXES.index(suffix), path.name, stem, path))
    found: dict[str, Place] = {}
    for *_, stem, path in sorted(ranked):
        found.setdefault(stem, path)
    return found


def read_captions(path: Path) -> tuple[list[Caption], list[str]]:
    """Read a caption file.

    Args:
        path: with one of `SUFFIXES`.

    Returns:
        Captions by their start, and what was wrong in the file, one line each: an encoding that is not UTF-8 (it is
        then read as Latin-1), times that end before they start (skipped).

    Raises:
        MediaError: the file is missing or larger than `limits.MAX_CAPTION_BYTES`, or its suffix is none of these.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise MediaError(f"captions {path} must end in {', '.join(SUFFIXES)} but end in {path.suffix!r}; rename them")
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_CAPTION_BYTES + 1)
    except OSError as error:
        raise MediaError(f"captions {path} must be readable but are not ({error.strerror}); check the path") from None
    if len(raw) > MAX_CAPTION_BYTES:
        raise MediaError(f"captions {path} must be at most {MAX_CAPTION_BYTES // 2**20} MiB but are more; check them")
    text, problems = _decoded(raw, path)
    suffix = path.suffix.lower()
    if suffix == ".txt":
        found = [Caption(0.0, math.inf, _clean(text))]
    elif suffix == ".align":
        found = _align(text)
    else:
        found = _timed(text)
    kept = [caption for caption in found if caption.text and caption.end_s > caption.start_s]
    if backwards := sum(caption.end_s <= caption.start_s for caption in found):
        problems.append(f"captions {path}: {backwards} end before they start and are skipped")
    if not kept:
        problems.append(f"captions {path} hold no text")
    return sorted(kept), problems


def captions_between(captions: list[Caption], *, start_s: float, end_s: float, n: int = 1) -> list[str]:
    """What is said in a stretch of video, and just before and after it.

    What lies for its greater part in the stretch, or fills its greater part, counts as said in it; so words that have
    times of their own become the phrase that is heard, and long captions count where they are.

    Args:
        captions: of the video.
        start_s: of the stretch, seconds.
        end_s: of the stretch, seconds.
        n: at most so many texts.

    Returns:
        The text of the stretch, then of stretches of its length that begin half of it earlier, half of it later, and
        so on; no text twice, none that is empty. Nothing at all if nothing is said in the stretch itself.
    """
    length_s = end_s - start_s
    texts: list[str] = []
    for number in range(2 * n):
        shift_s = (number + 1) // 2 * (-1) ** number * length_s / 2
        text = " ".join(c.text for c in captions if _is_spoken(c, start_s=start_s + shift_s, end_s=end_s + shift_s))
        if not text and not number:
            return []
        if text and text not in texts:
            texts.append(text)
    return texts[:n]


def _is_spoken(caption: Caption, *, start_s: float, end_s: float) -> bool:
    common_s = min(caption.end_s, end_s) - max(caption.start_s, start_s)
    return common_s > 0.5 * min(caption.end_s - caption.start_s, end_s - start_s)


def _decoded(raw: bytes, path: Path) -> tuple[str, list[str]]:
    encoding = "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return raw.decode(encoding), []
    except UnicodeDecodeError:
        return raw.decode("latin-1"), [f"captions {path} must be UTF-8 but are not; they are read as Latin-1"]


def _clean(text: str) -> str:
    return " ".join(MARKUP.sub(" ", text).split())


def _timed(text: str) -> list[Caption]:
    """SubRip and WebVTT: a line of times, then lines of words up to an empty one."""
    captions = []
    for block in re.split(r"\n\s*\n", text.replace("\r\n", "\n").replace("\r", "\n")):
        lines = block.split("\n")
        for number, line in enumerate(lines):
            if match := TIMES.search(line):
                words = _clean(" ".join(lines[number + 1 :]))
                captions.append(Caption(_seconds(match[1]), _seconds(match[2]), words))
                break
    return captions


def _seconds(clock: str) -> float:
    total = 0.0
    for part in clock.replace(",", ".").split(":"):
        total = 60 * total + float(part)
    return total


def _align(text: str) -> list[Caption]:
    """Start, end and word a line; silence and short pauses are no words."""
    captions = []
    for line in text.splitlines():
        parts = line.split()
        if len(parts) == 3 and all(map(COUNT.fullmatch, parts[:2])) and parts[2] not in ("sil", "sp"):
            captions.append(Caption(int(parts[0]) / ALIGN_RATE_HZ, int(parts[1]) / ALIGN_RATE_HZ, parts[2]))
    return captions
