"""A video that gets its own audio back, in every container: as long, in sync, and with all else that it had."""

import os

import av
import hostile_media as hm
import numpy as np
import pytest
from hostile_media import Audio, Video
from rotation import turn

from avse.errors import MediaError
from avse.media.audio import AudioReader, AudioWriter, read_audio
from avse.media.remux import replace_audio
from avse.media.video import VideoReader


def _rewrite(path, output, *, tracks=(0,), **options):
    """Decode tracks and give them back."""
    audio = {}
    for track in tracks:
        audio[track] = path.with_name(f"{path.stem}_{track}.w64")
        with AudioReader(path, track=track) as reader:
            info = reader.info
            with AudioWriter(
                audio[track], sample_rate=info.sample_rate, n_channels=info.n_channels, subtype="FLOAT", force=True
            ) as writer:
                for block in reader.blocks():
                    writer.write(block)
    return replace_audio(path, audio, output, **options)


def _sync_s(path):
    """How much later the flash comes than the click."""
    waveform, rate = read_audio(path)
    with VideoReader(path) as video:
        flash_s = next(frame.time_s for frame in video.frames() if frame.image.mean() > 128)
    return flash_s - np.argmax(np.abs(waveform[0])) / rate


def _packets(path, kind, index=0):
    with av.open(f"file:{path}") as container:
        stream = getattr(container.streams, kind)[index]
        return [bytes(packet) for packet in container.demux(stream) if packet.size]


SAME = [
    (".mp4", "libx264", "aac", 16000), (".mp4", "libx265", "alac", 48000), (".mp4", "libsvtav1", "aac", 16000),
    (".mov", "libx264", "pcm_s16le", 16000), (".mov", "prores", "pcm_s24le", 192000), (".mov", "mjpeg", "aac", 44100),
    (".mkv", "libx264", "flac", 16000), (".mkv", "libsvtav1", "flac", 16000), (".mkv", "ffv1", "libopus", 48000),
    (".webm", "libvpx", "libopus", 48000), (".webm", "libvpx-vp9", "libopus", 48000),
    (".avi", "mpeg4", "pcm_s16le", 16000), (".avi", "mjpeg", "pcm_s16le", 44100), (".mpg", "mpeg2video", "mp2", 48000),
    (".ts", "libx264", "aac", 16000), (".ts", "mpeg2video", "mp2", 48000), (".flv", "libx264", "aac", 44100),
    (".3gp", "libx264", "aac", 16000), (".m4v", "libx264", "aac", 16000), (".wmv", "wmv2", "wmav2", 44100),
]  # fmt: skip


@pytest.mark.skipif(not hasattr(os, "sched_getscheduler"), reason="needs Linux")
def test_no_encoder_leaves_the_tests_before_the_rest_of_the_machine(tmp_path):
    before = os.sched_getscheduler(0)
    hm.write(tmp_path / "a.mkv", Video(codec="libsvtav1", size=(128, 96)))
    assert os.sched_getscheduler(0) == before


@pytest.mark.parametrize(("suffix", "video", "codec", "rate"), SAME)
def test_same_container(tmp_path, suffix, video, codec, rate):
    source, output = tmp_path / f"source{suffix}", tmp_path / f"output{suffix}"
    pix_fmt = {"prores": "yuv422p10le", "mjpeg": "yuvj420p"}.get(video, "yuv420p")
    hm.write(source, Video(codec=video, pix_fmt=pix_fmt, size=(128, 96)), Audio(codec=codec, rate=rate))
    assert _rewrite(source, output) == []
    assert _packets(source, "video") == _packets(output, "video")
    assert _sync_s(output) == pytest.approx(_sync_s(source), abs=0.005)
    before, after = read_audio(source)[0], read_audio(output)[0]
    inexact = suffix in (".ts", ".mpg", ".flv", ".wmv")
    assert after.shape[1] == pytest.approx(before.shape[1], abs=3 * 2048 if inexact else 4)
    again = tmp_path / f"again{suffix}"
    _rewrite(source, again)
    assert again.read_bytes() == output.read_bytes()


@pytest.mark.parametrize("n_channels", range(1, 9))
@pytest.mark.parametrize(
    ("suffix", "video", "codec"),
    [
        (".mp4", "libx264", "aac"),
        (".mov", "libx264", "pcm_s16le"),
        (".mkv", "libx264", "flac"),
        (".avi", "mpeg4", "pcm_s16le"),
        (".webm", "libvpx", "libopus"),
        (".mpg", "mpeg2video", "mp2"),
        (".ts", "libx264", "aac"),
    ],
)
def test_every_number_of_channels(tmp_path, suffix, video, codec, n_channels):
    source, output = tmp_path / f"source{suffix}", tmp_path / f"output{suffix}"
    if suffix == ".mpg" and n_channels > 2:
        codec = "ac3"
    if codec == "ac3" and n_channels > 6:
        return  # nothing could have written it
    rate = 48000 if codec in ("libopus", "mp2", "ac3") else 16000
    hm.write(source, Video(codec=video), Audio(codec=codec, rate=rate, n_channels=n_channels))
    assert _rewrite(source, output) == []
    before, after = read_audio(source)[0], read_audio(output)[0]
    n = min(before.shape[1], after.shape[1])
    assert len(after) == n_channels
    assert n > 0.95 * rate
    pitches = [
        np.argmax(np.abs(np.fft.rfft(channels[:, :n], axis=1))[:, : n // 8], axis=1) for channels in (before, after)
    ]
    np.testing.assert_allclose(pitches[0], pitches[1], atol=8)


def test_tracks_subtitles_chapters_tags_and_languages_stay(tmp_path):
    for suffix, codec, text in (
        (".mp4", "aac", "mov_text"),
        (".mkv", "flac", "subrip"),
        (".mov", "pcm_s16le", "mov_text"),
    ):
        source, output = tmp_path / f"rich{suffix}", tmp_path / f"kept{suffix}"
        _rich(source, codec=codec, text=text)
        assert _rewrite(source, output) == []
        assert _packets(source, "audio", 1) == _packets(output, "audio", 1)
        assert _packets(source, "subtitles") == _packets(output, "subtitles")
        for path in (source, output):
            with av.open(str(path)) as container:
                assert [s.type for s in container.streams][:4] == ["video", "audio", "audio", "subtitle"]
                languages = [stream.language for stream in container.streams.audio]
                assert languages == (["eng", "deu"] if suffix != ".mov" else languages)
                titles = [chapter["metadata"]["title"] for chapter in container.chapters()]
                assert titles == ["Intro", "Body"]
                starts = [float(chapter["start"] * chapter["time_base"]) for chapter in container.chapters()]
                assert starts == [0.0, 0.5]
                assert {k.lower(): v for k, v in container.metadata.items()}["title"] == "My talk"
                second = container.streams.audio[1].metadata
                if suffix != ".mov":
                    assert "Lapel mic" in (second.get("title"), second.get("name"))


def test_the_second_track_or_all_of_them_are_replaced(tmp_path):
    source = tmp_path / "two.mp4"
    _rich(source, codec="aac", text="mov_text")
    _rewrite(source, tmp_path / "second.mp4", tracks=(1,))
    assert _packets(source, "audio", 0) == _packets(tmp_path / "second.mp4", "audio", 0)
    assert _packets(source, "audio", 1) != _packets(tmp_path / "second.mp4", "audio", 1)
    _rewrite(source, tmp_path / "all.mp4", tracks=(0, 1))
    for track in (0, 1):
        assert _packets(source, "audio", track) != _packets(tmp_path / "all.mp4", "audio", track)
        before, after = read_audio(source, track=track)[0], read_audio(tmp_path / "all.mp4", track=track)[0]
        assert before.shape == after.shape
        assert np.corrcoef(before[0], after[0])[0, 1] > 0.9


def _rich(path, *, codec, text):
    """A video with two audio tracks, a subtitle, two chapters and tags."""
    with av.open(str(path), "w") as container:
        encoders = [hm._video_packets(container, Video())]
        for language in ("eng", "deu"):
            encoders.append(hm._audio_packets(container, Audio(codec=codec, language=language)))
        container.streams.audio[1].metadata["title"] = "Lapel mic"
        words = container.add_mux_stream(text)
        words.time_base = hm.Fraction(1, 1000)
        container.metadata["title"] = "My talk"
        second = hm.Fraction(1, 1000)
        container.set_chapters(
            [{"id": k, "start": 500 * k, "end": 500 * k + 500, "time_base": second, "metadata": {"title": title}}
             for k, title in enumerate(("Intro", "Body"))]
        )  # fmt: skip
        packets = [packet for encoder in encoders for packet in encoder()]
        printed = b"bin blue at f"
        subtitle = av.Packet(len(printed).to_bytes(2, "big") + printed if text == "mov_text" else printed)
        subtitle.pts = subtitle.dts = 100
        subtitle.duration, subtitle.time_base, subtitle.stream = 300, second, words
        for packet in sorted([*packets, subtitle], key=lambda p: p.dts * p.time_base):
            container.mux(packet)


def test_subtitles_change_their_form_with_the_container(tmp_path):
    _rich(tmp_path / "rich.mp4", codec="aac", text="mov_text")
    assert _rewrite(tmp_path / "rich.mp4", tmp_path / "rich.mkv") == []
    assert _packets(tmp_path / "rich.mkv", "subtitles") == [b"bin blue at f"]
    assert _rewrite(tmp_path / "rich.mkv", tmp_path / "back.mp4") == []
    assert b"\0\x0dbin blue at f" in _packets(tmp_path / "back.mp4", "subtitles")


def test_a_cover_stays(tmp_path):
    from avse.media.tags import Tags, read_tags

    cover = av.VideoFrame.from_ndarray(np.zeros((16, 16, 3), np.uint8), format="rgb24")
    encoder = av.CodecContext.create("png", "w")
    encoder.width, encoder.height, encoder.pix_fmt, encoder.time_base = 16, 16, "rgb24", hm.Fraction(1, 25)
    data = bytes(encoder.encode(cover)[0])
    with av.open(str(tmp_path / "cover.mp4"), "w") as container:
        encoders = [hm._video_packets(container, Video()), hm._audio_packets(container, Audio())]
        Tags(cover=data, cover_codec="png", cover_size=(16, 16)).write(container, suffix=".mp4")
        for encode in encoders:
            container.mux(list(encode()))
    for suffix in (".mp4", ".mkv"):
        assert _rewrite(tmp_path / "cover.mp4", tmp_path / f"kept{suffix}") == []
        assert read_tags(tmp_path / f"kept{suffix}").cover == data
        assert len(_packets(tmp_path / f"kept{suffix}", "video")) == 25


def test_rotation_stays(tmp_path):
    hm.write(tmp_path / "turned.mp4", Video(), Audio())
    turn(tmp_path / "turned.mp4", 90)
    for suffix in (".mp4", ".mov", ".mkv"):
        _rewrite(tmp_path / "turned.mp4", tmp_path / f"kept{suffix}")
        with VideoReader(tmp_path / f"kept{suffix}") as video:
            assert next(video.frames()).image.shape == (64, 48, 3)


def test_high_dynamic_range_stays(tmp_path):
    display = "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50)"
    colours = "colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc"
    x265 = f"log-level=none:hdr10=1:master-display={display}:max-cll=1000,400:{colours}"
    video = Video(codec="libx265", pix_fmt="yuv420p10le", options={"x265-params": x265})
    hm.write(tmp_path / "hdr.mp4", video, Audio())
    for suffix in (".mp4", ".mkv", ".mov"):
        _rewrite(tmp_path / "hdr.mp4", tmp_path / f"kept{suffix}")
        for name in ("hdr.mp4", f"kept{suffix}"):
            with av.open(str(tmp_path / name)) as container:
                context = container.streams.video[0].codec_context
                assert (context.color_primaries, context.color_trc, context.colorspace) == (9, 16, 9)
                kinds = {data.type.name for data in next(container.decode(video=0)).side_data}
                assert {"MASTERING_DISPLAY_METADATA", "CONTENT_LIGHT_LEVEL"} <= kinds


def test_what_a_container_cannot_hold_is_said(tmp_path):
    hm.write(tmp_path / "h264.mp4", Video(), Audio())
    with pytest.raises(MediaError, match=r"cannot hold h264 video; use \.mp4 or \.mkv"):
        _rewrite(tmp_path / "h264.mp4", tmp_path / "h264.webm")
    hm.write(tmp_path / "wide.mkv", Video(), Audio(codec="pcm_s16le", n_channels=10))
    with pytest.raises(MediaError, match="it holds at most 8 channels as aac but there are 10"):
        _rewrite(tmp_path / "wide.mkv", tmp_path / "wide.mp4")
    _rewrite(tmp_path / "wide.mkv", tmp_path / "wide.mov")
    assert len(read_audio(tmp_path / "wide.mov")[0]) == 10
    assert not list(tmp_path.glob("*.webm"))


def test_a_file_without_video_is_refused(tmp_path):
    for suffix in (".mp4", ".avi", ".mkv"):
        hm.write(tmp_path / f"audio{suffix}", Audio(codec="pcm_s16le" if suffix == ".avi" else "aac"))
        with pytest.raises(MediaError, match="must have a video track but has none that can be copied"):
            _rewrite(tmp_path / f"audio{suffix}", tmp_path / f"out{suffix}")
        assert not (tmp_path / f"out{suffix}").exists()


def test_audio_that_comes_late_or_short_does_not_get_its_name(tmp_path, monkeypatch):
    from avse.media import remux

    hm.write(tmp_path / "talk.mkv", Video(), Audio(codec="flac"))
    write = remux.AudioTrack.write

    def late(track, block):
        write(track, np.pad(block, ((0, 0), (800, 0)))[:, : block.shape[1]])

    monkeypatch.setattr(remux, "BLOCK_SAMPLES", 65536)
    monkeypatch.setattr(remux.AudioTrack, "write", late)
    with pytest.raises(MediaError, match="must hold audio in sync with its video but it is 50 ms late"):
        _rewrite(tmp_path / "talk.mkv", tmp_path / "late.mkv")
    monkeypatch.setattr(remux.AudioTrack, "write", lambda track, block: write(track, block[:, :-500]))
    with pytest.raises(MediaError, match=r"must hold 1\.000 s of audio but holds 0\.969 s"):
        _rewrite(tmp_path / "talk.mkv", tmp_path / "short.mkv")
    assert {path.name for path in tmp_path.iterdir()} == {"talk.mkv", "talk_0.w64"}


def test_a_full_disk_leaves_no_video(tmp_path):
    import resource

    hm.write(tmp_path / "talk.mp4", Video(), Audio())
    for suffix in (".mp4", ".mkv", ".mov"):
        _rewrite(tmp_path / "talk.mp4", tmp_path / f"whole{suffix}")
        size = (tmp_path / f"whole{suffix}").stat().st_size
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        for limit in (100, size // 2, size - 1):
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
            try:
                message = _refusal(tmp_path / "talk.mp4", {0: tmp_path / "talk_0.w64"}, tmp_path / f"cut{suffix}")
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, before)
            assert "output" in message
            assert not (tmp_path / f"cut{suffix}").exists()
            assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def _refusal(*arguments):
    try:
        replace_audio(*arguments)
    except MediaError as error:
        return str(error)
    return ""
