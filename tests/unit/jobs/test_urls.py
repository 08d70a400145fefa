"""Files by URL are listed, fetched and put, what was made is known again, and errors are one line."""

import pytest

from avse.errors import MediaError
from avse.jobs import urls
from avse.jobs.url_made import UrlMade
from avse.media.made import State


@pytest.fixture
def memory():
    """An empty file system in memory."""
    fsspec = pytest.importorskip("fsspec")
    system = fsspec.filesystem("memory")
    for name in system.find("/"):
        system.rm(name)
    return system


@pytest.fixture
def bucket(memory):
    """A folder of three files in it, one of them hidden and one no media."""
    for name in ("b.wav", "a.MP4", ".hidden.wav", "notes.txt"):
        memory.pipe_file(f"/calls/{name}", name.encode())
    return "memory://calls"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("s3://b/a", True), ("/a://b", False), ("a.wav", False), ("C:/a", False), ("file:///a", True)],
)
def test_what_is_a_url(text, expected):
    assert urls.is_url(text) is expected


def test_media_of_a_folder_in_order_and_one_file_alone(bucket):
    assert urls.list_folder(bucket, (".wav", ".mp4")) == [f"{bucket}/a.MP4", f"{bucket}/b.wav"]
    assert urls.list_folder(f"{bucket}/b.wav", (".wav",)) == [f"{bucket}/b.wav"]


def test_a_file_there_and_back_is_the_same_and_its_identity_changes_with_it(bucket, tmp_path):
    (tmp_path / "a").write_bytes(b"one")
    urls.put(tmp_path / "a", f"{bucket}/new.wav")
    urls.fetch(f"{bucket}/new.wav", tmp_path / "b")
    assert (tmp_path / "b").read_bytes() == b"one"
    before = urls.identity(f"{bucket}/new.wav")
    assert before == urls.identity(f"{bucket}/new.wav")
    (tmp_path / "a").write_bytes(b"two")
    urls.put(tmp_path / "a", f"{bucket}/new.wav")
    assert urls.identity(f"{bucket}/new.wav") != before
    assert urls.identity(f"{bucket}/none.wav") is None


def test_a_kill_between_any_two_steps_is_understood(bucket):
    target = f"{bucket}/out.wav"
    made = UrlMade(target, folder=".made")
    assert made.state("key") is State.NEW
    made.begin("key")
    assert made.state("key") is State.BEGUN
    urls.write_bytes(target, b"whole")  # and then the kill
    assert made.state("key") is State.DONE
    assert made.state("other") is State.NEW
    made.finish("key")
    assert made.state("key") is State.DONE
    urls.write_bytes(target, b"somebody else's")
    assert made.state("key") is State.NEW


def test_what_was_there_before_is_nobodys_begun_job(bucket):
    made = UrlMade(f"{bucket}/b.wav", folder=".made")
    made.begin("key")
    assert made.state("key") is State.NEW


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("memory://nowhere/a.wav", "memory://nowhere/a.wav must exist but does not"),
        ("nosuch://b/a.wav", "must be of a scheme that fsspec knows"),
    ],
)
def test_what_is_not_there_is_one_line(memory, tmp_path, url, words):
    with pytest.raises(MediaError, match=words) as error:
        urls.fetch(url, tmp_path / "a")
    assert "\n" not in str(error.value)


@pytest.fixture(scope="module")
def s3():
    """A local S3 server with a bucket; the address and keys stand in the environment."""
    pytest.importorskip("s3fs")
    server = pytest.importorskip("moto.server")
    running = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        import s3fs

        system = s3fs.S3FileSystem()
        system.mkdir("talks")
        yield "s3://talks"
        s3fs.S3FileSystem.clear_instance_cache()
    running.stop()


def test_an_s3_server_lists_gives_takes_and_remembers(s3, tmp_path):
    (tmp_path / "a.wav").write_bytes(b"samples")
    urls.put(tmp_path / "a.wav", f"{s3}/in/a.wav")
    assert urls.list_folder(f"{s3}/in", (".wav",)) == [f"{s3}/in/a.wav"]
    urls.fetch(f"{s3}/in/a.wav", tmp_path / "b.wav")
    assert (tmp_path / "b.wav").read_bytes() == b"samples"
    made = UrlMade(f"{s3}/out/a.wav", folder=".made")
    made.begin("key")
    assert made.state("key") is State.BEGUN
    urls.put(tmp_path / "a.wav", f"{s3}/out/a.wav")
    assert made.state("key") is State.DONE
    with pytest.raises(MediaError, match=r"s3://talks/in/none\.wav must exist but does not"):
        urls.fetch(f"{s3}/in/none.wav", tmp_path / "c.wav")


def test_missing_credentials_are_one_line(s3, tmp_path, monkeypatch):
    import s3fs

    s3fs.S3FileSystem.clear_instance_cache()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    with pytest.raises(MediaError, match="with the credentials that are set but is not"):
        urls.write_bytes(f"{s3}/x", b"x")
    s3fs.S3FileSystem.clear_instance_cache()
