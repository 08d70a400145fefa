"""The application: nothing from elsewhere, nobody else's names, no files left."""

import os
import socket
from pathlib import Path

import pytest

pytest.importorskip("gradio", reason="needs the extra demo: pip install 'avse[demo]'")

from event_loops import closed_event_loops  # noqa: F401

from avse.cli import demo
from avse.demo.settings import DemoSettings
from avse.demo.site import site


@pytest.fixture
def client(monkeypatch):
    from starlette.testclient import TestClient

    for name in ("GRADIO_TEMP_DIR", "GRADIO_ANALYTICS_ENABLED", "HF_HUB_OFFLINE", "HF_HUB_DISABLE_TELEMETRY"):
        monkeypatch.setenv(name, "")
    with site(DemoSettings()) as app, TestClient(app, base_url="http://127.0.0.1:7860") as client:
        yield client


def test_page_loads_nothing_from_elsewhere(client):
    answer = client.get("/")
    assert answer.status_code == 200
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "http" not in policy
    assert client.get("/config").json()["analytics_enabled"] is False


def test_another_name_for_this_machine_is_refused(client):
    assert client.get("/", headers={"host": "evil.example"}).status_code == 400


def test_files_of_the_machine_are_not_served(client):
    assert client.get("/gradio_api/file=/etc/passwd").status_code in (403, 404)


def test_uploads_are_deleted_at_the_end(monkeypatch):
    with site(DemoSettings()):
        folder = Path(os.environ["GRADIO_TEMP_DIR"])
        (folder / "video.mp4").write_text("a")
    assert not folder.parent.exists()


def test_a_port_that_is_taken_is_refused_before_anything_is_loaded(capsys):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert demo.main(["--port", str(port), "--model", "there-is-none"]) == 2
    printed = capsys.readouterr().err
    assert f"--port {port} must be free to listen on but is not" in printed
    assert len(printed.strip().splitlines()) == 1
