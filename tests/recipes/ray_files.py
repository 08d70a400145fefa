"""Files for stages on Ray, and the program that runs these."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import soundfile

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
RATE = 16000


def write_lines(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def write_sounds(folder):
    """Three tiny recordings, and `sounds.jsonl`: two of speech and one of noise."""
    rng, rows = np.random.default_rng(0), []
    for name, own in (("a", {"speaker": "a"}), ("b", {"speaker": "b"}), ("hum", {"noise_type": "hum"})):
        (folder / "wav").mkdir(exist_ok=True)
        path = f"wav/{name}.wav" if "speaker" in own else f"{name}.wav"
        soundfile.write(folder / path, 0.1 * rng.standard_normal(RATE), RATE)
        rows.append({"id": name, "split": "train", "audio": path, "licence": "none", **own})
    write_lines(folder / "sounds.jsonl", rows)


def run_on_ray(folder, *stages):
    """Exit codes by stage; a process of their own, for Ray leaves processes to the end of it."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "AVSE_DATA": str(folder)}
    command = [sys.executable, str(HERE / "ray_stages.py"), str(folder), *stages]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=1200, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])
