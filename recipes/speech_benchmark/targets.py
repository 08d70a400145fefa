"""Whether a model met its targets, from the scores on the fixed mixtures."""

from avse.data.manifest import Mixture
from avse.errors import ConfigError
from avse.metrics.table import METRICS
from recipes.speech_benchmark.mixture_scores import REPORTED_ONLY, SPLITS, Results
from recipes.speech_benchmark.target_config import EVERY_PEER, Target, Targets

HEADER = ["target", "metric", "met", "missed"]

Groups = dict[str, list[Mixture]]


def target_lines(
    results: Results, targets: Targets, *, model: str, like: str | None = None, noisy: str = "noisy"
) -> list[list[str]]:
    """Lines of a table under `HEADER`: one for each metric of each target of the model.

    Args:
        results: scores of all systems.
        targets: of the corpus.
        model: as the results call it.
        like: the model whose targets it has; itself by default.
        noisy: what the results call the noisy input.

    A target whose systems have no scores, or whose mixtures the corpus lacks, is skipped.

    Raises:
        ConfigError: a system lacks the metric.
    """
    lines = []
    for target in targets.models.get(like or model, []):
        others: list[str] = []
        for other in target.others:
            others += (
                _peers(results, {noisy, model, *targets.no_peers}) if other == EVERY_PEER else [_named(other, model)]
            )
        groups = {name: chosen for name, chosen in _groups(results, target).items() if chosen}
        if groups and others and {*others} <= {*results.systems}:
            lines += _lines(results, target, model=model, others=others, groups=groups)
    return lines


def _lines(results: Results, target: Target, *, model: str, others: list[str], groups: Groups) -> list[list[str]]:
    rows = []
    for metric, margin in target.margins.items():
        systems = [_named(target.better, model), *others]
        leads = {name: _lead(results, metric, chosen, systems) for name, chosen in groups.items()}
        missed = [f"{name} ({lead:+.3f})" for name, lead in leads.items() if lead <= margin]
        asked = f"{METRICS[metric].title}{f' by {margin:+g}' if margin else ''}"
        met = f"{len(leads) - len(missed)} of {len(leads)}"
        rows.append([_named(target.text, model), asked, met, ", ".join(missed) or "-"])
    return rows


def _lead(results: Results, metric: str, chosen: list[Mixture], systems: list[str]) -> float:
    """How far the first system is ahead of the best of the others."""
    own, *others = (results.mean(system, metric, chosen) for system in systems)
    known = [other for other in others if other is not None]
    if own is None or len(known) < len(others):
        raise ConfigError(f"{metric} must be known for {', '.join(systems)}; score them again")
    return own - max(known)


def _named(text: str, model: str) -> str:
    return text.replace("{model}", model)


def _peers(results: Results, skipped: set[str]) -> list[str]:
    return [name for name in results.systems if name.partition(",")[0] not in skipped]


def _groups(results: Results, target: Target) -> Groups:
    if target.split is None:
        return {split: results.counted(split) for split in SPLITS}
    counted = results.counted(target.split)
    types = dict.fromkeys(mixture.noise_type for mixture in counted)
    match target.groups:
        case "noise_type" | "talkers":
            chosen = [name for name in types if target.groups == "noise_type" or name.startswith("talker")]
            return {name: results.of(target.split, noise_type=name) for name in chosen}
        case "snr":
            snrs_db = sorted({mixture.snr_db for mixture in counted})
            return {f"{snr_db:+g} dB": results.counted(target.split, snr_db=snr_db) for snr_db in snrs_db}
        case "same_speaker":
            return {REPORTED_ONLY: results.of(target.split, noise_type=REPORTED_ONLY)}
        case "split":
            return {target.split: counted}
        case _:
            return {"mean": counted}
