"""The enhancer: a model, and all ways to use it."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from avse.enhance.model import Model
from avse.enhance.stream import EnhancerStream, Mixing
from avse.errors import InputError
from avse.faces.mouth import MouthTrack, track_mouth
from avse.faces.speaker import SoundLevel
from avse.media.ahead import reading_ahead
from avse.media.audio import read_audio
from avse.media.video import VideoReader
from avse.models.pretrained import graph_of
from avse.signal.level import LevelMeter

Waveform = npt.NDArray[np.float32]

DEFAULT_MODEL = DEFAULT_LIVE_MODEL = "live"


class Recording(NamedTuple):
    """An enhanced recording in memory."""

    waveform: Waveform
    """`(channels, samples)`, as many as the input has."""
    sample_rate: int
    """Hz, the input's."""
    mouth: MouthTrack | None
    """What was seen of the speaker, with its report; None without video."""


class Enhancer:
    """Turns noisy speech into clean speech; holds one loaded model and no state of a recording."""

    def __init__(self, model: Model) -> None:
        """Take a model; `Enhancer.load` loads one."""
        self.model = model

    @classmethod
    def load(cls, name_or_path: str = DEFAULT_MODEL, *, device: str = "cpu") -> "Enhancer":
        """Load a model by its name, or from a weights file.

        Args:
            name_or_path: name of a model that comes with avse, or a file that training wrote.
            device: `cpu`, `cuda`, `cuda:1`, `mps`.

        Raises:
            ConfigError: no such model, weights of something else, or no such device.
        """
        graph = graph_of(name_or_path)
        if graph is not None and device == "cpu":
            from avse.models.graphs import load_graph

            return cls(load_graph(graph))
        from avse.models.enhancers import load_enhancer

        return cls(load_enhancer(name_or_path, device=device))

    def enhance(
        self,
        waveform: Waveform,
        *,
        sample_rate: int,
        mouth: MouthTrack | None = None,
        mixing: Mixing | None = None,
        offset_s: float = 0.0,
    ) -> Waveform:
        """Enhance a waveform.

        Args:
            waveform: `(samples,)` or `(channels, samples)`, full scale +-1.
            sample_rate: Hz.
            mouth: of the speaker, timed from the first sample; None enhances by sound alone.
            mixing: how much of the input stays; none by default.
            offset_s: how late the picture comes after the sound.

        Returns:
            The same shape.

        Raises:
            InputError: there are no samples, or one is not a finite number.
        """
        if waveform.shape[-1] == 0 or not np.isfinite(waveform).all():
            raise InputError("waveform must hold finite samples but is empty or holds NaN or infinity; check it")
        channels = np.atleast_2d(waveform).astype(np.float32, copy=False)
        stream = self.stream(
            sample_rate=sample_rate, n_channels=len(channels), mouth=mouth, mixing=mixing, offset_s=offset_s
        )
        enhanced = np.concatenate([stream.push(channels), stream.finish()], axis=1)
        return enhanced.reshape(waveform.shape)

    def stream(
        self,
        *,
        sample_rate: int,
        n_channels: int,
        mouth: MouthTrack | None = None,
        mixing: Mixing | None = None,
        offset_s: float = 0.0,
    ) -> EnhancerStream:
        """Begin a recording that comes block by block; arguments as of `enhance`."""
        return EnhancerStream(
            self.model,
            sample_rate=sample_rate,
            n_channels=n_channels,
            mouth=mouth,
            mixing=mixing,
            offset_s=offset_s,
        )

    def enhance_recording(
        self, audio: str | Path, *, video: str | Path | None = None, speaker: str = "auto"
    ) -> Recording:
        """Read a recording, enhance it with the speaker's video, and give it back in memory.

        Args:
            audio: noisy sound: a sound file, or a container with sound.
            video: film of the speaker, in time with `audio`; None enhances by sound alone.
            speaker: whose face, as in `avse.faces.mouth.track_mouth`.

        Raises:
            MediaError: a file cannot be read.
            InputError: `speaker` is not a face of the film.
        """
        waveform, sample_rate = read_audio(Path(audio))
        mouth = None
        if video is not None:
            meter = LevelMeter(sample_rate=sample_rate)
            meter.push(waveform)
            level = SoundLevel(meter.level_db(), meter.rate_hz)
            with VideoReader(Path(video)) as reader, reading_ahead(reader.frames()) as frames:
                mouth = track_mouth(frames, crop_size=self.model.crop_size, speaker=speaker, sound_level=level)
        return Recording(self.enhance(waveform, sample_rate=sample_rate, mouth=mouth), sample_rate, mouth)
