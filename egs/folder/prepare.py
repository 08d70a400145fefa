"""Check a folder of talking videos and a folder of noise, and write the manifest that training reads.

    python egs/folder/prepare.py check
    python egs/folder/prepare.py manifest exp/manifest.jsonl

The folders are those that AVSE_VIDEOS and AVSE_NOISE name; run.sh sets them.
"""

import sys
from pathlib import Path

from avse.corpora.own import OwnCorpus
from avse.corpora.sources import Source, companion_audio, identities, videos_in


def find(folder: Path) -> list[Source]:
    """Videos of a folder: those in a subfolder are of the speaker that it is named after."""
    videos = videos_in(folder)
    names = identities(videos, folder=folder)
    sources = []
    for video in videos:
        inner = video.relative_to(folder).parts[:-1]
        sources.append(Source(names[video], video, speaker=inner[0] if inner else None, audio=companion_audio(video)))
    return sources


if __name__ == "__main__":
    sys.exit(OwnCorpus(find).command(sys.argv[1:], usage=__doc__))
