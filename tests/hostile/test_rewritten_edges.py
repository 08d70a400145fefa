"""A video that gets its own audio back where there is next to no audio, or no encoder of the video's codec."""

import av
import hostile_media as hm
import numpy as np
import pytest
from hostile_media import Audio, Video

from avse.errors import MediaError
from avse.media.audio import AudioWriter
from avse.media.remux import replace_audio


def _video(path):
    """The packets of the video."""
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(video=0) if packet.size]


def test_audio_that_the_container_keeps_nothing_of_is_refused_under_the_user_s_name(tmp_path):
    hm.write(tmp_path / "a.webm", Video(codec="libvpx"))
    with AudioWriter(tmp_path / "one.wav", sample_rate=1000, n_channels=1) as writer:
        writer.write(np.zeros((1, 1), np.float32))
    with pytest.raises(MediaError, match=r"output \S+/b\.webm must hold 0\.001 s of audio but none of it can be read"):
        replace_audio(tmp_path / "a.webm", {0: tmp_path / "one.wav"}, tmp_path / "b.webm")
    assert not (tmp_path / "b.webm").exists()


def test_video_of_a_codec_without_an_encoder_is_copied(tmp_path):
    """Theora, as FFmpeg only decodes it: by its name in an AVI, for nothing here can write the real one."""
    path = tmp_path / "a.avi"
    hm.write(path, Video(codec="mjpeg", pix_fmt="yuvj420p"), Audio(codec="pcm_s16le"))
    path.write_bytes(path.read_bytes().replace(b"MJPG", b"theo"))
    assert replace_audio(path, {0: path}, tmp_path / "b.avi") == []
    with av.open(str(tmp_path / "b.avi")) as container:
        assert container.streams.video[0].codec_context.name == "theora"
    assert _video(tmp_path / "b.avi") == _video(path)
    with pytest.raises(MediaError, match=r"b\.mp4 cannot hold theora video; use \.avi or \.mkv"):
        replace_audio(path, {0: path}, tmp_path / "b.mp4")
