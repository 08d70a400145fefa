"""A real Chromium and the page it opens; skipped with a reason where either is missing."""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--autoplay-policy=no-user-gesture-required",
    "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream",
]  # fmt: skip
PATIENCE_MS = 120_000
"""The tests share two cores with others."""


@pytest.fixture(scope="session")
def address():
    """Where the page is served, by a process of its own."""
    if importlib.util.find_spec("gradio") is None:
        pytest.skip("needs the extra demo: pip install 'avse[demo]'")
    code = "import sys; from avse.cli.demo import main; sys.exit(main(['--port', '0', '--max-duration-s', '60']))"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=environment) as process:
        line = process.stdout.readline().strip()
        assert line.startswith("http://127.0.0.1:"), line
        yield line
        process.terminate()


@pytest.fixture(scope="session")
def chromium():
    """A headless Chromium with a simulated camera and microphone."""
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("needs Chromium: apt-get install chromium")
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright: pip install playwright")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium, address):
    """Opens the page for another user; afterwards no request may have left the machine, and no script failed."""
    contexts, requests, faults = [], [], []

    def open_for_user():
        context = chromium.new_context(viewport={"width": 1200, "height": 1000}, accept_downloads=True)
        context.grant_permissions(["microphone", "camera"], origin=address.rstrip("/"))
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: requests.append(request.url))
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(address)
        page.wait_for_selector("#enhance")
        return page

    yield open_for_user
    for context in contexts:
        context.close()
    outside = [url for url in requests if not url.startswith((address, "data:", "blob:"))]
    assert not outside, outside
    assert not faults, faults
