"""Stages and `avse-score` with `--executor ray`, in one process: `python ray_stages.py FOLDER`, where the files are."""

import json
import sys
from pathlib import Path

from avse.cli import enhance as enhance_files
from avse.cli import score
from recipes.speech_benchmark import enhance, find_mouths, score_mixtures
from recipes.vatt import shards

RAY = ["--executor", "ray", "--workers", "2"]
SMALL = ["--duration-s", "1", "--fps", "5", "--height", "32", "--sample-rate", "16000", "--valid-share", "0"]


def main() -> None:
    """Run all, and print their exit codes."""
    folder = Path(sys.argv[1])
    lists = ["--mixtures", f"{folder}/mixtures.jsonl", "--manifest", f"{folder}/clips.jsonl"]
    codes = {
        "crops": find_mouths.main([f"{folder}/faces.jsonl", f"{folder}/crops", *RAY]),
        "shards": shards.main([f"{folder}/faces.jsonl", f"{folder}/shards", *SMALL, *RAY]),
        "enhance": enhance.main(["--model", "logmmse", "--folder", f"{folder}/e", "--crops", f"{folder}/crops", *lists,
                                 *RAY]),
        "benchmark": score_mixtures.main([f"{folder}/b/noisy.jsonl", *lists, "--metrics", "si_sdr_db", *RAY]),
        "files": enhance_files.main([f"{folder}/wav", "-o", f"{folder}/out", "--audio-only", "--quiet", *RAY]),
        "score": score.main(["--reference", f"{folder}/wav", "--estimate", f"{folder}/wav", "--metrics", "stoi",
                             "--json", f"{folder}/score/s.json", "--quiet", *RAY]),
    }  # fmt: skip
    sys.stdout.write(json.dumps(codes) + "\n")


if __name__ == "__main__":
    main()
