"""The documentation site builds without a warning and without network, and every link leads somewhere."""

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).parents[2]
LOADS = {"link": "href", "script": "src", "img": "src", "iframe": "src", "source": "src", "object": "data"}
"""Attributes by which a page loads something."""


class PageLinks(HTMLParser):
    """The links, ids and loaded files of one page."""

    def __init__(self, text):
        super().__init__()
        self.links, self.loads, self.ids = [], [], set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.ids |= {values[key] for key in ("id", "name") if values.get(key)}
        if tag == "a" and values.get("href"):
            self.links.append(values["href"])
        if tag in LOADS and values.get(LOADS[tag]):
            self.loads.append(values[LOADS[tag]])


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The site, built as `make docs` does; strict, so that a warning fails. No address can be resolved meanwhile."""
    pytest.importorskip("mkdocs")
    folder = tmp_path_factory.mktemp("site")
    program = (
        "import socket, sys\n"
        "def refuse(*_, **__): raise OSError('the build must not use the network')\n"
        "socket.getaddrinfo = socket.socket.connect = refuse\n"
        "from mkdocs.__main__ import cli\n"
        "cli(['build', '--clean', '--strict', '--site-dir', sys.argv[1]])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(folder)], cwd=ROOT, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True, text=True, check=False, timeout=900,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    return folder


@pytest.fixture(scope="module")
def pages(site):
    """Every page by its path, parsed."""
    return {path: PageLinks(path.read_text(encoding="utf-8")) for path in site.rglob("*.html")}


def test_pages_load_nothing_from_elsewhere(pages, site):
    assert [(path.name, load) for path, page in pages.items() for load in page.loads if "//" in load] == []
    for style in site.rglob("*.css"):
        assert not re.search(r"(url\(|@import)\s*[\"']?(https?:)?//", style.read_text(encoding="utf-8")), style


def test_links_lead_somewhere(pages, site):
    broken = []
    for path, page in pages.items():
        if path.name == "404.html":  # its paths start from the root of a server
            continue
        for link in page.links + page.loads:
            target, _, anchor = unquote(link).partition("#")
            if re.match(r"[a-z]+:", target):
                continue
            there = (path.parent / target).resolve() if target else path
            if not there.is_file() or (anchor and there in pages and anchor not in pages[there].ids):
                broken.append((str(path.relative_to(site)), link))
    assert broken == []


def test_a_broken_link_would_be_found(pages):
    assert PageLinks('<a href="x.html#y">z</a><p id="y">').links == ["x.html#y"]
    assert sum(len(page.links) for page in pages.values()) > 500


def test_the_reference_holds_every_public_object(site):
    text = "".join(path.read_text(encoding="utf-8") for path in (site / "reference").glob("*.html"))
    for name in ("signal.clock.video_frame_at", "enhance.enhancer.Enhancer.enhance_recording", "metrics.pesq.pesq_wb"):
        assert f'id="avse.{name}"' in text
    for path in (ROOT / "avse/signal").glob("[a-z]*.py"):
        assert f'id="avse.signal.{path.stem}"' in text


def test_cards_results_and_decisions_are_shown_whole(site):
    shown = {
        "avse/pretrained/live.md": "avse/pretrained/live.html",
        "egs/grid/RESULTS.md": "egs/grid/RESULTS.html",
        "CONTRIBUTING.md": "CONTRIBUTING.html",
    }
    for source, page in shown.items():
        text = (site / page).read_text(encoding="utf-8")
        for heading in re.findall(r"^## (\w[\w ,]+)$", (ROOT / source).read_text(encoding="utf-8"), re.MULTILINE):
            assert heading in text, (source, heading)


def test_every_committed_result_is_a_page(site):
    tracked = subprocess.run(
        ["git", "ls-files", "*RESULTS*.md"], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    ).stdout.split()
    assert "benchmarks/RESULTS.md" in tracked
    assert [name for name in tracked if not (site / name).with_suffix(".html").is_file()] == []


def _texts():
    skipped = {"exp", "build", ".venv", "node_modules", "data"}
    return [path for path in ROOT.rglob("*.md") if not skipped & set(path.relative_to(ROOT).parts)]


def test_links_of_the_repositorys_texts_lead_somewhere():
    # Pages of the site link to other pages of the site, which the test above checks.
    texts = [path for path in _texts() if path.parts[len(ROOT.parts)] != "docs"]
    assert len(texts) > 10
    broken = []
    for path in texts:
        for target in re.findall(r"\]\((?![a-z]+:)([^)#\s]+)", path.read_text(encoding="utf-8")):
            if not (path.parent / unquote(target)).exists():
                broken.append((str(path.relative_to(ROOT)), target))
    assert broken == []
