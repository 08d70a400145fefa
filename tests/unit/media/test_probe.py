"""One look into a file shows what each question alone shows, and commands open it no more often than they must."""

import av
import numpy as np
import pytest

from avse.cli import faces
from avse.enhance.enhancer import Enhancer
from avse.enhance.file import enhance_file
from avse.enhance.job import Job
from avse.errors import MediaError
from avse.media.audio import AudioWriter
from avse.media.probe import probe
from avse.media.tags import Tags, read_tags
from avse.media.video import audio_start_s, first_frame_s, has_video
from avse.synthetic.talker import write_video

RATE = 16000


def _check(path):
    """Each part of a probe against the function that opens the file for it alone."""
    found = probe(path)
    assert found.has_video == has_video(path)
    assert found.tags == read_tags(path)
    assert found.first_frame_s == first_frame_s(path)
    if found.has_video:
        assert list(found.audio_starts_s) == [audio_start_s(path, track=n) for n in range(found.n_audio_tracks)]
    return found


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".mov"])
@pytest.mark.parametrize(("video_s", "audio_s"), [(0.0, 0.0), (0.0, 0.3), (0.2, 0.0)])
def test_starts_of_audio_and_video(tmp_path, talk, suffix, video_s, audio_s):
    path = tmp_path / f"talk{suffix}"
    write_video(
        path, talk.images[:30], timestamps_s=video_s + talk.times_s[:30], waveform=talk.noisy, sample_rate=RATE,
        audio_start_s=audio_s,
    )  # fmt: skip
    found = _check(path)
    assert (found.has_video, found.n_audio_tracks) == (True, 1)
    # AAC begins by an encoder's delay earlier.
    assert found.audio_start_s(0) - found.first_frame_s == pytest.approx(audio_s - video_s, abs=0.07)


def test_a_second_track_and_one_that_holds_nothing(tmp_path, media):
    path = tmp_path / "tracks.mkv"
    with av.open(str(media / "talk.mp4")) as source, av.open(str(path), "w") as container:
        video = container.add_stream_from_template(source.streams.video[0])
        tracks = [container.add_stream("pcm_s16le", rate=RATE, layout="mono") for _ in range(3)]
        for packet in source.demux(source.streams.video[0]):
            if packet.dts is not None:
                packet.stream = video
                container.mux(packet)
        for track, start_s in zip(tracks[:2], (0.0, 0.5), strict=True):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, RATE // 4), np.int16), format="s16", layout="mono")
            frame.sample_rate, frame.pts = RATE, round(start_s * RATE)
            container.mux(track.encode(frame))
            container.mux(track.encode(None))
    found = _check(path)
    assert found.audio_starts_s == pytest.approx((0.0, 0.5, 0.0), abs=0.01)


def test_audio_with_a_cover_is_no_video(tmp_path):
    with av.open(str(tmp_path / "cover.png"), "w", format="image2") as container:
        stream = container.add_stream("png", rate=1)
        stream.width = stream.height = 16
        stream.pix_fmt = "rgb24"
        image = av.VideoFrame.from_ndarray(np.full((16, 16, 3), 200, np.uint8), format="rgb24")
        container.mux([*stream.encode(image), *stream.encode(None)])
    cover = (tmp_path / "cover.png").read_bytes()
    for suffix in (".mp3", ".m4a", ".flac"):
        path = tmp_path / f"song{suffix}"
        tags = Tags({"title": "A song"}, cover, "png", (16, 16))
        with AudioWriter(path, sample_rate=44100, n_channels=1, tags=tags) as writer:
            writer.write(np.zeros((1, 44100), np.float32))
        found = _check(path)
        assert (found.has_video, found.n_audio_tracks, found.audio_starts_s) == (False, 1, ())
        assert found.tags.cover == cover


def test_what_is_no_media_is_refused(tmp_path):
    (tmp_path / "text.mp4").write_text("no media")
    with pytest.raises(MediaError, match="must be media that FFmpeg reads"):
        probe(tmp_path / "text.mp4")
    with pytest.raises(MediaError, match="must exist"):
        probe(tmp_path / "none.mp4")


@pytest.fixture
def openings(media, monkeypatch):
    """How often talk.mp4 is opened for reading, so far."""
    names, opened = [], av.open

    def counting(name, mode=None, **options):
        if mode != "w" and str(name).endswith(str(media / "talk.mp4")):
            names.append(name)
        return opened(name, mode, **options)

    monkeypatch.setattr(av, "open", counting)
    return names


@pytest.mark.parametrize(
    ("way", "n"),
    [
        ("wav", 4),  # the look; listening; watching; enhancing
        ("mp4", 6),  # the same; copying the video; the layout of its audio
        ("python", 4),
        ("faces", 3),  # without enhancing
    ],
)
def test_a_file_is_opened_once_for_each_pass_and_one_look(media, live_weights, tmp_path, openings, way, n):
    talk = media / "talk.mp4"
    if way == "faces":
        assert faces.main([str(talk)]) == 0
    else:
        enhancer = Enhancer.load(str(live_weights))
        if way == "python":
            enhancer.enhance_recording(talk)
        else:
            enhance_file(enhancer, Job(talk, tmp_path / f"out.{way}"))
    assert len(openings) == n
