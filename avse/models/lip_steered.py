"""The steered model as the enhancer uses it: lips to cue, cue and audio to two outputs, evidence and guard to one."""

from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from avse.models.guard import GuardState, SteeringGuard
from avse.models.input_level import InputGain
from avse.models.lip_evidence import EvidenceState, LipEvidence
from avse.signal.speech_cue import CUE_DIM
from avse.signal.stft_config import StftConfig
from avse.types import FloatArray, Spectrum


class Lips(Protocol):
    """Reads lips, as `avse.models.lip_cue.LipCue` and its graphs do."""

    @property
    def crop_size(self) -> tuple[int, int]:
        """Height and width of the mouth crops, pixels."""
        ...

    @property
    def video_rate_hz(self) -> float:
        """Video frames per second."""
        ...

    def watch(self, motion: FloatArray, state: Any) -> tuple[FloatArray, FloatArray, Any]:
        """Motion `(frames, 2, height, width)` to the cue `(frames, CUE_DIM)`, an embedding, and the new state."""
        ...

    def listen(self, features: FloatArray, state: Any) -> tuple[FloatArray, Any]:
        """As `avse.models.lip_evidence.Voice`."""
        ...


class Steering(Protocol):
    """Enhances with a cue and without."""

    @property
    def stft(self) -> StftConfig:
        """Rate and frames of the audio."""
        ...

    def enhance(
        self, noisy: Spectrum, cue: FloatArray, present: npt.NDArray[np.bool_], state: Any
    ) -> tuple[Spectrum, Spectrum, Any]:
        """Audio-only output, steered output `(freqs, frames)`, and the new state."""
        ...


class StepState(NamedTuple):
    """What a recording has left behind in each part."""

    steering: Any
    evidence: EvidenceState | None
    guard: GuardState | None
    gain: InputGain


class LipSteered:
    """A causal model (`avse.models.enhancing.CausalModel`) of three parts; holds no state of a recording."""

    name = "steered"

    def __init__(self, steering: Steering, lips: Lips, guard: SteeringGuard | None = None) -> None:
        """Take the parts."""
        self._steering, self._lips, self._guard = steering, lips, guard or SteeringGuard()
        self.stft = steering.stft
        self._evidence = LipEvidence(lips, hop=self.stft.hop)
        self.crop_size, self.video_rate_hz = lips.crop_size, lips.video_rate_hz

    def encode_video(self, motion: FloatArray, state: Any) -> tuple[FloatArray, Any]:
        """As `avse.models.enhancing.CausalModel.encode_video`."""
        cue, embedding, state = self._lips.watch(motion, state)
        return np.concatenate([cue, embedding], axis=1), state

    def enhance_step(
        self, noisy: Spectrum, mouth: FloatArray, present: npt.NDArray[np.bool_], state: StepState | None
    ) -> tuple[Spectrum, FloatArray, StepState]:
        """As `avse.models.enhancing.CausalModel.enhance_step`."""
        before = state or StepState(None, None, None, InputGain())
        cue, lips = mouth[:, :CUE_DIM], mouth[:, CUE_DIM:]
        gains, gain = before.gain.gains(noisy, self.stft)
        audio_only, steered, after = self._steering.enhance(noisy * gains, cue, present, before.steering)
        audio_only, steered = audio_only / gains, steered / gains
        evidence, in_time, weighed = self._evidence.weigh(audio_only, lips, present, before.evidence)
        blended, weights, guard = self._guard.blend(
            audio_only, steered, evidence=evidence, in_time=in_time, cue=cue, present=present, state=before.guard
        )
        return blended, weights, StepState(after, weighed, guard, gain)


class OnnxSteering:
    """The steered model from its graph."""

    def __init__(self, session: Any, header: dict[str, Any]) -> None:
        """Take an open graph of a steered model and its header, as `avse.models.onnx.open_graph` gives them."""
        self._session = session
        core = header["config"]["core"]
        self.stft = StftConfig(window=core["window"], hop=core["hop"], sample_rate=core["sample_rate"])
        self._n_state = header["n_state"]

    def enhance(
        self, noisy: Spectrum, cue: FloatArray, present: npt.NDArray[np.bool_], state: FloatArray | None
    ) -> tuple[Spectrum, Spectrum, FloatArray]:
        """As `Steering.enhance`."""
        frames = noisy.T
        feeds = {
            "noisy": np.stack([frames.real, frames.imag])[None],
            "cue": cue[None],
            "present": present[None].astype(np.float32),
            "state": np.zeros((1, self._n_state), dtype=np.float32) if state is None else state,
        }
        audio_only, steered, state = self._session.run(None, feeds)
        return _spectrum(audio_only), _spectrum(steered), state


class TorchSteering:
    """The steered model by torch."""

    def __init__(self, model: Any) -> None:
        """Take an `avse.models.steered.Steered` in evaluation mode."""
        self._model = model
        self.stft: StftConfig = model.config.core.stft

    def enhance(
        self, noisy: Spectrum, cue: FloatArray, present: npt.NDArray[np.bool_], state: Any
    ) -> tuple[Spectrum, Spectrum, Any]:
        """As `Steering.enhance`."""
        import torch

        device = next(self._model.parameters()).device
        frames = np.stack([noisy.T.real, noisy.T.imag])[None]
        inputs = [torch.from_numpy(np.ascontiguousarray(a)).to(device) for a in (frames, cue[None], present[None])]
        with torch.inference_mode():
            state = state if state is not None else self._model.initial_state(1, inputs[0])
            output, state = self._model.step(inputs[0], inputs[1], inputs[2].float(), state)
        return _spectrum(output.audio_only.cpu().numpy()), _spectrum(output.steered.cpu().numpy()), state


def _spectrum(parts: FloatArray) -> Spectrum:
    """`(1, 2, frames, freqs)` as `(freqs, frames)` complex."""
    return np.asarray((parts[0, 0] + 1j * parts[0, 1]).T)
