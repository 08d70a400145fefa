"""Makes a sample to try avse on: a drawn person who speaks, in noise. `python -m avse.synthetic.talker FOLDER`.

Writes `clean.wav`, `noisy.wav` and `talk.mp4`, the video with the noisy audio. Nobody was recorded for it.
"""

import argparse
import sys
from collections.abc import Iterable
from fractions import Fraction
from itertools import chain
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

from avse.data.augment import coloured_noise
from avse.data.mix import mix
from avse.errors import AvseError
from avse.media.audio import AudioWriter
from avse.media.container import open_output
from avse.media.output import atomic_write
from avse.media.video_stream import add_video_stream
from avse.synthetic.expression import REST, Expression
from avse.synthetic.head import PEOPLE, Person, Pose, background, draw_head
from avse.synthetic.voice import Voice, speak
from avse.types import Image, Waveform

SNR_DB = 5.0
SIZE = (320, 240)
"""Width and height of the video, pixels."""


def render_video(
    person: Person,
    opening: npt.NDArray[np.float64],
    rng: np.random.Generator,
    *,
    size: tuple[int, int] = SIZE,
    position: float = 0.5,
    empty: Image | None = None,
    expression: Expression = REST,
) -> list[Image]:
    """Draw a person who speaks, sways a little and blinks.

    Args:
        person: who.
        opening: `(n,)` of the mouth in each video frame, 0 to 1.
        rng: of the sway and the blinks.
        size: width and height, pixels.
        position: of the head, as a share of the width.
        empty: video to draw into, a room by default.
        expression: of the face throughout.

    Returns:
        `n` video frames, `(height, width, 3)` RGB.
    """
    width, height = size
    room = background(width, height) if empty is None else empty
    phase = rng.uniform(0, 2 * np.pi, size=2)
    images = []
    blink = -1
    for number, how_far in enumerate(opening):
        if number > blink + 20 and rng.random() < 0.03:
            blink = number
        sway = 0.02 * height * np.sin(phase + np.array([0.11, 0.07]) * number)
        pose = Pose(
            centre=(position * width + sway[0], 0.49 * height + sway[1]),
            size=0.54 * height,
            opening=float(how_far),
            eyes_open=0.1 if 0 <= number - blink < 3 and blink >= 0 else 1.0,
            expression=expression,
        )
        images.append(draw_head(room, person, pose))
    return images


def write_video(
    path: Path,
    images: Iterable[Image],
    *,
    timestamps_s: npt.NDArray[np.float64],
    waveform: Waveform | None = None,
    sample_rate: int = 16000,
    audio_start_s: float = 0.0,
    force: bool = False,
) -> None:
    """Write video and audio with the timestamps that are asked for, however odd.

    Args:
        path: file to write; its suffix chooses the container.
        images: `(height, width, 3)` RGB each, of one size; at least one.
        timestamps_s: `(n,)` when each is shown, at least 0.
        waveform: `(samples,)` or `(channels, samples)`; None writes no audio.
        sample_rate: Hz.
        audio_start_s: when the audio begins, at least 0.
        force: replace a file that exists.
    """
    with atomic_write(path, force=force) as temporary, open_output(temporary) as container:
        rest = iter(images)
        first = next(rest)
        height, width = (size // 2 * 2 for size in first.shape[:2])
        video_stream = add_video_stream(container, fps=Fraction(25), width=width, height=height)
        video_stream.codec_context.time_base = Fraction(1, 90000)
        audio_stream = None
        if waveform is not None:
            layout = "mono" if np.atleast_2d(waveform).shape[0] == 1 else "stereo"
            audio_stream = container.add_stream("aac", rate=sample_rate, layout=layout)
        for image, time_s in zip(chain([first], rest), timestamps_s, strict=True):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image[:height, :width]), format="rgb24")
            frame.pts, frame.time_base = round(time_s * 90000), Fraction(1, 90000)
            container.mux(video_stream.encode(frame))
        container.mux(video_stream.encode(None))
        if audio_stream is not None and waveform is not None:
            samples = np.ascontiguousarray(np.atleast_2d(waveform), dtype=np.float32)
            for start in range(0, samples.shape[1], 1024):
                block = np.ascontiguousarray(samples[:, start : start + 1024])
                chunk = av.AudioFrame.from_ndarray(block, format="fltp", layout=layout)
                chunk.sample_rate, chunk.time_base = sample_rate, Fraction(1, sample_rate)
                chunk.pts = start + round(audio_start_s * sample_rate)
                container.mux(audio_stream.encode(chunk))
            container.mux(audio_stream.encode(None))


def in_noise(voice: Voice, rng: np.random.Generator, *, snr_db: float = SNR_DB) -> Waveform:
    """Add the murmur of a room and the hum of its mains, `(samples,)`, peak below full scale."""
    n_samples = len(voice.waveform)
    hum = np.sin(2 * np.pi * 100 * np.arange(n_samples) / voice.sample_rate)
    murmur = coloured_noise(rng, n_samples=n_samples, exponent=1.0) + 0.5 * hum.astype(np.float32)
    return mix(voice.waveform, murmur, snr_db=snr_db)


def make_sample(folder: Path, *, duration_s: float = 4.0, seed: int = 1, force: bool = False) -> list[Path]:
    """Write the sample.

    Args:
        folder: made if it is missing.
        duration_s: seconds.
        seed: of everything.
        force: replace files that exist.

    Returns:
        The files written.

    Raises:
        MediaError: a file exists and may not be replaced, or the folder cannot be written.
    """
    rng = np.random.default_rng(seed)
    voice = speak(rng, duration_s=duration_s)
    noisy = in_noise(voice, rng)
    paths = [folder / name for name in ("clean.wav", "noisy.wav", "talk.mp4")]
    for path, waveform in zip(paths, (voice.waveform, noisy), strict=False):
        with AudioWriter(path, sample_rate=voice.sample_rate, n_channels=1, force=force) as writer:
            writer.write(waveform[None])
    times_s = np.arange(round(duration_s * 25)) / 25
    images = render_video(PEOPLE[seed % len(PEOPLE)], voice.opening_at(times_s), rng)
    write_video(paths[2], images, timestamps_s=times_s, waveform=noisy, sample_rate=voice.sample_rate, force=force)
    return paths


def main(argv: list[str] | None = None) -> int:
    """Write the sample into the folder that is named."""
    parser = argparse.ArgumentParser(prog="python -m avse.synthetic.talker", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--duration-s", type=float, default=4.0, help="seconds, 1 to 60 (default: 4)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--force", action="store_true", help="replace files that exist")
    options = parser.parse_args(argv)
    if not 1 <= options.duration_s <= 60:
        parser.error(f"--duration-s must be 1 to 60 but is {options.duration_s:g}; choose a length between")
    if options.seed < 0:
        parser.error(f"--seed must be 0 or more but is {options.seed}; choose another number")
    try:
        for path in make_sample(options.folder, duration_s=options.duration_s, seed=options.seed, force=options.force):
            print(path)
    except AvseError as error:
        print(f"talker: error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
