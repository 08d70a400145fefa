"""Pages of the site that are written elsewhere in the repository: taken from there at every build, never copied.

A hook of MkDocs. Markdown files of the repository keep their path, so that their links to each other stay as they are;
every package of avse gets a page of its public objects; the tutorial's cells become a page.
"""

import ast
import json
import logging
import os.path
import re
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
LOG = logging.getLogger("mkdocs.hooks.generated_pages")

MIRRORED = {
    "Models": ["avse/pretrained/*.md", "packages/*/*/*.md", "recipes/*/README.md"],
    "Results": [
        "egs/*/RESULTS*.md",
        "egs/*/live/RESULTS.md",
        "egs/*/steered/RESULTS.md",
        "egs/*/experiment/RESULTS.md",
        "recipes/*/RESULTS.md",
        "benchmarks/RESULTS.md",
    ],
    "Data sets": ["egs/*/README.md"],
    "Decisions": ["CONTRIBUTING.md", "CHANGELOG.md"],
}
"""Sections of the navigation, and the files of the repository that they show."""
QUOTED = "attribution.md"
"""A list of names as others wrote them: what looks like a link within the page is part of a name."""
PLOTS = ("*.png", "*.svg")
LINK = re.compile(r"(?<!!)\[([^\]]+)\]\(([^)\s]+)\)")


def mirrored() -> dict[str, list[Path]]:
    """Files of the repository in each section, relative to its root."""
    return {
        title: [path.relative_to(ROOT) for pattern in patterns for path in sorted(ROOT.glob(pattern))]
        for title, patterns in MIRRORED.items()
    }


def packages() -> dict[str, list[str]]:
    """Modules with public objects in each part of avse, by the part's name."""
    parts: dict[str, list[str]] = {"avse": []}
    for path in sorted((ROOT / "avse").rglob("*.py")):
        inner = path.relative_to(ROOT).with_suffix("").parts
        if inner == ("avse", "__init__") or not _has_public(path):
            continue
        part = "avse" if len(inner) == 2 else f"avse.{inner[1]}"
        parts.setdefault(part, []).append(".".join(inner).removesuffix(".__init__"))
    return parts


def _has_public(path: Path) -> bool:
    body = ast.parse(path.read_text(encoding="utf-8")).body
    kinds = (ast.FunctionDef, ast.ClassDef)
    return any(isinstance(node, kinds) and not node.name.startswith("_") for node in body)


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Add the generated pages to the navigation."""
    for title, paths in mirrored().items():
        config.nav.append({title: [path.as_posix() for path in paths]})
    config.nav.append({"Reference": [{part: f"reference/{part}.md"} for part in packages()]})
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages and the plots that they show."""
    for path in (path for paths in mirrored().values() for path in paths):
        files.append(File.generated(config, path.as_posix(), abs_src_path=str(ROOT / path)))
        for plot in _plots(ROOT / path):
            where = plot.relative_to(ROOT).as_posix()
            if files.get_file_from_path(where) is None:
                files.append(File.generated(config, where, abs_src_path=str(plot)))
    for part, modules in packages().items():
        files.append(File.generated(config, f"reference/{part}.md", content=_reference(part, modules)))
    notebook = json.loads((ROOT / "docs/tutorial.ipynb").read_text(encoding="utf-8"))
    files.append(File.generated(config, "tutorial.md", content=_notebook_page(notebook)))
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Turn links of mirrored files to what is not on the site into the paths that they name."""
    del config
    source = Path(page.file.src_uri)
    if source not in {path for paths in mirrored().values() for path in paths}:
        return markdown

    def shown(link: re.Match[str]) -> str:
        text, target = link.groups()
        path = target.partition("#")[0]
        if not path and source.name == QUOTED:
            return text
        if not path or "://" in path or path.startswith("mailto:"):
            return link.group()
        inner = os.path.normpath(source.parent / path).replace(os.sep, "/")
        if files.get_file_from_path(inner) is not None:
            return link.group()
        if not (ROOT / inner).exists():
            LOG.warning("%s links to %s, which does not exist", source, target)
        return text if text.strip("`") == inner else f"{text} (`{inner}`)"

    return LINK.sub(shown, markdown)


def _plots(page: Path) -> list[Path]:
    """Plots in the folders beside a mirrored file."""
    found = [plot for kind in PLOTS for plot in sorted(page.parent.glob(f"**/{kind}"))]
    return [] if page.parent == ROOT else [plot for plot in found if "exp" not in plot.relative_to(page.parent).parts]


def _reference(part: str, modules: list[str]) -> str:
    lines = [f"# {part}", ""]
    if part == "avse":
        lines += ["::: avse", "    options:", "      members: []", "      show_root_heading: false", ""]
    for module in modules:
        lines += [f"::: {module}", ""]
    return "\n".join(lines)


def _notebook_page(notebook: dict[str, Any]) -> str:
    parts = []
    for cell in notebook["cells"]:
        text = "".join(cell["source"])
        parts.append(f"```python\n{text}\n```" if cell["cell_type"] == "code" else text)
    parts.append("This page as a notebook: [tutorial.ipynb](tutorial.ipynb).")
    return "\n\n".join(parts) + "\n"
