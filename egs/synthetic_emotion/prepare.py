"""Synthetic talkers with an emotion in face and voice: `python egs/synthetic_emotion/prepare.py emotion FOLDER`.

Every head has colours of its own and a face that is not quite at rest; strength of face and voice are drawn apart, so
that one may tell what the other does not. Nobody was recorded, and everybody shows an emotion in the same way.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from tqdm import tqdm

from avse.data.labels import write_table
from avse.errors import AvseError, InputError
from avse.synthetic.expression import EMOTIONS, Expression
from avse.synthetic.head import Person, draw_person
from avse.synthetic.talker import render_video, write_video
from avse.synthetic.voice import speak

DURATION_S, FPS = 1.2, 25
SIZE = (240, 180)
"""Width and height of the videos, pixels."""
WEAKEST, STRONGEST = 0.2, 0.8
"""Of an emotion, where 1 is that of `EMOTIONS`."""
RESTLESS = 0.2
"""Standard deviation of a head's face at rest."""


def write_clip(path: Path, emotion: str, person: Person, rest: Expression, rng: np.random.Generator) -> None:
    """Write one video of one head."""
    face, manner = EMOTIONS[emotion]
    of_face, of_voice = rng.uniform(WEAKEST, STRONGEST, 2)
    voice = speak(rng, duration_s=DURATION_S, manner=manner.scaled(of_voice))
    times_s = np.arange(round(DURATION_S * FPS)) / FPS
    expression = face.scaled(of_face).plus(rest)
    images = render_video(person, voice.opening_at(times_s), rng, size=SIZE, expression=expression)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_video(path, images, timestamps_s=times_s, waveform=voice.waveform, sample_rate=voice.sample_rate, force=True)


def write_corpus(folder: Path, *, n_heads: int, n_clips: int, seed: int) -> list[dict[str, object]]:
    """Write all videos below a folder; rows of the table of labels."""
    rows: list[dict[str, object]] = []
    for head in tqdm(range(n_heads), desc="heads"):
        rng = np.random.default_rng([seed, head])
        person, rest = draw_person(rng), Expression(*(RESTLESS * rng.standard_normal(4)))
        for emotion in EMOTIONS:
            for clip in range(n_clips):
                file = f"videos/{emotion}/head_{head:02d}/{clip}.mp4"
                write_clip(folder / file, emotion, person, rest, rng)
                rows.append({"file": file, "label": emotion, "group": f"head_{head:02d}"})
    return rows


def main(argv: list[str] | None = None) -> int:
    """Write the videos and then the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("table", choices=["emotion"], help="labelling")
    parser.add_argument("folder", type=Path, help="where videos and table go; those there are replaced")
    parser.add_argument("--n-heads", type=int, default=8, help="people (default 8)")
    parser.add_argument("--n-clips", type=int, default=2, help="videos of each emotion and head (default 2)")
    parser.add_argument("--seed", type=int, default=1, help="of everything (default 1)")
    arguments = parser.parse_args(argv)
    try:
        if arguments.n_heads < 2 or arguments.n_clips < 1:
            raise InputError(
                f"heads must be 2 or more, to train and to test, and clips 1 or more but are {arguments.n_heads} and "
                f"{arguments.n_clips}; correct them"
            )
        rows = write_corpus(arguments.folder, n_heads=arguments.n_heads, n_clips=arguments.n_clips, seed=arguments.seed)
        write_table(arguments.folder / "emotion.csv", rows)
    except AvseError as error:
        sys.stderr.write(f"prepare: error: {error}\n")
        return 2 if isinstance(error, InputError) else 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
