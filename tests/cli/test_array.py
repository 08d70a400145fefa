"""The example of a Slurm array gives every job its share of the list, and all shares together are the list."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from avse.jobs.share import parse_share, share_of

SCRIPT = Path(__file__).parents[2] / "deploy/enhance.sbatch"
PRINTED = f"#!{sys.executable}\nimport sys\nprint(*sys.argv[1:], sep='\\n')\n"


@pytest.mark.skipif(os.name != "posix", reason="sbatch files are shell scripts")
def test_each_job_of_the_array_does_its_share(tmp_path):
    command = tmp_path / "avse-enhance"
    command.write_text(PRINTED)
    command.chmod(0o755)
    n, shares = 3, []
    for number in range(1, n + 1):
        slurm = {"SLURM_ARRAY_TASK_ID": str(number), "SLURM_ARRAY_TASK_COUNT": str(n), "SLURM_CPUS_PER_TASK": "4"}
        done = subprocess.run(
            ["sh", str(SCRIPT), "/data/my videos", "/data/out"], capture_output=True, text=True, check=True,
            env={**os.environ, **slurm, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"},
        )  # fmt: skip
        words = done.stdout.splitlines()
        assert words[:5] == ["/data/my videos", "-o", "/data/out", "--workers", "4"]
        assert words[5] == "--shard"
        shares.append(parse_share(words[6]))
    assert sorted(item for share in shares for item in share_of(range(10), share)) == list(range(10))


@pytest.mark.skipif(os.name != "posix", reason="sbatch files are shell scripts")
def test_a_script_that_is_no_array_is_refused(tmp_path):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SLURM")}
    done = subprocess.run(["sh", str(SCRIPT), "a", "b"], capture_output=True, text=True, check=False, env=environment)
    assert done.returncode != 0
    assert "submit this as an array" in done.stderr
