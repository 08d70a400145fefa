"""Check a folder of talking videos and a folder of noise, and write the manifest that training reads.

    python egs/folder/prepare.py check
    python egs/folder/prepare.py manifest exp/manifest.jsonl

The folders are those that AVSE_VIDEOS and AVSE_NOISE name; run.sh sets them.
"""

import sys
from pathlib import Path

from avse.data.own import OwnCorpus
from avse.data.sources import Source, films_in, identities, sound_beside


def find(folder: Path) -> list[Source]:
    """Films of a folder: those in a subfolder are of the speaker that it is named after."""
    films = films_in(folder)
    names = identities(films, folder=folder)
    sources = []
    for film in films:
        inner = film.relative_to(folder).parts[:-1]
        sources.append(Source(names[film], film, speaker=inner[0] if inner else None, sound=sound_beside(film)))
    return sources


if __name__ == "__main__":
    sys.exit(OwnCorpus(find).command(sys.argv[1:], usage=__doc__))
