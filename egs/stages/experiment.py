"""The stages of an experiment, in place of those of one model: several configurations, and what needs no training.

Each system has a folder in `<exp>/experiment`: weights and records, enhanced/, scores.jsonl, hearing.jsonl, cost.json.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from egs.stages.command import ROOT, Command, StageError, command
from egs.stages.speech_run import BENCHMARK, SpeechRun

UNTRAINED = ("logmmse", "klt")
HEARING_EVERY = "43"
"""HASPI and HASQI take seconds for each mixture: every so many of the list. The list goes through 33 noises and ratios
for each clip, with which this number shares no factor, so that all of them come up."""


def stages(conf: Sequence[str]) -> list[Callable[[SpeechRun], Iterator[Command]]]:
    """Those that differ from the stages of one model: train, enhance, score, results.

    Raises:
        StageError: a configuration is no file.
    """
    for file in conf:
        if not (ROOT / file).is_file():
            raise StageError(f"configuration must be a file but {file} is none")
    return [train, enhance, score, results]


def _home(run: SpeechRun) -> Path:
    return run.exp / "experiment"


def _ready(run: SpeechRun) -> list[str]:
    """Systems that can enhance: a training that failed was named, and the others continue."""
    trained = [Path(file).stem for file in run.options.conf]
    return [*UNTRAINED, *(name for name in trained if (ROOT / _weights(run, name)).is_file())]


def _weights(run: SpeechRun, system: str) -> Path:
    return _home(run) / system / "model.safetensors"


def train(run: SpeechRun) -> Iterator[Command]:
    """Train what has no weights yet."""
    yield command(
        "recipes.train_missing", *run.options.conf, "--recipe", run.model, "--exp", _home(run), "--manifest",
        run.manifest, "--crops", run.exp / "crops", "--workers", run.options.workers, may_fail=True,
    )  # fmt: skip


def enhance(run: SpeechRun) -> Iterator[Command]:
    """One process for all systems: starting it costs more than what it does for a small corpus."""
    systems = _ready(run)
    models: list[object] = []
    folders: list[object] = []
    for system in systems:
        models += ["--model", system if system in UNTRAINED else _weights(run, system)]
        folders += ["--folder", _home(run) / system / "enhanced"]
    lists = ("--manifest", run.manifest, "--crops", run.exp / "crops", "--mixtures", run.mixtures)
    yield command(f"{BENCHMARK}.enhance", *models, *folders, *lists, "--workers", run.options.workers)
    yield command(f"{BENCHMARK}.cost", *(_home(run) / system / "cost.json" for system in systems), *models)


def score(run: SpeechRun) -> Iterator[Command]:
    """Score each system and the noisy input."""
    every = run.environment.get("HEARING_EVERY", HEARING_EVERY)
    (ROOT / _home(run) / "noisy").mkdir(parents=True, exist_ok=True)
    metrics = "pesq_wb,stoi,estoi,si_sdr_db,segmental_snr_db,sdi"
    for file, asked in (
        ("scores.jsonl", ("--metrics", metrics)),
        ("hearing.jsonl", ("--metrics", "haspi,hasqi", "--every", every)),
    ):
        systems = [_home(run) / system for system in _ready(run)]
        outputs = [*(system / file for system in systems), _home(run) / "noisy" / file]
        folders = [word for system in systems for word in ("--enhanced", system / "enhanced")]
        lists = ("--manifest", run.manifest, "--mixtures", run.mixtures, "--workers", run.options.workers)
        yield command(f"{BENCHMARK}.score_mixtures", *outputs, *folders, *lists, *asked)


def results(run: SpeechRun) -> Iterator[Command]:
    """Write the tables, the figures and the page."""
    folder = Path(run.options.conf[0]).parent
    yield command(
        f"{BENCHMARK}.experiment", "--experiment", f"egs/{run.corpus}/experiment/tables.yaml", "--exp", _home(run),
        "--mixtures", run.mixtures, "--manifest", run.manifest, "--crops", run.exp / "crops", "--output", run.results,
        "--title", f"{run.settings['title']}: the experiment", "--figures", run.results.parent / "figures",
        "--html", _home(run) / "report.html", "--command", f"egs/{run.corpus}/run.sh --conf {folder}/*.yaml",
    )  # fmt: skip
