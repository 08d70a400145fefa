"""What becomes of speech above 8 kHz at a sample rate of 48 kHz: `python -m benchmarks.wide_band`.

The models work at 16 kHz; what lies above is gained by `avse.enhance.high_band`. Speech of espeak-ng (22.05 kHz, so up
to 11 kHz) in white and pink noise is enhanced by that, by the rule it replaced (the gain of the octave below, frame by
frame), and by DeepFilterNet3, which works at 48 kHz. All measures are of the band from 8 to 11 kHz alone.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.signal import firwin, oaconvolve

from avse.enhance.enhancer import Enhancer
from avse.enhance.stream import EnhancerStream
from avse.errors import AvseError
from avse.media.audio import read_audio
from avse.metrics.si_sdr import si_sdr
from avse.signal.decibel import power_ratio
from avse.signal.resample import resample
from avse.types import Waveform
from benchmarks.torture.record import table, write_section

RATE = 48_000
BAND_HZ = (8300.0, 10800.0)
FRAME = RATE // 50
SENTENCES = (
    "She sells sea shells by the shore, and the shells she sells are surely seashells.",
    "Six thick thistle sticks stood still in the strong spring storm.",
    "Please pass the scissors to the chef, this fish is still too fresh.",
)
VOICES = ("en-us", "en-gb", "en-us+f3", "en-gb+f2")
SNRS_DB = (None, 15.0, 5.0)
AT_REST_DB, SPOKEN_DB = -50.0, -15.0
"""Level of a frame's clean band against the loudest: below the first a pause, above the second a sibilant."""


@dataclass(frozen=True)
class Measures:
    """Of one system, means over recordings."""

    sibilants_db: float
    """Median level of the sibilants against the clean ones."""
    clipped_db: float
    """The same of the tenth percentile: the onsets and ends that are cut off."""
    noise_db: float
    """Level of the pauses against the noisy ones."""
    unrest_db: float
    """Mean change of that level from frame to frame: noise that comes and goes."""
    si_sdr_db: float


class OctaveGain:
    """The rule of avse 0.1: the amplitude that is kept of the octave below, from frame to frame in a straight line."""

    def __init__(self, *, hop: float) -> None:
        """Set up; `hop` in samples of the recording."""
        self._hop, self._position = hop, 0
        self._gains: list[float] = []

    def listen(self, block: Waveform) -> None:
        """Take samples, which do not matter here."""

    def finish(self) -> None:
        """Take the end."""

    def push(self, kept: npt.NDArray[np.floating], scales: npt.NDArray[np.floating]) -> None:
        """Take frames, as of `HighBand`."""
        self._gains += list(np.sqrt(kept) * scales)

    def take(self, high: Waveform) -> Waveform:
        """Apply the gains, as of `HighBand`."""
        times = (self._position + np.arange(high.shape[1])) / self._hop
        self._position += high.shape[1]
        return (
            high * np.interp(times, np.arange(len(self._gains)), self._gains).astype(np.float32) if len(times) else high
        )


def say(text: str, voice: str, folder: Path) -> Waveform:
    """A sentence of espeak-ng at 48 kHz, `(samples,)`, with a second of silence before and after it."""
    path = folder / "said.wav"
    subprocess.run(["espeak-ng", "-v", voice, "-s", "150", "-w", str(path), text], check=True)
    waveform, rate = read_audio(path)
    padded = np.pad(resample(waveform[0], source_rate=rate, target_rate=RATE), RATE)
    return (0.3 * padded / np.abs(padded).max()).astype(np.float32)


def noise_like(rng: np.random.Generator, n_samples: int, *, is_pink: bool) -> Waveform:
    """White noise, or noise that falls by 3 dB an octave; `(samples,)`, of power 1."""
    spectrum = np.fft.rfft(rng.standard_normal(n_samples))
    if is_pink:
        spectrum[1:] /= np.sqrt(np.arange(1, len(spectrum)))
    noise = np.fft.irfft(spectrum, n_samples)
    return (noise / noise.std()).astype(np.float32)


def recordings(folder: Path, *, snr_db: float | None) -> list[tuple[Waveform, Waveform]]:
    """Clean and noisy, `(samples,)` each."""
    rng, found = np.random.default_rng(0), []
    for row, (text, voice) in enumerate(zip((*SENTENCES, SENTENCES[0]), VOICES, strict=True)):
        clean = say(text, voice, folder)
        noise = noise_like(rng, len(clean), is_pink=row % 2 == 1)
        power = np.square(clean[RATE:-RATE]).mean()
        scale = 0.0 if snr_db is None else np.sqrt(power * power_ratio(-snr_db))
        found.append((clean, clean + np.float32(scale) * noise))
    return found


def measure(clean: Waveform, noisy: Waveform, enhanced: Waveform) -> Measures:
    """Compare the bands, `(samples,)` each."""
    before, given, after = (_frames(_band(waveform)) for waveform in (clean, noisy, enhanced))
    level_db = 10 * np.log10(np.square(before).mean(axis=1) + 1e-15)
    spoken, at_rest = level_db > level_db.max() + SPOKEN_DB, level_db < level_db.max() + AT_REST_DB
    kept = (after * before).sum(axis=1)[spoken] / np.square(before).sum(axis=1)[spoken]
    kept_db = 20 * np.log10(np.maximum(kept, 1e-3))
    left_db, there_db = (10 * np.log10(np.square(x[at_rest]).mean(axis=1) + 1e-12) for x in (after, given))
    score = si_sdr(reference=_band(clean), estimate=_band(enhanced), sample_rate=RATE)
    return Measures(
        float(np.median(kept_db)),
        float(np.percentile(kept_db, 10)),
        float(np.mean(left_db - there_db)),
        float(np.abs(np.diff(left_db - there_db)).mean()),
        float("nan") if score.value is None else score.value,
    )


def systems() -> dict[str, Callable[[Waveform], Waveform]]:
    """What is compared; a peer that is not installed is reported and skipped."""
    enhancer = Enhancer.load()

    def octave(noisy: Waveform) -> Waveform:
        stream: EnhancerStream = enhancer.stream(sample_rate=RATE, n_channels=1)
        stream._high = OctaveGain(hop=enhancer.model.stft.hop * RATE / enhancer.model.stft.sample_rate)  # type: ignore[assignment]
        return np.concatenate([stream.push(noisy[None]), stream.finish()], axis=1)[0]

    found: dict[str, Callable[[Waveform], Waveform]] = {
        "noisy": lambda noisy: noisy,
        "avse, octave below (0.1)": octave,
        "avse": lambda noisy: enhancer.enhance(noisy, sample_rate=RATE),
    }
    try:
        from recipes.speech_benchmark.deepfilternet import DeepFilterNet

        found["DeepFilterNet3"] = DeepFilterNet().enhance_wide
    except AvseError as error:
        print(error, file=sys.stderr)
    return found


def main(argv: list[str] | None = None) -> int:
    """Measure, write the section of RESULTS.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dry-run", action="store_true", help="print the table, do not write it down")
    options = parser.parse_args(argv)
    started = time.monotonic()
    head = ["SNR", "system", "sibilants, dB", "10th percentile, dB", "noise in pauses, dB", "its change, dB a frame",
            "SI-SDR, dB"]  # fmt: skip
    lines, works = [head], systems()
    with tempfile.TemporaryDirectory() as place:
        for snr_db in SNRS_DB:
            pairs = recordings(Path(place), snr_db=snr_db)
            for name, work in works.items():
                all_of_them = [measure(clean, noisy, work(noisy)) for clean, noisy in pairs]
                values = np.array([list(vars(one).values()) for one in all_of_them]).mean(axis=0)
                lines.append(
                    [
                        "clean" if snr_db is None else f"{snr_db:g} dB",
                        name,
                        *(f"{v:.1f}" if np.isfinite(v) else "-" for v in values),
                    ]
                )
                print(" ".join(lines[-1]), file=sys.stderr, flush=True)
    body = (
        f"Four recordings of espeak-ng at 48 kHz, two in white and two in pink noise; the band from {BAND_HZ[0]:g} to "
        f"{BAND_HZ[1]:g} Hz. Sibilants: level of what is kept of them (0 is all). Audio-only.\n\n{table(lines)}"
    )
    print(table(lines))
    if not options.dry_run:
        write_section("Speech above 8 kHz", body, command="python -m benchmarks.wide_band",
                      wall_s=time.monotonic() - started)  # fmt: skip
    return 0


def _band(waveform: Waveform) -> Waveform:
    taps = firwin(1025, BAND_HZ, pass_zero=False, fs=RATE)
    return oaconvolve(waveform, taps, mode="same").astype(np.float32)


def _frames(waveform: Waveform) -> Waveform:
    n_frames = len(waveform) // FRAME
    return waveform[: n_frames * FRAME].reshape(n_frames, FRAME)


if __name__ == "__main__":
    sys.exit(main())
