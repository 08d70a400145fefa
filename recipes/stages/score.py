"""Score the fixed test mixtures: `python -m recipes.stages.score --mixtures LIST ... --enhanced FOLDER OUT.jsonl`."""

import argparse
import json
import sys
from functools import partial
from pathlib import Path
from typing import Any

from tqdm import tqdm

from avse.data.bank import read_mono
from avse.data.manifest import Mixture, data_root, read_manifest, read_mixtures
from avse.data.mixtures import MixtureReader
from avse.errors import AvseError
from avse.media.output import beside
from avse.score import in_parallel, score_waveforms

METRICS = ("pesq_wb", "stoi", "estoi", "si_sdr_db")
RATE = 16000


def score_some(mixtures: list[Mixture], *, arguments: argparse.Namespace) -> list[dict[str, Any]]:
    """Score some mixtures; a score that failed is null, and `failed` says why."""
    reader = MixtureReader(read_manifest(arguments.manifest), root=data_root(), sample_rate=RATE)
    rows = []
    for mixture in mixtures:
        clip = reader.read(mixture)
        estimate = clip.noisy
        if arguments.enhanced:
            estimate = read_mono(arguments.enhanced / f"{mixture.id}.wav", sample_rate=RATE)
        scores = score_waveforms(reference=clip.clean, estimate=estimate, sample_rate=RATE, metrics=METRICS)
        failed = {name: score.reason for name, score in scores.items() if score.value is None}
        values = {name: score.value for name, score in scores.items()}
        rows.append({"id": mixture.id, **values, **({"failed": failed} if failed else {})})
    return rows


def main(argv: list[str] | None = None) -> int:
    """Score all mixtures, unless that was done since the files were made."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("output", type=Path, help="JSON lines to write")
    parser.add_argument("--mixtures", type=Path, required=True, help="list of fixed mixtures")
    parser.add_argument("--manifest", type=Path, required=True)
    parser.add_argument("--enhanced", type=Path, help="folder of enhanced files; without it the noisy input is scored")
    parser.add_argument("--only", help="mixtures of this noise type alone")
    parser.add_argument("--n-jobs", type=int, default=2, help="processes (default 2)")
    arguments = parser.parse_args(argv)
    if _is_done(arguments.output, arguments.enhanced):
        print(f"{arguments.output} is up to date", file=sys.stderr)
        return 0
    try:
        mixtures = [m for m in read_mixtures(arguments.mixtures) if arguments.only in (None, m.noise_type)]
        # Chunks of neighbours share their clip and keep the readers' memory useful.
        chunks = [mixtures[start : start + 33] for start in range(0, len(mixtures), 33)]
        done = in_parallel(partial(score_some, arguments=arguments), chunks, n_jobs=arguments.n_jobs)
        rows = [row for some in tqdm(done, total=len(chunks), desc="score", unit="33 mixtures") for row in some]
        with beside(arguments.output, force=True) as temporary:
            temporary.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    except AvseError as error:
        print(f"score: error: {error}", file=sys.stderr)
        return 1
    n_failed = sum("failed" in row for row in rows)
    print(f"{len(rows)} mixtures scored, {n_failed} of them not in full", file=sys.stderr)
    return 0


def _is_done(output: Path, enhanced: Path | None) -> bool:
    if not output.is_file():
        return False
    newest = max((path.stat().st_mtime for path in enhanced.glob("*.wav")), default=0.0) if enhanced else 0.0
    return output.stat().st_mtime >= newest


if __name__ == "__main__":
    sys.exit(main())
