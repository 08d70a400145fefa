"""Whatever is done to the bytes of a file: it is read, or refused in one line, and no other error comes out."""

import struct
import zlib

import hostile_media as hm
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mutations import mutate
from readers import readers

from avse.clips.captions import read_captions
from avse.drives.series import read_series, tidy
from avse.errors import AvseError
from avse.media.audio import read_audio

N_EACH = 4
"""Mutations of each kind of file; `benchmarks/torture/media.py` makes thousands."""
QUICK = settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize("reader", readers(), ids=lambda reader: reader.name)
def test_every_reader_reads_or_refuses(reader, tmp_path):
    good = tmp_path / f"good{reader.suffix}"
    reader.make(good)
    reader.read(good)
    data = good.read_bytes()
    # Not hash(), which differs from run to run.
    rng = np.random.default_rng(zlib.crc32(reader.name.encode()))
    for number in range(N_EACH):
        path = tmp_path / f"bad{number}{reader.suffix}"
        path.write_bytes(mutate(data, rng))
        assert "\n" not in refusal(reader.read, path)


def refusal(read, path):
    """The text of the error on purpose, empty without one; any other error passes."""
    try:
        read(path)
    except AvseError as error:
        return str(error)
    return ""


@QUICK
@given(
    n_channels=st.integers(0, 65535), rate=st.integers(0, 2**32 - 1), bits=st.integers(0, 65535),
    block=st.integers(0, 65535), kind=st.sampled_from([0, 1, 2, 3, 6, 7, 17, 65534]),
    data_size=st.integers(0, 2**32 - 1),
)  # fmt: skip
def test_any_wav_header(tmp_path_factory, n_channels, rate, bits, block, kind, data_size):
    path = tmp_path_factory.mktemp("wav") / "any.wav"
    header = hm.wav_header(n_channels=n_channels, rate=rate, bits=bits, block=block, kind=kind, data_size=data_size)
    path.write_bytes(header + bytes(4000))
    text = refusal(read_audio, path)
    if not 1 <= n_channels <= 64 or not 1000 <= rate <= 768_000:
        assert text
    assert "\n" not in text


@QUICK
@given(st.text(alphabet=st.sampled_from("<>{}0123456789:,.->\n \t\0aé"), max_size=2000))
def test_any_captions(tmp_path_factory, text):
    folder = tmp_path_factory.mktemp("captions")
    for suffix in (".srt", ".vtt", ".align", ".txt"):
        path = folder / f"any{suffix}"
        path.write_text(text, encoding="utf-8")
        captions, _ = read_captions(path)
        assert all(caption.end_s > caption.start_s for caption in captions)


@QUICK
@given(st.text(alphabet=st.sampled_from("0123456789,.-\n\r\"'eE xnaif;()[]"), max_size=1000))
def test_any_table(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("table") / "any.csv"
    path.write_text(text, encoding="utf-8")
    assert "\n" not in refusal(read_series, path)


@QUICK
@given(name=st.text(alphabet=st.sampled_from("aB _()[]é"), max_size=30), unit=st.text(alphabet="mVµ/ ", max_size=5))
def test_a_unit_in_brackets_is_reported_from_the_name(name, unit):
    found, its_unit = tidy(f"{name}({unit})")
    assert its_unit == unit or any(bracket in name for bracket in "()[]")
    assert found == found.lower()


@settings(QUICK, max_examples=12)
@given(st.binary(max_size=300))
def test_any_bytes_of_any_reader(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("bytes")
    for reader in readers():
        path = folder / f"any{reader.suffix}"
        path.write_bytes(data)
        assert "\n" not in refusal(reader.read, path)


def test_what_takes_quadratic_time_elsewhere_takes_none_here(tmp_path):
    import time

    started = time.process_time()
    for name, text in {
        "angles.srt": "00:00:00,000 --> 00:00:01,000\n" + "<" * 400_000,
        "braces.vtt": "00:00:00.000 --> 00:00:01.000\n" + "{" * 400_000,
        "digits.srt": "1" * 400_000,
        "clocks.srt": "00:00:00,000" * 40_000,
        "spaces.srt": "00:00:00,000" + " " * 400_000,
        "lines.srt": "\n " * 200_000 + "x",
    }.items():
        (tmp_path / name).write_text(text)
        read_captions(tmp_path / name)
    tidy(" " * 200_000 + "x" + " (" * 100_000)
    assert time.process_time() - started < 5


def test_bombs_are_refused_before_they_unpack(tmp_path):
    import gzip
    import zipfile

    from avse.errors import MediaError
    from avse.media.arrays import read_arrays

    with gzip.open(tmp_path / "bomb.csv.gz", "wb", compresslevel=1) as file:
        for _ in range(300):
            file.write(b"0,0\n" * 2**18)
    with pytest.raises(MediaError, match="must be at most 256 MiB unpacked"):
        read_series(tmp_path / "bomb.csv.gz")
    head = b"\x93NUMPY\x01\x00v\x00" + b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,), }"
    with zipfile.ZipFile(tmp_path / "huge.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", head.ljust(127) + b"\n" + bytes(800))
    with pytest.raises(MediaError, match="must hold what their headers say"):
        read_arrays(tmp_path / "huge.npz")
    with zipfile.ZipFile(tmp_path / "bomb.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", b"")
    data = bytearray((tmp_path / "bomb.npz").read_bytes())
    start = data.index(b"PK\x01\x02") + 24
    data[start : start + 4] = struct.pack("<I", 2**32 - 2)
    (tmp_path / "bomb.npz").write_bytes(data)
    with pytest.raises(MediaError, match="must be at most 2 GiB unpacked"):
        read_arrays(tmp_path / "bomb.npz")
    (tmp_path / "long.hea").write_text("long 1 250 1000000000000\nlong.dat 16 1000 16 0 0 0 0 ECG\n")
    (tmp_path / "long.dat").write_bytes(bytes(100))
    with pytest.raises(MediaError, match="must hold at most 20000000 samples but its header says 1000000000000"):
        read_series(tmp_path / "long.hea")
    wide = "time," + ",".join(f"c{k}" for k in range(2000)) + "\n"
    (tmp_path / "wide.csv").write_text(wide)
    with pytest.raises(MediaError, match="must have at most 1000 columns but has 2001"):
        read_series(tmp_path / "wide.csv")
