"""A recording enhanced block by block, at its own rate and with its own channels."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from avse.enhance.causal import CausalGain, MouthSource
from avse.enhance.gain import CHUNK_FRAMES, GainEstimator
from avse.enhance.high_band import HighBand
from avse.enhance.level import LevelState, MakeUpGain
from avse.errors import ConfigError, InputError
from avse.faces.mouth import MouthTrack
from avse.models.enhancing import CausalModel, Enhancing
from avse.signal.decibel import amplitude_ratio
from avse.signal.resample import StreamingResampler
from avse.signal.stft_stream import StreamingISTFT, StreamingSTFT
from avse.types import Waveform

LOWEST, HIGHEST = 1000, 768_000
"""Sample rates that audio may have, Hz."""
MOST_CHANNELS = 64
LONGEST_OFFSET_S = 60.0
"""Between audio and video of one recording."""


@dataclass(frozen=True)
class Mixing:
    """How much of the input stays in the output.

    Examples:
        >>> Mixing(mix=0.8).enhanced_share
        0.8
        >>> round(Mixing(attenuation_limit_db=20).enhanced_share, 6)  # a tenth of the input stays
        0.9
    """

    mix: float = 1.0
    """Share of the enhanced audio: 0 gives the input back, 1 the enhanced audio alone."""
    attenuation_limit_db: float | None = None
    """Noise is lowered by at most this much, dB; None sets no limit."""
    keep_level: bool = True
    """Make up for the level that the model takes from speech (`avse.enhance.level`); False leaves it as it is."""

    def __post_init__(self) -> None:
        """Check the ranges."""
        if not 0 <= self.mix <= 1:
            raise InputError(f"mix must be 0 (the input) to 1 (enhanced) but is {self.mix:g}; choose a value between")
        if self.attenuation_limit_db is not None and not self.attenuation_limit_db >= 0:
            raise InputError(
                f"attenuation limit must be at least 0 dB but is {self.attenuation_limit_db:g}; give a positive number"
            )

    @property
    def enhanced_share(self) -> float:
        """Weight of the enhanced audio; the input has the rest."""
        limit = 0.0 if self.attenuation_limit_db is None else amplitude_ratio(-self.attenuation_limit_db)
        return self.mix * (1 - limit)


class EnhancerStream:
    """Takes blocks of a recording and gives it back enhanced, a little later; in all of the same length.

    The model works at its own rate on the mean of the channels, and its gain is applied to each of them. What the
    conversion to that rate skips, the high band above all, has gains of its own (`avse.enhance.high_band`). Speech
    comes out as loud as it went in (`avse.enhance.level`).
    """

    def __init__(
        self,
        model: Enhancing,
        *,
        sample_rate: int,
        n_channels: int,
        mouth: MouthTrack | MouthSource | None = None,
        mixing: Mixing | None = None,
        offset_s: float = 0.0,
        chunk_frames: int = CHUNK_FRAMES,
    ) -> None:
        """Set up.

        Args:
            model: what enhances.
            sample_rate: Hz of the recording.
            n_channels: of the recording.
            mouth: of the speaker; None enhances audio-only.
            mixing: how much of the input stays; none by default.
            offset_s: how late the video comes after the audio.
            chunk_frames: frames that a model which is not causal works on at once.

        Raises:
            InputError: the rate, the number of channels or the offset is none that audio can have.
        """
        _check_form(sample_rate, n_channels, offset_s)
        self._model, self._n_channels = model, n_channels
        self.signs: npt.NDArray[np.float32] | None = None
        """`(channels,)` of +-1 to multiply the channels with before the model gets their mean, as `avse.signal.phase`
        finds them; None takes the plain mean."""
        mixing = mixing or Mixing()
        self._share = mixing.enhanced_share
        stft, model_rate = model.stft, model.stft.sample_rate
        self._has_high_band = sample_rate != model_rate
        top_bin = round(min(sample_rate, model_rate) / 2 * stft.window / model_rate)
        self._octave = slice(top_bin // 2, top_bin)
        self._down = StreamingResampler(source_rate=sample_rate, target_rate=model_rate, n_channels=n_channels)
        self._stft = StreamingSTFT(stft, n_channels=n_channels)
        self.gain = _estimator(model, mouth, offset_s=offset_s, chunk_frames=chunk_frames)
        self._make_up = MakeUpGain(stft) if mixing.keep_level else None
        self._level = LevelState()
        self._noisy = np.zeros((n_channels, stft.n_freqs, 0), dtype=np.complex64)
        # Where there is a high band, the low band comes along unchanged, to be taken away from the input.
        n_rows = 2 * n_channels if self._has_high_band else n_channels
        self._istft = StreamingISTFT(stft, n_channels=n_rows)
        self._up = StreamingResampler(source_rate=model_rate, target_rate=sample_rate, n_channels=n_rows)
        hop = stft.hop * sample_rate / model_rate
        self._high = HighBand(sample_rate=sample_rate, n_channels=n_channels, hop=hop, model_rate=model_rate)
        self._input = np.zeros((n_channels, 0), dtype=np.float32)

    @property
    def video_fraction(self) -> float:
        """Share of the audio frames so far in which the video had a share, 0 to 1."""
        return self.gain.n_with_video / max(1, self.gain.n_frames)

    def push(self, block: Waveform) -> Waveform:
        """Take samples, give enhanced ones as far as they are known.

        Args:
            block: `(channels, samples)`.

        Returns:
            `(channels, samples)`, perhaps none.
        """
        self._input = np.concatenate([self._input, block], axis=1)
        if self._has_high_band:
            self._high.listen(block)
        spectrum = self._stft.push(self._down.push(block))
        return self._mix(self._up.push(self._istft.push(self._enhance(spectrum))))

    def finish(self) -> Waveform:
        """Give the rest, `(channels, samples)`."""
        if self._has_high_band:
            self._high.finish()
        spectrum = np.concatenate([self._stft.push(self._down.finish()), self._stft.finish()], axis=2)
        low = [self._up.push(self._istft.push(self._enhance(spectrum, last=True)))]
        low += [self._up.push(self._istft.finish()), self._up.finish()]
        parts = np.concatenate(low, axis=1)
        # Rounding of the two rate conversions may leave the end a few samples short or long.
        n_left = self._input.shape[1]
        parts = np.pad(parts[:, :n_left], ((0, 0), (0, max(0, n_left - parts.shape[1]))))
        return self._mix(parts)

    def _enhance(self, spectrum: npt.NDArray[np.complex64], *, last: bool = False) -> npt.NDArray[np.complex64]:
        self._noisy = np.concatenate([self._noisy, spectrum], axis=2)
        mono = spectrum if self.signs is None else self.signs[:, None, None] * spectrum
        gain = self.gain.push(mono.mean(axis=0), last=last)
        noisy, self._noisy = self._noisy[:, :, : gain.shape[1]], self._noisy[:, :, gain.shape[1] :]
        estimate = noisy * gain
        loudness_gains = self._make_up_gains(estimate, noisy)
        enhanced = estimate * loudness_gains
        if not self._has_high_band:
            return enhanced
        after, before = (np.square(np.abs(s[:, self._octave])).sum(axis=(0, 1)) for s in (estimate, noisy))
        self._high.push((after + 1e-12) / (before + 1e-12), loudness_gains)
        return np.concatenate([enhanced, noisy], axis=0)

    def _make_up_gains(
        self, estimate: npt.NDArray[np.complex64], noisy: npt.NDArray[np.complex64]
    ) -> npt.NDArray[np.float32]:
        """What frames, `(channels, freqs, frames)`, are multiplied with so that speech is as loud as it went in."""
        if self._make_up is None:
            return np.ones(estimate.shape[2], dtype=np.float32)
        rows = estimate.shape[0] * estimate.shape[1], estimate.shape[2]
        gains, self._level = self._make_up.gains(estimate.reshape(rows), noisy.reshape(rows), self._level)
        return gains

    def _mix(self, parts: Waveform) -> Waveform:
        n_samples = parts.shape[1]
        original, self._input = self._input[:, :n_samples], self._input[:, n_samples:]
        enhanced = parts[: self._n_channels]
        if self._has_high_band:
            enhanced = enhanced + self._high.take(original - parts[self._n_channels :])
        return self._share * enhanced + np.float32(1 - self._share) * original


def _check_form(sample_rate: int, n_channels: int, offset_s: float) -> None:
    if not _is_whole(sample_rate) or not LOWEST <= sample_rate <= HIGHEST:
        raise InputError(
            f"sample rate must be a whole number of {LOWEST} to {HIGHEST} Hz but is {sample_rate!r}; correct it"
        )
    if not _is_whole(n_channels) or not 1 <= n_channels <= MOST_CHANNELS:
        raise InputError(f"channels must be 1 to {MOST_CHANNELS} but are {n_channels!r}; correct the number")
    if not abs(offset_s) <= LONGEST_OFFSET_S:
        raise InputError(f"offset must be at most {LONGEST_OFFSET_S:g} s but is {offset_s:g} s; correct it")


def _is_whole(number: object) -> bool:
    return isinstance(number, int | np.integer) and not isinstance(number, bool)


def _estimator(
    model: Enhancing, mouth: MouthTrack | MouthSource | None, *, offset_s: float, chunk_frames: int
) -> GainEstimator | CausalGain:
    if isinstance(model, CausalModel):
        return CausalGain(model, video_frames=mouth, offset_s=offset_s)
    if mouth is not None and not isinstance(mouth, MouthTrack):
        raise ConfigError(
            f"model must be a causal one for video frames that are still to come but is {model.name}; use steered"
        )
    return GainEstimator(model, mouth=mouth, offset_s=offset_s, chunk_frames=chunk_frames)
