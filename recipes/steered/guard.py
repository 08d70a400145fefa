"""How the guard's thresholds fare on validation videos: `python -m recipes.steered.guard WEIGHTS ...`.

Both outputs and the evidence of every video are computed once, with its own mouth, with that late, and with a
stranger's; then each pair of thresholds is tried on them. No speech, face or noise of the test is used.
"""

import argparse
import itertools
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from avse.data.manifest import data_root, read_manifest
from avse.enhance.enhancer import Enhancer
from avse.enhance.stream import Mixing
from avse.errors import AvseError
from avse.faces.mouth import MouthTrack
from avse.models import zoo
from avse.models.gtcrn import GtcrnConfig
from avse.models.guard import GuardConfig, GuardState, SteeringGuard
from avse.models.lip_steered import LipSteered, TorchSteering
from avse.models.onnx_lips import OnnxLips
from avse.models.steered import Steered
from avse.report.document import markdown_table
from avse.signal.si_sdr import si_sdr_db
from avse.signal.stft import istft
from avse.types import Spectrum, Waveform
from recipes.speech_benchmark.conditions import late
from recipes.speech_benchmark.long_list import SHORT_S, list_videos
from recipes.speech_benchmark.reader import RATE, LongReader

SCENARIOS = ("noise", "talkers", "silence")
"""Those with a face throughout."""
BEGIN, END = (0.0, 0.5, 2.0), (-8.0, -4.0, -1.0)
LEVELS_DB = ((-99.0, -98.0), (-18.0, -12.0), (-16.0, -10.0))
"""`alike_db` and `unlike_db`; the first pair stands for using it however alike the outputs are."""
ALWAYS = GuardConfig(begin_evidence=-1e9, end_evidence=-1e9, alike_db=-99.0, unlike_db=-98.0)


class Recorder(SteeringGuard):
    """A guard that uses nothing and notes what it was given."""

    def __init__(self) -> None:
        """Set up for one recording."""
        super().__init__()
        self.given: list[dict[str, Any]] = []

    def blend(
        self, audio_only: Spectrum, steered: Spectrum, *, state: GuardState | None, **rest: Any
    ) -> tuple[Spectrum, npt.NDArray[np.float32], GuardState]:
        """Note the arguments; give the audio-only output."""
        self.given.append({"audio_only": audio_only, "steered": steered, **rest})
        return audio_only, np.zeros(audio_only.shape[1], np.float32), GuardState()

    def whole(self) -> dict[str, Any]:
        """All that was given, joined over time."""
        axes = {"audio_only": 1, "steered": 1}
        return {name: np.concatenate([g[name] for g in self.given], axis=axes.get(name, 0)) for name in self.given[0]}


class Trial(NamedTuple):
    """One video with one mouth."""

    kind: str
    """Scenario and mouth."""
    clean: npt.NDArray[np.float32]
    given: dict[str, Any]


def trials(model: Steered, manifest: Path, crops: Path) -> list[Trial]:
    """Run the model over the short validation videos in noise and among talkers."""
    items = read_manifest(manifest)
    reader, found = LongReader(items, root=data_root(), crops=crops), []
    for video in list_videos(items):
        if video.split != "valid" or video.length_s != SHORT_S or video.scenario not in SCENARIOS or video.hidden:
            continue
        mixture = reader.read(video)
        for name, mouth in (("own", mixture.own), ("late", late(mixture.own)), ("stranger", mixture.stranger)):
            found.append(Trial(f"{video.scenario}, {name}", mixture.clean, by_lips(model, mixture.noisy, mouth)))
    return found


def by_lips(model: Steered, noisy: Waveform, mouth: MouthTrack) -> dict[str, Any]:
    """What the guard is given for a recording with a mouth, joined over time."""
    recorder = Recorder()
    enhancer = Enhancer(LipSteered(TorchSteering(model), OnnxLips(), recorder))
    enhancer.enhance(noisy, sample_rate=RATE, mouth=mouth, mixing=Mixing(keep_level=False))
    return recorder.whole()


def gain_db(trial: Trial, guard: SteeringGuard) -> tuple[float, float]:
    """SI-SDR above that of the audio-only output, dB, and the share of time in which steering was used."""
    blended, weights, _ = guard.blend(**trial.given, state=None)
    scores = [
        float(si_sdr_db(_waveform(spectrum, len(trial.clean)), torch.from_numpy(trial.clean)))
        for spectrum in (blended, trial.given["audio_only"])
    ]
    return scores[0] - scores[1], float(weights.mean())


def _in_time(trial: Trial) -> Trial:
    """A trial whose lips count as in time, as they may be."""
    return trial._replace(given={**trial.given, "in_time": np.ones_like(trial.given["in_time"])})


def _waveform(spectrum: Spectrum, n_samples: int) -> torch.Tensor:
    return istft(torch.from_numpy(spectrum), GtcrnConfig().stft, n_samples=n_samples)


def table(found: Sequence[Trial]) -> list[list[str]]:
    """Rows of thresholds; for each kind mean and least gain in dB, and the share of time."""
    kinds = sorted({trial.kind for trial in found})
    rows = [["begin, nats", "end, nats", "alike, dB", "unlike, dB", *kinds]]
    configs = [
        GuardConfig(begin_evidence=begin, end_evidence=end, alike_db=alike_db, unlike_db=unlike_db)
        for begin, end, (alike_db, unlike_db) in itertools.product(BEGIN, END, LEVELS_DB)
    ]
    for config in [ALWAYS, *configs]:
        guard, cells = SteeringGuard(config), []
        for kind in kinds:
            alike = [trial for trial in found if trial.kind == kind]
            gains = [gain_db(_in_time(trial) if config is ALWAYS else trial, guard) for trial in alike]
            worst = min(gain for gain, _ in gains)
            mean, share = np.mean(gains, axis=0)
            cells.append(f"{mean:+.2f} ({worst:+.1f}), {100 * share:.0f} %")
        values = (config.begin_evidence, config.end_evidence, config.alike_db, config.unlike_db)
        names = ["always", "", "", ""] if config is ALWAYS else [f"{value:g}" for value in values]
        rows.append([*names, *cells])
    return rows


def print_table(
    argv: Sequence[str] | None, *, doc: str | None, name: str, rows: Callable[[Steered, Path, Path], list[list[str]]]
) -> int:
    """A program that tries weights on the validation videos and prints a table.

    Args:
        argv: of the command line.
        doc: describes the program.
        name: of the program, for messages.
        rows: of the table, from the model, the manifest and the folder of crops.
    """
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", help="of a steered model")
    parser.add_argument("--manifest", type=Path, required=True)
    parser.add_argument("--crops", type=Path, required=True, help="folder of the crops stage")
    arguments = parser.parse_args(argv)
    torch.set_num_threads(1)
    try:
        model = zoo.load_as(Steered, Path(arguments.weights)).eval()
        print(markdown_table(rows(model, arguments.manifest, arguments.crops)))
    except AvseError as error:
        print(f"{name}: error: {error}", file=sys.stderr)
        return 1
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table."""
    return print_table(argv, doc=__doc__, name="guard", rows=lambda *given: table(trials(*given)))


if __name__ == "__main__":
    sys.exit(main())
