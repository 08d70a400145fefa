"""The last stage of a model that enhances speech: RESULTS.md tells of every model that has been scored."""

from collections.abc import Iterator
from pathlib import Path

from egs.stages.command import ROOT, Command, command
from egs.stages.speech_run import BENCHMARK, TITLES, SpeechRun

CONDITIONS = ("own", "none", "frozen", "late", "stranger", "covered", "rival")
PEERS = {"--zero-db": "test_scores_peers_0db.jsonl", "--peers": "test_scores_peers.jsonl"}
"""Scores of other systems, where the data hold some."""


def results(run: SpeechRun) -> Iterator[Command]:
    """Write RESULTS.md of every recipe's model, and of this run's if its configuration has another name."""
    titles = _scored(run)
    options: list[object] = ["--system", f"noisy={run.exp / 'scores_noisy.jsonl'}"]
    for folder, title in titles.items():
        options += ["--run", f"{title}={folder}"]
        options += ["--system", f"{title}={folder / 'scores_own.jsonl'}"]
        options += ["--system", f"{title}, audio-only={folder / 'scores_none.jsonl'}"]
    if run.folder in titles and run.folder.name not in TITLES:
        options += ["--like", f"{titles[run.folder]}={run.title}"]
    causal = [folder for folder in titles if _is_there(folder / "scores_quiet.jsonl")]
    if causal:
        options += _of_causal(run, causal[-1], titles[causal[-1]])
    for option, path in {
        "--targets": Path("egs", run.corpus, "targets.yaml"),
        **{option: run.data / "av" / name for option, name in PEERS.items()},
    }.items():
        options += [option, path] if _is_there(path) else []
    asked = f"egs/{run.corpus}/run.sh"
    if run.options.results:
        asked += f" --model {run.options.model} --results {run.options.results}"
    yield command(
        f"{BENCHMARK}.corpus_results", run.results, "--title", run.settings["title"],
        "--command", asked, "--mixtures", run.mixtures, *options,
    )  # fmt: skip


def _scored(run: SpeechRun) -> dict[Path, str]:
    """Folders of the models that have been scored, and what tables call them."""
    titles = {run.exp / name: title for name, title in TITLES.items()}
    titles.setdefault(run.folder, run.folder.name)
    return {folder: title for folder, title in titles.items() if _is_there(folder / "scores_none.jsonl")}


def _of_causal(run: SpeechRun, folder: Path, title: str) -> list[object]:
    """What is shown of one causal model: the last one."""
    options: list[object] = ["--quiet", f"noisy={run.exp / 'scores_quiet.jsonl'}"]
    options += ["--quiet", f"{title}={folder / 'scores_quiet.jsonl'}"]
    for condition in CONDITIONS if _is_there(folder / "scores_covered.jsonl") else ():
        scores = folder / f"scores_{condition}.jsonl"
        options += ["--condition", f"{condition}={scores}"] if _is_there(scores) else []
    if _is_there(folder / "long_own.jsonl"):
        options += ["--long", f"{title}={folder}", "--long-videos", run.exp / "long.jsonl"]
        options += ["--long-noisy", run.exp / "long_noisy.jsonl"]
    return options


def _is_there(path: Path) -> bool:
    return (ROOT / path).is_file()
