"""Known vulnerabilities of the pinned packages, and their list: `python -m benchmarks.torture.audit [--bom FILE]`.

`make lint` runs it. Where the database cannot be reached it says so and ends with 0, so that nothing fails offline.
"""

import argparse
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).parents[2]
LONGEST_S = 60
FOUND = "known vulnerabilit"
"""What pip-audit says when it has found some; an error of the network says something else."""


def main(argv: list[str] | None = None) -> int:
    """Audit `constraints.txt`; exit 1 if something is known against a package in it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bom", type=Path, help="also write a bill of materials, CycloneDX JSON")
    arguments = parser.parse_args(argv)
    if find_spec("pip_audit") is None:
        print("audit: skipped: pip-audit is not installed", file=sys.stderr)
        return 0
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(ROOT / "constraints.txt"), "--no-deps",
               "--disable-pip", "--progress-spinner", "off", "--timeout", "10"]  # fmt: skip
    if arguments.bom:
        arguments.bom.parent.mkdir(parents=True, exist_ok=True)
        command += ["--format", "cyclonedx-json", "--output", str(arguments.bom)]
    try:
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=LONGEST_S)
    except subprocess.TimeoutExpired:
        print("audit: skipped: the database did not answer in time", file=sys.stderr)
        return 0
    if done.returncode == 0:
        print("audit: no known vulnerabilities", file=sys.stderr)
        return 0
    if FOUND in done.stderr:
        print(done.stdout, done.stderr, file=sys.stderr)
        return 1
    last = next((line for line in reversed(done.stderr.splitlines()) if line.strip()), "no reason given")
    print(f"audit: skipped: the database cannot be reached ({last.strip()[:120]})", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
