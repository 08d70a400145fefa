"""Check TMSV and a folder of noise, and write the manifest that training reads.

    python egs/tmsv/prepare.py check
    python egs/tmsv/prepare.py manifest exp/manifest.jsonl

The folders are those that AVSE_VIDEOS and AVSE_NOISE name; run.sh --videos FOLDER --noise FOLDER sets them.
"""

import re
import sys
from pathlib import Path

from avse.corpora.own import OwnCorpus, say
from avse.corpora.pieces import Take
from avse.corpora.sources import Source, videos_in
from avse.errors import ConfigError

NAME = re.compile(r"(SP\d{2})_(\d{1,3})", re.IGNORECASE)
"""How a video is called: speaker and utterance, such as SP01_001.mp4."""
TRAINING = ("SP01", "SP02", "SP03", "SP04", "SP07", "SP08", "SP09", "SP10")
UNSEEN = ("SP05", "SP06")
"""LAVSE trains with eight speakers and tests with two others. Which, only its sample tells in part: it trains with SP01
and tests with SP05. The others are our choice; change them here."""
LAST_TRAINING = 200
"""Utterances up to this one train, those after it test."""
N_VALID = 20
"""Of the training's utterances, so many at its end validate."""


def find(folder: Path) -> list[Source]:
    """All utterances, wherever the speakers' folders lie.

    Raises:
        ConfigError: there are no videos, or none of TMSV's names.
    """
    videos = {path.stem.upper(): path for path in videos_in(folder) if NAME.fullmatch(path.stem)}
    if not videos:
        raise ConfigError(
            f"folder {folder} must hold TMSV's videos, such as SP01/video/SP01_001.mp4, but has none of such a name; "
            "name the folder above SP01"
        )
    # The corpus' users keep their noisy audio beside the clean one.
    recordings = {
        path.stem.upper(): path
        for path in sorted(folder.rglob("*.wav"))
        if not any("noisy" in part.lower() for part in path.relative_to(folder).parts)
    }
    return [Source(name, video, name[:4], audio=recordings.get(name)) for name, video in sorted(videos.items())]


def rule(takes: list[Take]) -> dict[str, str] | None:
    """LAVSE's split; None where its speakers are not there."""
    splits = {}
    for take in takes:
        late = int(take.video_id[5:]) > LAST_TRAINING
        if take.speaker in TRAINING:
            valid = int(take.video_id[5:]) > LAST_TRAINING - N_VALID
            splits[take.id] = "test_seen" if late else "valid" if valid else "train"
        elif take.speaker in UNSEEN and late:
            splits[take.id] = "test_unseen"
    if {take.speaker for take in takes} >= {*TRAINING, *UNSEEN} and {"train", "valid", "test_unseen"} <= set(
        splits.values()
    ):
        return splits
    say(f"LAVSE's split needs {', '.join((*TRAINING, *UNSEEN))}; these videos are split as any folder is")
    return None


if __name__ == "__main__":
    sys.exit(OwnCorpus(find, rule, licence="TMSV's own").command(sys.argv[1:], usage=__doc__))
