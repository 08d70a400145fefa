"""Nobody and nothing of the tests is trained on, and no split is empty."""

from collections import Counter
from pathlib import Path

import pytest

from avse.corpora.pieces import Take
from avse.corpora.sources import noise_types
from avse.corpora.split import deal, split_noises, split_takes
from avse.errors import ConfigError


def _takes(n_videos, *, speakers=(None,), pieces=1):
    return [
        Take(f"{speaker}_{video}_{piece}", f"{speaker}_{video}", speaker, Path("v"), Path("a"), 3.0, None)
        for speaker in speakers
        for video in range(n_videos)
        for piece in range(pieces)
    ]


def _of(takes, splits, field):
    found = {}
    for take in takes:
        found.setdefault(splits[take.id], set()).add(getattr(take, field))
    return found


def test_units_come_near_the_shares_and_stay_whole():
    sizes = {f"unit{number}": 1 + number % 5 for number in range(60)}
    dealt = deal(sizes, {"a": 0.7, "b": 0.2, "c": 0.1})
    totals = Counter()
    for unit, split in dealt.items():
        totals[split] += sizes[unit]
    assert [round(totals[name] / sum(sizes.values()), 2) for name in "abc"] == [0.7, 0.2, 0.1]
    assert deal(sizes, {"a": 0.7, "b": 0.2, "c": 0.1}) == dealt
    assert deal(sizes, {"a": 0.7, "b": 0.2, "c": 0.1}, seed=2) != dealt


def test_one_giant_trains_and_no_split_is_empty():
    assert deal({"hour": 720, "x": 1, "y": 1}, {"train": 0.7, "valid": 0.15, "test": 0.15})["hour"] == "train"
    with pytest.raises(ConfigError, match=r"at least 3 recordings are needed"):
        deal({"x": 1, "y": 1}, {"train": 0.7, "valid": 0.15, "test": 0.15})


def test_of_many_speakers_some_are_never_seen():
    takes = _takes(10, speakers=[f"p{number}" for number in range(8)])
    speakers = _of(takes, split_takes(takes), "speaker")
    assert set(speakers) == {"train", "valid", "test_seen", "test_unseen"}
    assert speakers["train"].isdisjoint(speakers["valid"] | speakers["test_unseen"])
    assert speakers["valid"].isdisjoint(speakers["test_unseen"])
    assert speakers["test_seen"] <= speakers["train"]


def test_of_few_speakers_one_is_unseen_and_videos_validate():
    takes = _takes(6, speakers=["Ann", "Ben", "Zoë"])
    splits = split_takes(takes)
    speakers, videos = _of(takes, splits, "speaker"), _of(takes, splits, "video_id")
    assert len(speakers["test_unseen"]) == 1
    assert speakers["train"] == {"Ann", "Ben", "Zoë"} - speakers["test_unseen"]
    assert videos["train"].isdisjoint(videos["valid"] | videos["test_seen"])


def test_unknown_speakers_are_split_by_video():
    takes = _takes(6, pieces=4)
    splits = split_takes(takes)
    videos = _of(takes, splits, "video_id")
    assert Counter(splits.values()) == {"train": 16, "valid": 4, "test_seen": 4}
    assert videos["train"].isdisjoint(videos["valid"] | videos["test_seen"])


def test_one_video_is_split_by_piece():
    takes = _takes(1, pieces=20)
    assert Counter(split_takes(takes).values()) == {"train": 14, "valid": 3, "test_seen": 3}


def test_who_was_never_trained_on_is_not_called_seen():
    takes = [*_takes(9, speakers=["Ann"]), *_takes(1, speakers=["Ben"])]
    for seed in range(20):
        splits = split_takes(takes, seed=seed)
        if splits["Ben_0_0"] != "train":
            assert splits["Ben_0_0"] in ("valid", "test_unseen")


@pytest.mark.parametrize("n", range(3, 9))
def test_few_clips_of_any_kind_fill_the_splits(n):
    for takes in (_takes(n), _takes(1, speakers=[f"p{number}" for number in range(n)])):
        found = set(split_takes(takes).values())
        assert {"train", "valid"} < found
        assert found & {"test_seen", "test_unseen"}


def test_too_few_clips_are_reported():
    with pytest.raises(ConfigError, match=r"at least 3 clips are needed.*but 2 can be used"):
        split_takes(_takes(2))


def test_each_noise_file_has_one_split_and_each_type_a_test():
    types = {f"{kind}{number}": kind for kind, n in {"car": 10, "babble": 3, "rain": 2}.items() for number in range(n)}
    splits = split_noises(types)
    assert splits.keys() == types.keys()
    assert {types[name] for name, split in splits.items() if split == "test"} == {"car", "babble", "rain"}
    assert {types[name] for name, split in splits.items() if split == "train"} == {"car", "babble", "rain"}
    assert Counter(split for name, split in splits.items() if types[name] == "car") == {
        "train": 7,
        "test": 2,
        "valid": 1,
    }


def test_types_of_one_file_each_are_dealt_out():
    assert Counter(split_noises({f"n{i}": f"n{i}" for i in range(8)}).values()) == {"train": 5, "test": 2, "valid": 1}
    assert sorted(split_noises({"x": "a", "y": "b"}).values()) == ["test", "train"]
    with pytest.raises(ConfigError, match=r"at least 2 noise files are needed"):
        split_noises({"x": "a"})


def test_noise_types_come_from_folders_else_from_names():
    root = Path("/n")
    paths = [root / name for name in ("car/1.wav", "car/a/2.wav", "babble_01.wav", "babble-02.wav", "talker 3.wav")]
    assert list(noise_types(paths, folder=root).values()) == ["car", "car", "babble", "babble", "noise_talker"]
    titles = [root / f"{chr(97 + number)}.wav" for number in range(20)]
    assert set(noise_types([*titles, paths[0]], folder=root).values()) == {"noise", "car"}
