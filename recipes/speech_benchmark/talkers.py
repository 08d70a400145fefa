"""Generate the benchmark's talkers, and find their mouths: `python -m recipes.speech_benchmark.talkers FOLDER CROPS`.

They are those of the sample that avse is tried with (`python -m avse.synthetic.talker`), of several lengths and seeds,
in the noise that it generates. FOLDER gets their files and `manifest.jsonl`: each clip followed by its noise.
"""

import argparse
import sys
from pathlib import Path

from tqdm import tqdm

from avse.data.bank import read_mono
from avse.data.manifest import Item, write_manifest
from avse.errors import AvseError
from avse.media.audio import AudioWriter
from avse.synthetic.talker import make_sample
from recipes.speech_benchmark.find_mouths import store_mouth

LENGTHS_S = (8, 20, 60)
SEEDS = range(5)
RATE = 16_000
LICENCE = "CC0-1.0"


def make_talker(folder: Path, crops: Path, *, seed: int, duration_s: int) -> list[Item]:
    """Write one talker's clean speech, noise, video and mouth crops, as far as they are not there.

    Args:
        folder: of all talkers.
        crops: of mouth crops.
        seed: of the talker.
        duration_s: seconds.

    Returns:
        The clip and its noise.

    Raises:
        AvseError: a file cannot be written, or its face cannot be followed.
    """
    name = f"synthetic_{seed}__{duration_s}s"
    own = (folder / name).absolute()
    noise = own / "noise.wav"
    clip = Item(
        id=name, split="test", audio=str(own / "clean.wav"), video=str(own / "talk.mp4"), licence=LICENCE,
        speaker=f"synthetic_{seed}", duration_s=duration_s,
    )  # fmt: skip
    if not noise.is_file():
        own.mkdir(parents=True, exist_ok=True)
        clean_path, noisy_path, _ = make_sample(own, duration_s=duration_s, seed=seed, force=True)
        clean, noisy = (read_mono(path, sample_rate=RATE) for path in (clean_path, noisy_path))
        with AudioWriter(noise, sample_rate=RATE, n_channels=1, subtype="FLOAT", force=True) as writer:
            writer.write((noisy - clean)[None])
    found = store_mouth(clip, root=folder, folder=crops)
    if "error" in found:
        raise AvseError(str(found["error"]))
    return [clip, Item(id=f"{name}_noise", split="test", audio=str(noise), licence=LICENCE, noise_type="room")]


def main(argv: list[str] | None = None) -> int:
    """Write all talkers and their manifest."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("crops", type=Path, help="folder of mouth crops")
    parser.add_argument("--lengths-s", type=int, nargs="+", default=list(LENGTHS_S), help="default: %(default)s")
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS), help="default: %(default)s")
    arguments = parser.parse_args(argv)
    wanted = [(seed, length) for length in arguments.lengths_s for seed in arguments.seeds]
    try:
        items = [
            item
            for seed, length in tqdm(wanted, desc="talkers", unit="talker")
            for item in make_talker(arguments.folder, arguments.crops, seed=seed, duration_s=length)
        ]
        write_manifest(arguments.folder / "manifest.jsonl", items)
    except AvseError as error:
        print(f"talkers: error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
