"""Stages and `avse-score` with `--executor ray`, in one process: `python ray_stages.py FOLDER STAGE...`.

The folder holds the files; without stages all are run.
"""

import json
import sys
from pathlib import Path

from avse.cli import enhance as enhance_files
from avse.cli import score
from recipes import pack
from recipes.speech_benchmark import enhance, find_mouths, long_scores, score_mixtures
from recipes.vatt import shards

RAY = ["--executor", "ray", "--workers", "2"]
SMALL = ["--duration-s", "1", "--fps", "5", "--height", "32", "--sample-rate", "16000", "--valid-share", "0"]


def long_options(folder: Path) -> list[str]:
    """What the long videos are scored with."""
    return ["--videos", f"{folder}/long/videos.jsonl", "--manifest", f"{folder}/long/manifest.jsonl", "--crops",
            f"{folder}/long/crops", "--model", f"{folder}/long/model.safetensors", "--conditions", "own"]  # fmt: skip


def main() -> None:
    """Run stages, and print their exit codes."""
    folder = Path(sys.argv[1])
    lists = ["--mixtures", f"{folder}/mixtures.jsonl", "--manifest", f"{folder}/clips.jsonl"]
    calls = {
        "crops": (find_mouths.main, [f"{folder}/faces.jsonl", f"{folder}/crops"]),
        "shards": (shards.main, [f"{folder}/faces.jsonl", f"{folder}/shards", *SMALL]),
        "enhance": (enhance.main, ["--model", "logmmse", "--folder", f"{folder}/e", "--crops", f"{folder}/crops",
                                   *lists]),
        "benchmark": (score_mixtures.main, [f"{folder}/b/noisy.jsonl", *lists, "--metrics", "si_sdr_db"]),
        "long": (long_scores.main, [f"{folder}/l", *long_options(folder)]),
        "pack": (pack.main, [f"{folder}/sounds.jsonl", f"{folder}/packed"]),
        "files": (enhance_files.main, [f"{folder}/wav", "-o", f"{folder}/out", "--audio-only", "--quiet"]),
        "score": (score.main, ["--reference", f"{folder}/wav", "--estimate", f"{folder}/wav", "--metrics", "stoi",
                               "--json", f"{folder}/score/s.json", "--quiet"]),
    }  # fmt: skip
    names = sys.argv[2:] or calls
    codes = {name: main([*options, *RAY]) for name, (main, options) in calls.items() if name in names}
    sys.stdout.write(json.dumps(codes) + "\n")


if __name__ == "__main__":
    main()
