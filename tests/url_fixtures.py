"""File systems for URLs: one in memory, and a local S3 server."""

import pytest


@pytest.fixture
def memory():
    """An empty file system in memory."""
    fsspec = pytest.importorskip("fsspec")
    system = fsspec.filesystem("memory")
    for name in system.find("/"):
        system.rm(name)
    return system


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
        if system.exists("talks"):  # of another module's server, for all of a process share what they hold
            system.rm("talks", recursive=True)
        system.mkdir("talks")
        yield "s3://talks"
        s3fs.S3FileSystem.clear_instance_cache()
    running.stop()


@pytest.fixture
def no_credentials(s3, tmp_path, monkeypatch):
    """The server of `s3` without the keys to it."""
    import s3fs

    s3fs.S3FileSystem.clear_instance_cache()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    yield s3
    s3fs.S3FileSystem.clear_instance_cache()


@pytest.fixture
def in_process(monkeypatch):
    """Jobs of executors run in this process, which the file system in memory is of."""
    from avse.jobs.in_process import InProcess

    monkeypatch.setattr("avse.cli.executor.make_executor", lambda config: InProcess())
