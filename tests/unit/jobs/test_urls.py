"""Files by URL are listed, fetched and put, what was made is known again, and errors are one line."""

import errno
from contextlib import suppress
from pathlib import Path

import pytest

from avse.errors import MediaError
from avse.jobs import growing, places, urls
from avse.jobs.url_made import UrlMade
from avse.media.made import State


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


def test_fingerprints_of_listed_files_take_no_request_each_and_change_with_the_file(s3, tmp_path, monkeypatch):
    import s3fs

    for name in ("a", "b"):
        urls.write_bytes(f"{s3}/listed/{name}.wav", b"one")
    urls.write_bytes(f"{s3}/other/c.wav", b"one")
    found = [one for name in ("listed", "other") for one in places.files_in(places.Url(f"{s3}/{name}"), (".wav",))]
    asked, real = [], s3fs.S3FileSystem._call_s3

    async def counted(self, method, *arguments, **options):
        asked.append(method)
        return await real(self, method, *arguments, **options)

    monkeypatch.setattr(s3fs.S3FileSystem, "_call_s3", counted)
    before = [places.fingerprint_of(one) for one in found]
    assert asked == []
    assert [name for name, _ in before] == ["a.wav", "b.wav", "c.wav"]
    assert [urls.identity(one) for one in found] == [identity for _, identity in before]
    urls.write_bytes(found[1], b"two")
    assert places.files_in(places.Url(f"{s3}/listed"), (".wav",)) == found[:2]
    after = [places.fingerprint_of(one) for one in found]
    assert [one == other for one, other in zip(before, after, strict=True)] == [True, False, True]


def test_missing_credentials_are_one_line(no_credentials):
    with pytest.raises(MediaError, match="with the credentials that are set but is not"):
        urls.write_bytes(f"{no_credentials}/x", b"x")


def test_a_full_disk_of_the_node_is_one_line_and_leaves_nothing(bucket, tmp_path, monkeypatch):
    from fsspec.implementations.memory import MemoryFileSystem

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(MemoryFileSystem, "get_file", full)
    with pytest.raises(MediaError, match=r"b\.wav must fit on the disk of .* but does not \(No space left on device\)"):
        places.fetched(f"{bucket}/b.wav", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_url_has_the_parts_of_a_path(bucket):
    url = places.Url(f"{bucket}/a.MP4")
    assert (url.name, url.stem, url.suffix, url.parent) == ("a.MP4", "a", ".MP4", bucket)
    assert url.with_name("b.wav") == places.Url(bucket) / "b.wav" == f"{bucket}/b.wav"
    assert (url.is_file(), url.is_dir(), url.exists()) == (True, False, True)
    assert (url.parent.is_file(), url.parent.is_dir()) == (False, True)
    assert not (url.parent / "none").exists()
    assert places.under(url.parent, "s3://b/c") == "s3://b/c"
    assert places.under(url.parent, "/tmp/c.wav") == Path("/tmp/c.wav")
    assert places.under(url.parent, "x/c.wav") == f"{bucket}/x/c.wav"


def test_media_of_folders_within_a_folder(memory, bucket):
    memory.pipe_file("/calls/more/c.wav", b"c")
    assert places.files_in(places.Url(bucket), (".wav",), recursive=True) == [f"{bucket}/b.wav", f"{bucket}/more/c.wav"]
    assert places.files_in(places.Url(f"{bucket}/"), (".wav",)) == [f"{bucket}/b.wav"]


def test_a_growing_text_is_put_from_time_to_time_and_at_the_end(memory, monkeypatch):
    url = places.Url("memory://grown/a.jsonl")
    urls.write_bytes(url, b"0\n")
    with suppress(KeyError), growing.growing(url) as text:
        text.write("1\n")
        assert growing.read_text(url) == "0\n"
        monkeypatch.setattr(growing, "PUT_EVERY_S", 0.0)
        text.write("2\n")
        assert growing.read_text(url) == "0\n1\n2\n"
        monkeypatch.undo()
        text.write("3\n")
        raise KeyError
    assert growing.read_text(url) == "0\n1\n2\n3\n"


def test_an_error_of_the_copy_names_the_url(bucket):
    url = places.Url(f"{bucket}/b.wav")  # which holds no audio
    with pytest.raises(MediaError, match=r"memory://calls/b\.wav must be media") as error:
        places.read_audio_of(url)
    assert "avse-" not in str(error.value)


def test_what_is_written_appears_when_it_is_whole_and_replaces_only_where_it_may(memory, bucket):
    url = places.Url(f"{bucket}/new.txt")
    with suppress(ValueError), places.written(url) as path:
        path.write_text("half")
        raise ValueError
    assert not url.exists()
    with places.written(url) as path:
        path.write_text("whole")
        assert not url.exists()
    assert memory.cat_file("/calls/new.txt") == b"whole"
    with pytest.raises(MediaError, match=r"new\.txt must not exist but does"), places.written(url) as path:
        path.write_text("other")
    with places.written(url, force=True) as path:
        path.write_text("other")
    assert memory.cat_file("/calls/new.txt") == b"other"
    with pytest.raises(MediaError, match="must be a file but is a folder"):
        places.check_place(places.Url(bucket), force=True)


def test_a_local_file_by_url_appears_when_it_is_whole(tmp_path, monkeypatch):
    pytest.importorskip("fsspec")
    url = f"{tmp_path.as_uri()}/new folder/a.wav"
    (tmp_path / "a.wav").write_bytes(b"new")
    urls.put(tmp_path / "a.wav", url)
    urls.write_bytes(f"{url}.json", b"{}")
    assert sorted(path.name for path in (tmp_path / "new folder").iterdir()) == ["a.wav", "a.wav.json"]

    def cut_off(source, target):
        target.write_bytes(source.read_bytes()[:1])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("avse.jobs.urls.shutil.copyfile", cut_off)
    with pytest.raises(MediaError, match="No space left on device"):
        urls.put(tmp_path / "a.wav", url)
    assert (tmp_path / "new folder/a.wav").read_bytes() == b"new"
    assert sorted(path.name for path in (tmp_path / "new folder").iterdir()) == ["a.wav", "a.wav.json"]
