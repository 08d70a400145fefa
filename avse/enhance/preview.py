"""A video to check a result by: the chosen face, whether it is found to speak, and the audio before and after."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from avse.enhance.watch import MAX_HEIGHT
from avse.faces.contact_sheet import draw_face
from avse.faces.detect import Box
from avse.faces.mouth import MouthTrack
from avse.faces.people import TimedImage
from avse.media.audio import AudioReader, AudioWriter
from avse.media.output import scratch_folder
from avse.media.remux import replace_audio
from avse.media.video import VideoFrame, VideoReader, VideoWriter
from avse.types import Image

STRIP = 64
"""Height of each of the two waveforms under the frame, pixels."""
SHOWN_S = 8.0
"""What of them is seen at a time; the middle is now."""
ENVELOPE_HZ = 100
HIGHEST_FPS = 60.0
BEFORE, AFTER, NOW, GROUND = (150, 150, 150), (0, 230, 90), (255, 255, 255), (24, 24, 24)
"""RGB."""


@dataclass(frozen=True)
class Track:
    """An audio track of a file."""

    path: Path
    index: int = 0


def write_preview(
    path: Path,
    video: Path,
    mouth: MouthTrack,
    *,
    before: Track,
    after: Track,
    audio_track: int = 0,
    force: bool = False,
) -> None:
    """Write the preview; its audio is the enhanced one.

    Args:
        path: video file to write.
        video: that the mouth was seen in.
        mouth: of the chosen face, with its boxes.
        before: noisy audio.
        after: enhanced audio, as long.
        audio_track: index of the audio track in the video whose first sample is time zero.
        force: replace a file that exists.

    Raises:
        MediaError: a file cannot be read or written.
    """
    with scratch_folder() as folder, VideoReader(video, max_height=MAX_HEIGHT, audio_track=audio_track) as reader:
        audio = folder / "after.w64"
        strips = Strips(_envelope(before), _envelope(after, copy_to=audio))
        fps = min(HIGHEST_FPS, reader.info.fps or 25.0)
        silent = folder / "silent.mp4"
        frames = evenly(reader.frames(), fps=fps, duration_s=strips.duration_s)
        with ExitStack() as stack:
            writer = None
            for frame in frames:
                image = draw(frame, mouth, strips)
                writer = writer or stack.enter_context(
                    VideoWriter(silent, fps=fps, width=image.shape[1], height=image.shape[0])
                )
                writer.write(image)
        replace_audio(silent, {0: audio}, path, force=force)


def draw(frame: TimedImage, mouth: MouthTrack, strips: "Strips") -> Image:
    """One frame of the preview, `(height + 2 * STRIP, width, 3)` RGB."""
    image = np.ascontiguousarray(frame.image)
    found = mouth.face_at(frame.time_s)
    if found is not None:
        face, box, speaks = found
        draw_face(image, Box(*box), face, speaks=speaks)
    return np.concatenate([image, strips.draw(frame.time_s, width=image.shape[1])], axis=0)


class Strips:
    """The envelopes of two waveforms, to be drawn around any time."""

    def __init__(self, before: npt.NDArray[np.float32], after: npt.NDArray[np.float32]) -> None:
        """Take envelopes, `(n,)` each, `ENVELOPE_HZ` a second."""
        self._envelopes = before, after
        self._scale = max(float(before.max(initial=0)), float(after.max(initial=0)), 1e-6)
        self.duration_s = len(after) / ENVELOPE_HZ

    def draw(self, time_s: float, *, width: int) -> Image:
        """Both, the noisy one above, `(2 * STRIP, width, 3)` RGB."""
        image = np.full((2 * STRIP, width, 3), GROUND, np.uint8)
        times_s = time_s + SHOWN_S * (np.arange(width) / width - 0.5)
        columns = np.floor(times_s * ENVELOPE_HZ).astype(int)
        away = np.abs(np.arange(STRIP) - STRIP / 2 + 0.5)[:, None]
        looks = zip(self._envelopes, (BEFORE, AFTER), ("before", "after"), strict=True)
        for row, (envelope, colour, name) in enumerate(looks):
            known = (columns >= 0) & (columns < len(envelope))
            heights = np.zeros(width)
            heights[known] = envelope[columns[known]]
            strip = image[row * STRIP : (row + 1) * STRIP]
            strip[away <= heights / self._scale * (STRIP / 2 - 2)] = colour
            cv2.putText(strip, name, (6, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.4, NOW, 1, cv2.LINE_AA)
        image[:, width // 2] = NOW
        return image


def evenly(frames: Iterable[TimedImage], *, fps: float, duration_s: float) -> Iterator[VideoFrame]:
    """Frames at a constant rate from time zero to the end of the audio, each the latest one that there is by then.

    Args:
        frames: with rising times.
        fps: video frames per second wanted.
        duration_s: of the audio.
    """
    n_given = 0
    latest: TimedImage | None = None
    for frame in frames:
        latest = latest or frame
        while n_given / fps < frame.time_s and n_given / fps < duration_s:
            yield VideoFrame(n_given / fps, latest.image)
            n_given += 1
        latest = frame
    while latest is not None and (n_given == 0 or n_given / fps < duration_s):
        yield VideoFrame(n_given / fps, latest.image)
        n_given += 1


def _envelope(track: Track, *, copy_to: Path | None = None) -> npt.NDArray[np.float32]:
    """Largest magnitudes, `ENVELOPE_HZ` a second, `(n,)`; the samples are copied where that is asked for."""
    with ExitStack() as stack:
        reader = stack.enter_context(AudioReader(track.path, track=track.index))
        rate, n_channels = reader.info.sample_rate, reader.info.n_channels
        sinks = [] if copy_to is None else [
            stack.enter_context(AudioWriter(copy_to, sample_rate=rate, n_channels=n_channels, subtype="FLOAT"))
        ]  # fmt: skip
        length = max(1, round(rate / ENVELOPE_HZ))
        found, waiting = [np.zeros(0, dtype=np.float32)], np.zeros(0, dtype=np.float32)
        for block in reader.blocks():
            waiting = np.concatenate([waiting, np.abs(block).max(axis=0)])
            whole = len(waiting) // length * length
            found.append(waiting[:whole].reshape(-1, length).max(axis=1))
            waiting = waiting[whole:]
            for sink in sinks:
                sink.write(block)
    return np.concatenate(found)
