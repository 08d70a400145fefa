"""Make the list of long videos of a corpus: `python -m recipes.speech_benchmark.long_list MANIFEST OUT.jsonl`.

For each person of the test and of the validation: videos of 20 s in plain noises and among talkers, with the target
silent for a while, the face leaving and returning, a cut to another face; and some of 60 s. Clips of one person are
joined end to end, again from the first where they do not last. The same manifest gives the same list. With
`--talkers`, the generated talkers that `recipes.speech_benchmark.talkers` wrote follow.
"""

import argparse
import sys
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from avse.data.manifest import Item, read_manifest
from avse.errors import AvseError, ConfigError
from recipes.speech_benchmark.videos import SEGMENT_S, Interferer, LongVideo, write_videos

SPLITS = {"test_seen": "test", "test_unseen": "test", "valid": "valid"}
"""Splits of talking faces, and that of the noises and other voices they are mixed with."""
SCENARIOS = ("noise", "talkers", "silence", "leaving", "cut")
SHORT_S, LONG_S = 20.0, 60.0
SNRS_DB = (-5.0, 0.0, 5.0, 10.0)
N_TYPES = 6
"""Plain noises for each person: white, pink where there is one, and others in turn."""
GAP = {SHORT_S: (2, 3), LONG_S: (2, 3, 8, 9, 10, 15)}
"""Segments in which the target is silent, the face is gone, or another face is shown."""
SHORTEST_NOISE_S = 2.0
"""Shorter recordings, looped, would be a rhythm of their own."""


class _Person(NamedTuple):
    """A speaker of a split, and what there is to mix with."""

    split: str
    speaker: str
    speaker_index: int
    """Among those that are mixed with the same noises, so that each has others."""
    clips: list[Item]
    stranger: list[Item]
    noises: dict[str, list[Item]]
    voices: dict[str, list[Item]]


def list_videos(items: Sequence[Item]) -> list[LongVideo]:
    """Long videos of every person of the test and the validation.

    Args:
        items: the whole manifest.

    Raises:
        ConfigError: there is no such person.
    """
    videos = [video for person in _people(items) for video in _videos_of(person)]
    if not videos:
        raise ConfigError("the manifest must hold talking faces of the test but holds none; check its splits")
    return videos


def list_talkers(items: Sequence[Item]) -> list[LongVideo]:
    """Generated talkers in the noise that was generated with them.

    Args:
        items: as `recipes.speech_benchmark.talkers` writes them: each clip followed by its noise.
    """
    clips, noises = items[::2], items[1::2]
    return [
        LongVideo(
            id=clip.id, split="synthetic", speaker=str(clip.speaker), scenario="noise", noise_type="room", snr_db=5.0,
            length_s=float(clip.duration_s or 0), clips=(clip.id,), sources=(Interferer((noise.audio,)),),
            stranger_clips=(_other(clips, clip).id,),
        )
        for clip, noise in zip(clips, noises, strict=True)
    ]  # fmt: skip


def _other(clips: Sequence[Item], clip: Item) -> Item:
    same_length = [other for other in clips if other.duration_s == clip.duration_s]
    return same_length[(same_length.index(clip) + 1) % len(same_length)]


def _people(items: Sequence[Item]) -> list[_Person]:
    people: list[_Person] = []
    for split, competing_split in SPLITS.items():
        faces = [item for item in items if item.split == split and item.video]
        noises: dict[str, list[Item]] = {}
        voices: dict[str, list[Item]] = {}
        for item in items:
            if (
                item.split == competing_split
                and item.noise_type
                and (item.duration_s or SHORTEST_NOISE_S) >= SHORTEST_NOISE_S
            ):
                noises.setdefault(item.noise_type, []).append(item)
            if item.split == competing_split and item.is_speech and not item.video:
                voices.setdefault(str(item.speaker), []).append(item)
        speakers = list(dict.fromkeys(str(item.speaker) for item in faces))
        n_before = sum(SPLITS[person.split] == competing_split for person in people)
        for index, speaker in enumerate(speakers):
            own = [item for item in faces if item.speaker == speaker]
            rest = [s for s in speakers if s != speaker]
            other = rest[index % len(rest)] if rest else speaker
            stranger = [item for item in faces if item.speaker == other]
            # In a corpus of one person the wrong face is at least one that says something else.
            people.append(
                _Person(split, speaker, n_before + index, own, stranger if rest else own[::-1], noises, voices)
            )
    return people


def _videos_of(person: _Person) -> list[LongVideo]:
    """All videos of one person."""
    videos = []
    plain = _plain_types(person)
    for number, kind in enumerate(plain):
        videos.append(_video(person, "noise", kind, SNRS_DB[(number + person.speaker_index) % len(SNRS_DB)], SHORT_S))
    voices = [kind for kind, n in (("talker_1", 1), ("talker_3", 3)) if len(person.voices) >= n]
    for kind in voices:
        videos.append(_video(person, "talkers", kind, 0.0, SHORT_S))
    for kind in voices[:1]:
        videos.append(_video(person, "talkers", kind, 5.0, SHORT_S))
        for hidden in (False, True):
            videos.append(_video(person, "silence", kind, 0.0, SHORT_S, hidden=hidden))
    for scenario in ("leaving", "cut"):
        videos += [_video(person, scenario, kind, 0.0, SHORT_S) for kind in (plain[-1], *voices[:1])]
    videos.append(_video(person, "noise", plain[0], 5.0, LONG_S))
    for kind in voices[:1]:
        videos.append(_video(person, "talkers", kind, 0.0, LONG_S))
        videos.append(_video(person, "silence", kind, 0.0, LONG_S))
    return videos


def _plain_types(person: _Person) -> list[str]:
    """White noise, and recorded noises of which each person takes others."""
    recorded = sorted(person.noises)
    fixed = [kind for kind in ("pink_noise", "noise_pink") if kind in recorded][:1]
    rest = [kind for kind in recorded if kind not in fixed]
    step = (N_TYPES - 1 - len(fixed)) * person.speaker_index
    turned = [rest[(step + number) % len(rest)] for number in range(min(len(rest), N_TYPES - 1 - len(fixed)))]
    return ["white", *fixed, *turned]


def _video(
    person: _Person, scenario: str, kind: str, snr_db: float, length_s: float, *, hidden: bool = False
) -> LongVideo:
    """One video; everything drawn depends on its id alone."""
    name = f"{scenario}_hidden" if hidden else scenario
    identity = f"{person.split}__{person.speaker}__{name}__{kind}__{snr_db:+g}dB__{length_s:g}s"
    rng = np.random.default_rng(zlib.crc32(identity.encode()))
    gap = GAP[length_s]
    return LongVideo(
        id=identity,
        split=person.split,
        speaker=person.speaker,
        scenario=scenario,
        noise_type=kind,
        snr_db=snr_db,
        length_s=length_s,
        clips=_enough(person.clips, length_s, rng),
        sources=_sources(person, kind, rng),
        stranger_clips=_enough(person.stranger, length_s, rng),
        muted=gap if scenario == "silence" else (),
        hidden=gap if hidden or scenario == "leaving" else (),
        replaced=gap if scenario == "cut" else (),
    )


def _enough(clips: Sequence[Item], length_s: float, rng: np.random.Generator) -> tuple[str, ...]:
    """Clips in a drawn order, until they last; each once before any comes again."""
    order = rng.permutation(len(clips))
    chosen: list[str] = []
    total_s = 0.0
    while total_s < length_s - 1e-6:
        clip = clips[order[len(chosen) % len(order)]]
        chosen.append(clip.id)
        total_s += clip.duration_s or SEGMENT_S
    return tuple(chosen)


def _sources(person: _Person, kind: str, rng: np.random.Generator) -> tuple[Interferer, ...]:
    if kind == "white":
        return (Interferer((), seed=int(rng.integers(2**31))),)
    offset_s = round(float(rng.uniform(0, 10)), 3)
    if not kind.startswith("talker_"):
        recordings = person.noises[kind]
        return (Interferer((recordings[rng.integers(len(recordings))].audio,), offset_s),)
    speakers = rng.permutation(sorted(person.voices))[: int(kind.removeprefix("talker_"))]
    return tuple(Interferer(tuple(item.audio for item in person.voices[speaker]), offset_s) for speaker in speakers)


def main(argv: list[str] | None = None) -> int:
    """Write the list."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("manifest", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--scenarios", default=",".join(SCENARIOS), help="with commas between (default: %(default)s)")
    parser.add_argument("--talkers", type=Path, help="manifest of generated talkers")
    arguments = parser.parse_args(argv)
    scenarios = arguments.scenarios.split(",")
    if unknown := [name for name in scenarios if name not in SCENARIOS]:
        parser.error(f"scenarios must be of {', '.join(SCENARIOS)} but one is {unknown[0]!r}; correct it")
    try:
        videos = [video for video in list_videos(read_manifest(arguments.manifest)) if video.scenario in scenarios]
        if arguments.talkers:
            videos += list_talkers(read_manifest(arguments.talkers))
        write_videos(arguments.output, videos)
    except AvseError as error:
        print(f"long_list: error: {error}", file=sys.stderr)
        return 1
    print(f"{len(videos)} long videos", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
