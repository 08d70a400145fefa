"""Who trains, who validates and who tests: by speaker where speakers are known, else by video; noises by file."""

import zlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import TypeVar

from avse.corpora.pieces import Take
from avse.errors import ConfigError

SEED = 1
MIN_UNSEEN = 3
"""Speakers from which on some stand in test_unseen only."""
MIN_VALID = 6
"""Speakers from which on some stand in valid only, too; fewer are too precious."""
Name = TypeVar("Name")


def deal(sizes: Mapping[str, int], shares: Mapping[str, float], *, seed: int = SEED) -> dict[str, str]:
    """Give whole units to splits, so that the splits' sizes come near their shares, and none is empty.

    Args:
        sizes: of the units, such as a speaker's number of clips.
        shares: of the splits; they add up to 1.
        seed: of the order among units of one size.

    Returns:
        Split of each unit.

    Raises:
        ConfigError: there are fewer units than splits.
    """
    if len(sizes) < len(shares):
        raise ConfigError(
            f"at least {len(shares)} recordings are needed, for {', '.join(shares)}, but there are {len(sizes)}; "
            "add more"
        )
    order = sorted(sizes, key=lambda unit: (-sizes[unit], zlib.crc32(f"{seed}/{unit}".encode()), unit))
    missing = {split: share * sum(sizes.values()) for split, share in shares.items()}
    dealt: dict[str, str] = {}
    for index, unit in enumerate(order):
        empty = [split for split in shares if split not in dealt.values()]
        open_splits = empty if len(order) - index <= len(empty) else list(shares)
        split = max(open_splits, key=lambda name: missing[name])
        missing[split] -= sizes[unit]
        dealt[unit] = split
    return dealt


def split_takes(takes: Sequence[Take], *, seed: int = SEED) -> dict[str, str]:
    """Split the clips of talking faces.

    From three speakers on some are held out for test_unseen, from six on others for valid; test_seen, and valid where
    there are fewer, are other videos of the speakers who train. With one or two speakers, or unknown ones, all is split
    by video; and where there are too few videos, by piece.

    Args:
        takes: of all videos.
        seed: of the choice.

    Returns:
        Split of each clip's id.

    Raises:
        ConfigError: there are fewer than three clips.
    """
    speakers = Counter(take.speaker for take in takes if take.speaker is not None)
    if len(takes) < 3:
        raise ConfigError(
            f"at least 3 clips are needed, to train, to validate and to test with, but {len(takes)} can be used; "
            "add more videos"
        )
    if len(speakers) < MIN_UNSEEN:
        return _honest(takes, _by_video(takes, {"train": 0.7, "valid": 0.15, "test_seen": 0.15}, seed=seed))
    groups = {take.id: take.speaker or take.video_id for take in takes}
    if len(speakers) >= MIN_VALID:
        shares, inner = {"train": 0.7, "valid": 0.15, "test_unseen": 0.15}, {"train": 0.9, "test_seen": 0.1}
    else:
        shares, inner = {"train": 0.8, "test_unseen": 0.2}, {"train": 0.8, "valid": 0.1, "test_seen": 0.1}
    of_group = deal(Counter(groups.values()), shares, seed=seed)
    splits = {name: of_group[group] for name, group in groups.items()}
    training = [take for take in takes if splits[take.id] == "train"]
    return _honest(takes, {**splits, **_by_video(training, inner, seed=seed)})


def _by_video(takes: Sequence[Take], shares: Mapping[str, float], *, seed: int) -> dict[str, str]:
    """Split by video, or by piece where there are fewer videos than splits; test_seen may be skipped."""
    if len(takes) < len(shares):
        shares = {split: share for split, share in shares.items() if split != "test_seen"}
    n_videos = len({take.video_id for take in takes})
    groups = {take.id: take.video_id if n_videos >= len(shares) else take.id for take in takes}
    of_group = deal(Counter(groups.values()), shares, seed=seed)
    return {name: of_group[group] for name, group in groups.items()}


def _honest(takes: Sequence[Take], splits: dict[str, str]) -> dict[str, str]:
    """What is called seen must have been: a speaker whose only video is a test's was never trained on."""
    trained = {take.speaker for take in takes if splits[take.id] == "train"}
    for take in takes:
        if splits[take.id] == "test_seen" and take.speaker is not None and take.speaker not in trained:
            splits[take.id] = "test_unseen"
    return splits


def split_noises(types: Mapping[Name, str], *, seed: int = SEED) -> dict[Name, str]:
    """Split noise files: of each type a quarter tests and a tenth validates; types of one file each are dealt out.

    Args:
        types: of the files.
        seed: of the choice.

    Returns:
        `train`, `valid` or `test` for each file; none may be for valid, but some are for the other two.

    Raises:
        ConfigError: there is only one file.
    """
    if len(types) < 2:
        raise ConfigError(
            f"at least 2 noise files are needed, to train and to test with, but {len(types)} can be used; add another, "
            "or cut a long one in two"
        )
    files: dict[str, list[Name]] = defaultdict(list)
    for name, kind in types.items():
        files[kind].append(name)
    groups = [group for group in files.values() if len(group) > 1]
    groups.append([group[0] for group in files.values() if len(group) == 1])
    splits: dict[Name, str] = {}
    for group in groups:
        order = sorted(group, key=lambda name: (zlib.crc32(f"{seed}/{name}".encode()), str(name)))
        n_test = max(1, round(len(order) / 4)) if len(order) > 1 else 0
        n_valid = max(1, round(len(order) / 10)) if len(order) > 2 else 0
        for index, name in enumerate(order):
            splits[name] = "test" if index < n_test else "valid" if index < n_test + n_valid else "train"
    return splits
