"""The enhancer: a model, and all ways to use it."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from avse.enhance.notices import NO_VIDEO, other_faces, without_mouth
from avse.enhance.stream import EnhancerStream, Mixing
from avse.enhance.watch import AudioMeasures, View, enhanced_blocks, listen, measure_audio, no_mouth, watch
from avse.errors import InputError
from avse.extras import require
from avse.faces.detect import FaceDetector
from avse.faces.mouth import MouthTrack
from avse.media.audio import AudioReader
from avse.media.probe import probe
from avse.models.enhancing import Enhancing
from avse.models.pretrained import DEFAULT_MODEL, graph_of, path_of
from avse.signal.phase import PhaseMeter
from avse.types import Waveform


class _Enhanced(NamedTuple):
    waveform: Waveform
    """`(channels, samples)`, as many as the input has."""
    sample_rate: int
    """Hz, the input's."""
    mouth: MouthTrack
    """What was seen of the speaker, with its report; without frames where there is no video."""


class Recording(_Enhanced):
    """An enhanced recording in memory; it unpacks into waveform, sample rate and mouth."""

    warnings: tuple[str, ...] = ()
    """What the user should know, one line each, as `avse-enhance` prints it."""


class Enhancer:
    """Turns noisy speech into clean speech; holds one loaded model and no state of a recording."""

    def __init__(self, model: Enhancing) -> None:
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
            MissingExtraError: the model runs by torch, or its weights are in a package, that is not installed.
        """
        graph = graph_of(name_or_path)
        if graph is not None and device == "cpu":
            from avse.models.graphs import load_graph

            return cls(load_graph(graph))
        path_of(name_or_path)  # a name that is misspelt must not be answered by a package that is missing
        require("torch", thing=f"model {name_or_path} on device {device}")
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
            mouth: of the speaker, timed from the first sample; None enhances audio-only.
            mixing: how much of the input stays; none by default.
            offset_s: how late the video comes after the audio.

        Returns:
            The same shape.

        Raises:
            InputError: there are no samples, or one is not a finite number.

        Examples:
            Sample rate, channels and length are those of the input:

            >>> noisy = np.random.default_rng(0).standard_normal((2, 44100)).astype(np.float32) / 10
            >>> enhanced = Enhancer.load("live").enhance(noisy, sample_rate=44100)
            >>> enhanced.shape, bool(np.abs(enhanced).mean() < np.abs(noisy).mean() / 2)
            ((2, 44100), True)
        """
        if waveform.shape[-1] == 0 or not np.isfinite(waveform).all():
            raise InputError("waveform must hold finite samples but is empty or holds NaN or infinity; check it")
        channels = np.atleast_2d(waveform).astype(np.float32, copy=False)
        phase = PhaseMeter(len(channels))
        phase.push(channels)
        stream = self.stream(
            sample_rate=sample_rate, n_channels=len(channels), mouth=mouth, mixing=mixing, offset_s=offset_s,
            signs=phase.signs(),
        )  # fmt: skip
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
        signs: npt.NDArray[np.float32] | None = None,
    ) -> EnhancerStream:
        """Begin a recording that comes block by block; arguments as of `enhance` and `EnhancerStream`."""
        stream = EnhancerStream(
            self.model,
            sample_rate=sample_rate,
            n_channels=n_channels,
            mouth=mouth,
            mixing=mixing,
            offset_s=offset_s,
        )
        stream.signs = signs
        return stream

    def enhance_recording(
        self,
        audio: str | Path,
        *,
        video: str | Path | None = None,
        speaker: str = "auto",
        mixing: Mixing | None = None,
        offset_s: float | None = 0.0,
        detector: FaceDetector | None = None,
    ) -> Recording:
        """Read a recording, enhance it with the speaker's video, and give it back in memory, as `avse-enhance` does.

        Args:
            audio: noisy audio: an audio file, or a container with audio.
            video: the speaker, in time with `audio`; None takes the video of `audio`, and is audio-only without.
            speaker: whose face: see `avse.faces.choice.FORMS`.
            mixing: how much of the input stays; none by default.
            offset_s: how late the video comes after the audio; None finds it out.
            detector: finds faces in an image; by default what `avse.faces.detectors.load_detector` takes.

        Raises:
            MediaError: a file cannot be read.
            InputError: `speaker` is not a face of the video.
        """
        audio = Path(audio)
        probed = probe(Path(video) if video is not None else audio)
        source = probed.path if video is not None or probed.has_video else None
        mouth = None
        if source is None:
            measures: AudioMeasures = measure_audio(audio)
            seen = [NO_VIDEO]
        else:
            measures = listened = listen(audio)
            view = View(source, self.model.crop_size, detector=detector, offset_s=offset_s, probed=probed)
            mouth, seen = watch(view, listened, speaker=speaker)
            seen += other_faces(source, mouth.report, speaker=speaker)
        with AudioReader(audio) as reader:
            n_channels = reader.info.n_channels
            stream = self.stream(
                sample_rate=reader.info.sample_rate, n_channels=n_channels, mouth=mouth, mixing=mixing,
                offset_s=offset_s or 0.0, signs=measures.signs,
            )  # fmt: skip
            blocks = [enhanced for _, enhanced in enhanced_blocks(stream, reader.blocks(), n_channels=n_channels)]
        seen += without_mouth(mouth, video_fraction=stream.video_fraction, duration_s=measures.duration_s)
        shown = mouth or no_mouth(self.model.crop_size, "none: there is no video")
        recording = Recording(np.concatenate(blocks, axis=1), measures.info.sample_rate, shown)
        recording.warnings = (*measures.warnings, *seen)
        return recording
