"""What the core and each extra weigh, once installed: `python -m benchmarks.install_size`.

Sizes of the files of a requirement's packages and of all that these need, as they lie in this environment.
"""

import tomllib
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from avse.report.document import markdown_table

ROOT = Path(__file__).parents[1]
BEFORE = (
    "av", "jinja2", "jsonargparse", "librosa", "lightning-fabric", "matplotlib", "numpy", "opencv-python-headless",
    "pystoi", "pyyaml", "safetensors", "scipy", "soundfile", "soxr", "torch", "tqdm",
)  # fmt: skip
"""Dependencies of version 0.1.0, all of which came with `pip install .`."""


def needed(requirements: Iterable[str], extras: dict[str, list[str]]) -> tuple[set[str], set[str]]:
    """Names of the packages that some requirements bring, and of those that are not installed here.

    Args:
        requirements: as in pyproject.toml; `avse[x]` stands for an extra.
        extras: of avse, by name.
    """
    todo, found, missing = [(Requirement(text), "") for text in requirements], set[str](), set[str]()
    seen = set()
    while todo:
        requirement, extra = todo.pop()
        name = canonicalize_name(requirement.name)
        if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
            continue
        for own in requirement.extras or {""}:
            if (name, own) in seen:
                continue
            seen.add((name, own))
            if name == "avse":
                todo += [(Requirement(text), "") for text in extras[own]]
                continue
            try:
                todo += [(Requirement(text), own) for text in distribution(name).requires or []]
                found.add(name)
            except PackageNotFoundError:
                missing.add(name)
    return found, missing


def size_mb(names: Iterable[str]) -> float:
    """Sum of the sizes of all files of some packages, MB."""
    paths = (file.locate() for name in names for file in distribution(name).files or [])
    return sum(Path(path).stat().st_size for path in paths if Path(path).is_file()) / 1e6


def main() -> int:
    """Print a table."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    wanted = {"core, version 0.1.0": list(BEFORE), "core": project["dependencies"]}
    wanted |= {f"core and {name}": [*project["dependencies"], *extras[name]] for name in extras}
    lines = [["installed", "packages", "MB", "not installed here"]]
    for name, requirements in wanted.items():
        found, missing = needed(requirements, extras)
        lines.append([name, str(len(found)), f"{size_mb(found):.0f}", ", ".join(sorted(missing)) or "-"])
    print(markdown_table(lines))
    return 0


if __name__ == "__main__":
    main()
