"""The service on this machine: files are queued, enhanced and deleted; calls give what a local stream gives."""

import json
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from avse.cli import serve
from avse.errors import InputError
from avse.server.config import ServerConfig

pytest.importorskip("fastapi")
pytest.importorskip("uvicorn")
pytest.importorskip("websockets")

from running_server import Running, stream_of

from avse.server.client import Client, ServerError


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """A server without a token."""
    server = Running(
        tmp_path_factory.mktemp("server"), max_queued=2, max_upload_mb=1.0, max_streams=1, stream_idle_s=2.0
    )
    yield server
    server.stop()


@pytest.fixture
def client(running):
    return Client(running.url)


def _file(tmp_path, content, name="a.wav"):
    path = tmp_path / name
    path.write_bytes(content)
    return path


# Files


def test_a_file_comes_back_and_nothing_of_it_stays(client, running, tmp_path):
    path = _file(tmp_path, b"samples" * 100, "talk one.wav")
    row = client.enhance(path, tmp_path / "out.wav")
    assert (tmp_path / "out.wav").read_bytes() == path.read_bytes()
    assert row["result"] == {"duration_s": 1.0}
    assert list(running.config.folder.iterdir()) == []
    with pytest.raises(ServerError, match="file must exist but does not"):
        client.state(row["id"])


def test_a_file_that_fails_is_one_line_without_the_servers_paths(client, running, tmp_path):
    identifier = client.upload(_file(tmp_path, b"FAIL"))
    with pytest.raises(ServerError, match="must be media but is not") as error:
        client.wait(identifier, timeout_s=60)
    assert str(running.config.folder) not in str(error.value)
    with pytest.raises(ServerError, match="must be media but is not"):
        client.download(identifier, tmp_path / "out.wav")
    assert not (tmp_path / "out.wav").exists()
    client.delete(identifier)


def test_a_full_queue_refuses_and_cancelling_makes_room(client, tmp_path):
    slow = _file(tmp_path, b"SLOW")
    names = [client.upload(slow)]
    until_s = time.monotonic() + 60
    while client.state(names[0])["progress"] == 0 and time.monotonic() < until_s:
        time.sleep(0.1)
    assert client.state(names[0])["state"] == "running"
    assert client.state(names[0])["stage"] == "enhance"
    names += [client.upload(slow), client.upload(slow)]
    assert client.health()["files"] == {"queued": 2, "running": 1, "done": 0, "failed": 0}
    with pytest.raises(ServerError, match="queue must have room but 2 files wait"):
        client.upload(slow)
    for name in names:
        client.delete(name)
    row = client.enhance(_file(tmp_path, b"quick"), tmp_path / "quick.wav")
    assert row["state"] == "done"


@pytest.mark.parametrize(
    ("name", "content", "options", "words"),
    [
        ("a.exe", b"x", {}, "name must end as media files do"),
        ("a.wav", b"", {}, "the body must be a media file but is empty"),
        ("a.wav", b"x" * (2**20 + 1), {}, "must have at most 1 MB"),
        ("a.wav", b"x", {"speaker": "whoever"}, "speaker"),
        ("a.wav", b"x", {"mix": 7}, "mix"),
    ],
)
def test_what_cannot_be_enhanced_is_refused(client, running, tmp_path, name, content, options, words):
    with pytest.raises(ServerError, match=words):
        client.upload(_file(tmp_path, content, name), **options)
    assert list(running.config.folder.iterdir()) == []


@pytest.mark.parametrize("name", ["face.jpg", "FACE.PNG", "missing.webp", "../face.jpg"])
def test_a_photograph_on_the_server_is_never_read_nor_said_to_be_there(running, tmp_path, monkeypatch, name):
    import http.client
    from urllib.parse import quote

    for file in ("face.jpg", "FACE.PNG"):
        (tmp_path / file).write_bytes(b"a face")
    monkeypatch.setattr(Path, "is_file", lambda path: pytest.fail(f"{path} was looked for"))
    connection = http.client.HTTPConnection("127.0.0.1", running.socket.getsockname()[1], timeout=60)
    connection.request("POST", f"/v1/files?name=a.wav&speaker={quote(str(tmp_path / name))}", body=b"x")
    response = connection.getresponse()
    detail = json.loads(response.read())["detail"]
    connection.close()
    assert response.status == 400
    assert "which a server does not read; give a side, a number or x,y" in detail
    assert "\n" not in detail
    assert list(running.config.folder.iterdir()) == []


def test_results_that_nobody_deletes_are_deleted(tmp_path):
    server = Running(tmp_path / "kept", keep_s=0.5)
    client = Client(server.url)
    name = client.upload(_file(tmp_path, b"x"))
    client.wait(name, timeout_s=60)
    until_s = time.monotonic() + 30
    while list(server.config.folder.iterdir()) and time.monotonic() < until_s:
        time.sleep(0.1)
    assert list(server.config.folder.iterdir()) == []
    server.stop()


def test_without_the_token_nothing_is_answered(tmp_path):
    server = Running(tmp_path / "files", token="secret")
    for token in (None, "wrong"):
        with pytest.raises(ServerError, match="must carry Authorization"):
            Client(server.url, token=token).health()
        with pytest.raises(ServerError, match="must take a stream but does not"):
            Client(server.url, token=token).stream(sample_rate=16000)
    assert Client(server.url, token="secret").health()["streams"] == 0
    server.stop()


def test_a_server_for_others_needs_a_token(tmp_path, capsys):
    with pytest.raises(InputError, match=r"host address 0\.0\.0\.0 must go with a token"):
        ServerConfig(folder=tmp_path, host="0.0.0.0")
    assert ServerConfig(folder=tmp_path, host="0.0.0.0", token="x").port == 8117
    assert serve.main(["--host", "0.0.0.0"]) == 2
    line = capsys.readouterr().err
    assert "--host 0.0.0.0 must go with a token" in line
    assert "set --token or AVSE_TOKEN, or listen on 127.0.0.1" in line


@pytest.mark.parametrize("option", ["--workers", "--max-queued", "--max-upload-mb", "--keep-s", "--max-streams"])
def test_a_limit_of_nothing_is_named_as_the_option_that_sets_it(option, capsys):
    assert serve.main([option, "0"]) == 2
    assert f"avse-serve: error: {option} must be above 0 but is 0; raise it" in capsys.readouterr().err


def test_an_address_that_is_taken_is_one_line(running, capsys):
    assert serve.main(["--port", running.url.rpartition(":")[2]]) == 2
    err = capsys.readouterr().err
    assert "must be free to listen on but is not" in err
    assert len(err.splitlines()) == 1


def test_a_server_that_is_not_there_is_one_line():
    with pytest.raises(ServerError, match="must answer but does not"):
        Client("http://127.0.0.1:1").health()
    with pytest.raises(InputError, match="url must be http"):
        Client("127.0.0.1:1")


def test_the_page_and_the_description_load_nothing_from_elsewhere(running):
    import urllib.request

    with urllib.request.urlopen(running.url) as response:
        page = response.read().decode()
    assert "/v1/files/{identifier}/result" in page
    assert "http" not in page.replace(running.url, "")
    with urllib.request.urlopen(f"{running.url}/openapi.json") as response:
        assert b'"/v1/files"' in response.read()


# Calls


def test_a_call_gives_the_samples_of_a_local_stream(client):
    from avse.live.stream import StreamingEnhancer

    rng = np.random.default_rng(0)
    waveform = (0.1 * rng.standard_normal((2, 8000))).astype(np.float32)
    local = StreamingEnhancer(sample_rate=16000, n_channels=2)
    expected = np.concatenate([local.push(waveform), local.flush()], axis=1)
    enhanced, end = stream_of(client, waveform, n_channels=2)
    assert enhanced.shape == (2, 8000)
    assert np.abs(enhanced - expected).max() < 1e-5
    assert end["duration_s"] == 0.5
    whole, _ = stream_of(client, waveform, n_channels=2, mix=0.0)
    assert np.abs(whole - waveform).max() < 1e-4


def test_video_frames_are_taken_and_what_is_no_frame_ends_thestream_of(client):
    waveform = np.zeros((1, 1600), np.float32)
    _, jpeg = cv2.imencode(".jpg", np.full((64, 64, 3), 128, np.uint8))
    enhanced, end = stream_of(client, waveform, frames=[(0.0, jpeg.tobytes()), (0.04, jpeg.tobytes())])
    assert enhanced.shape == (1, 1600)
    assert end["n_dropped_frames"] == 0
    for bad in (b"no jpeg", jpeg.tobytes()[:30]):
        with pytest.raises(ServerError, match="a video frame must be a JPEG"):
            stream_of(client, waveform, frames=[(0.0, bad)])


def test_a_stream_too_many_is_refused_and_an_idle_one_is_closed(client):
    with client.stream(sample_rate=16000) as call:
        with pytest.raises(ServerError, match="server must have room but has 1 streams"):
            client.stream(sample_rate=16000)
        started_s = time.monotonic()
        with pytest.raises(ServerError, match="must send something every 2 s"):
            call.receive(timeout_s=90)
        assert time.monotonic() - started_s < 60
    until_s = time.monotonic() + 60
    while client.health()["streams"] and time.monotonic() < until_s:
        time.sleep(0.05)
    assert client.health()["streams"] == 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"sample_rate": 1}, "sample_rate must be 8000 to 192000 Hz but is 1"),
        ({"sample_rate": 16000, "n_channels": 9}, "n_channels must be 1 to 2 but is 9"),
        ({"sample_rate": 16000, "volume": 3}, "'volume' is not"),
        ({"sample_rate": 16000, "mix": 3}, "mix"),
        ({}, 'must be JSON with "sample_rate"'),
    ],
)
def test_options_of_a_call_that_are_none_are_refused(client, options, words):
    with pytest.raises(ServerError, match=words):
        client.stream(**options)
