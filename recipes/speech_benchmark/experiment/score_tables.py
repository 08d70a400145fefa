"""The tables of scores: every system, ablations, what the paper claims, what failed."""

from collections.abc import Sequence
from itertools import pairwise

from avse.data.manifest import Mixture
from avse.metrics.table import METRICS
from avse.report.document import Heading, Lines, Part, Points, Table
from recipes.paired_tests import holm
from recipes.speech_benchmark.experiment.comparison import LEVEL, Lead, Mean, conclusion, lead_of, mean_of
from recipes.speech_benchmark.experiment.config import Claim, ExperimentConfig, title_of, words_of
from recipes.speech_benchmark.experiment.experiment_scores import Failure, Scored
from recipes.speech_benchmark.mixture_scores import REPORTED_ONLY, SPLITS

HOW_SURE = (
    "Mixtures of one clip share its voice, so what is judged is each clip's mean. Means are means of the clips' "
    "means; intervals hold 95 % (bootstrap over clips); p is of the paired sign-flip test over clips, two-sided, "
    "corrected for all tests of its table (Holm). They say what other clips of these people would give, and nothing of "
    "other people or of another seed: each system was trained once. Differences are above 0 where a system is better, "
    "also in metrics of which less is better. Scores that failed are in no mean; n is given where it is less than all."
)


def split_parts(config: ExperimentConfig, scored: Scored, split: str) -> list[Part]:
    """Means of all systems on one split, and for each metric by SNR, against the next best, and by noise type."""
    chosen = scored.results.counted(split)
    if not chosen:
        return []
    systems = [name for name in config.systems if name in scored.results.systems]
    overview = [["", *(_heading(metric) for metric in scored.metrics)]]
    for system in systems:
        cells = [
            show_mean(mean_of(scored.results, system, metric, chosen), metric, scored.n_asked(metric, chosen))
            for metric in scored.metrics
        ]
        overview.append([title_of(config, system), *cells])
    overview.append(["n", *(str(scored.n_asked(metric, chosen)) for metric in scored.metrics)])
    parts: list[Part] = [
        Heading(split),
        f"Means and 95 % intervals over all SNRs and noise types but {REPORTED_ONLY}.",
        Table(overview),
    ]
    for metric in scored.metrics:
        parts += [
            Heading(f"{split}: {_heading(metric)}", 3),
            f"Best first; {REPORTED_ONLY} skipped. The last columns set each system against the next one below.",
            Table(_ranking(config, scored, split, metric, systems)),
            Table(_by_noise(config, scored, split, metric, systems)),
        ]
    return parts


def _ranking(config: ExperimentConfig, scored: Scored, split: str, metric: str, systems: list[str]) -> Lines:
    """A system's line: by SNR, all, and how far above the next best."""
    chosen = scored.results.counted(split)
    snrs_db = sorted({mixture.snr_db for mixture in chosen})
    columns = {f"{snr_db:+g} dB": scored.results.counted(split, snr_db=snr_db) for snr_db in snrs_db}
    columns["all"] = chosen
    ranked = rank(scored, metric, systems, chosen)
    leads = [lead_of(scored.results, *pair, metric, chosen) for pair in pairwise(ranked)]
    ps = corrected(leads)
    lines = [["", *columns, "above the next by", "p"]]
    for index, system in enumerate(ranked):
        lead = leads[index] if index < len(leads) else None
        cells = [_mean(scored, system, metric, some) for some in columns.values()]
        tested = [show_lead(lead, metric), show_p(ps[index])] if lead else ["-", "-"]
        lines.append([title_of(config, system), *cells, *tested])
    return [*lines, ["n", *(str(scored.n_asked(metric, some)) for some in columns.values()), "-", "-"]]


def _by_noise(config: ExperimentConfig, scored: Scored, split: str, metric: str, systems: list[str]) -> Lines:
    types = dict.fromkeys(mixture.noise_type for mixture in scored.results.of(split))
    columns = {name: scored.results.of(split, noise_type=name) for name in types}
    lines = [["", *columns]]
    for system in systems:
        lines.append([title_of(config, system), *(_mean(scored, system, metric, some) for some in columns.values())])
    return [*lines, ["n", *(str(scored.n_asked(metric, some)) for some in columns.values())]]


def rank(scored: Scored, metric: str, systems: Sequence[str], chosen: list[Mixture]) -> list[str]:
    """Systems that have scores, best first."""
    means = {name: mean for name in systems if (mean := mean_of(scored.results, name, metric, chosen))}
    return sorted(means, key=lambda name: means[name].value, reverse=not METRICS[metric].less_is_better)


def ablation_parts(config: ExperimentConfig, scored: Scored) -> list[Part]:
    """A table for each ablation and split."""
    known = {title: [n for n in names if n in scored.results.systems] for title, names in config.ablations.items()}
    parts: list[Part] = []
    for title, names in known.items():
        if len(names) < 2:
            continue
        parts.append(Heading(title, 3))
        for split in SPLITS:
            if scored.results.counted(split):
                parts.append(Table(_ablation(config, scored, split, names)))
    if not parts:
        return []
    words = (
        "Means, and in brackets the 95 % interval of the difference from the first line of the table; * where p is "
        f"below {LEVEL}."
    )
    return [Heading("Ablations"), words, *parts]


def _ablation(config: ExperimentConfig, scored: Scored, split: str, names: list[str]) -> Lines:
    chosen = scored.results.counted(split)
    first, *others = names
    leads = {(n, m): lead_of(scored.results, n, first, m, chosen) for n in others for m in scored.metrics}
    ps = dict(zip(leads, corrected([*leads.values()]), strict=True))
    lines = [[split, *(_heading(metric) for metric in scored.metrics)]]
    for name in names:
        cells = []
        for metric in scored.metrics:
            cell, lead = _mean(scored, name, metric, chosen), leads.get((name, metric))
            if lead:
                star = "*" if ps[name, metric] < LEVEL else ""
                cell = f"{cell} ({_signed(lead.low, metric)} to {_signed(lead.high, metric)}){star}"
            cells.append(cell)
        lines.append([title_of(config, name), *cells])
    return lines


def claim_parts(config: ExperimentConfig, scored: Scored) -> list[Part]:
    """What the paper says, and what these data say to it."""
    if not config.claims:
        return []
    conclusions_table: Lines = [["claim", "split", "yes", "not decided", "no"]]
    tables: list[Part] = []
    for split in SPLITS:
        rows = _claim_rows(config, scored, split)
        ps = corrected([lead for _, _, lead in rows])
        lines = [["claim", "metric", "better by", "p", "clips", ""]]
        conclusions: dict[str, dict[str, list[str]]] = {}
        for (claim, metric, lead), p in zip(rows, ps, strict=True):
            words, title = words_of(config, claim), METRICS[metric].title
            found = conclusion(lead, p)
            conclusions.setdefault(words, {}).setdefault(found, []).append(title)
            lines.append([words, title, show_lead(lead, metric), show_p(p), str(lead.n_clips), found])
        for words, found_by in conclusions.items():
            cells = ["; ".join(found_by.get(column, [])) or "-" for column in conclusions_table[0][2:]]
            conclusions_table.append([words, split, *cells])
        if rows:
            tables += [Heading(f"Claims on {split}", 3), Table(lines)]
    if len(conclusions_table) == 1:
        return [Heading("What the paper claims"), "Nothing can be said yet: systems that it is about have no scores."]
    n_against = sum(line[4] != "-" for line in conclusions_table[1:])
    words = (
        f"Yes and no where p is below {LEVEL}. Our data disagree with a claim where a metric stands under no: the "
        f"other system is ahead there. That is so in {n_against} of {len(conclusions_table) - 1} lines. What is not "
        "decided may be either way."
    )
    return [Heading("What the paper claims"), words, Table(conclusions_table), *tables]


def _claim_rows(config: ExperimentConfig, scored: Scored, split: str) -> list[tuple[Claim, str, Lead]]:
    rows = []
    for claim in config.claims:
        wanted = {} if claim.snr_db is None else {"snr_db": claim.snr_db}
        chosen = scored.results.counted(split, **wanted)
        for metric in scored.metrics:
            if lead := lead_of(scored.results, claim.better, claim.worse, metric, chosen):
                rows.append((claim, metric, lead))
    return rows


def failure_parts(config: ExperimentConfig, scored: Scored) -> list[Part]:
    """What failed and why, and what is not there."""
    parts: list[Part] = [Heading("Failed and missing")]
    if scored.failures:
        lines = [["system", "mixtures", "metrics", "reason"]]
        lines += [[title_of(config, f.system), str(f.n), f.metrics, f.reason] for f in _most_first(scored.failures)]
        parts += ["Scores that could not be computed; they are in no mean. N stands for numbers.", Table(lines)]
    else:
        parts.append("No score failed.")
    if scored.notes:
        lines = [["system", "mixtures", "note"]]
        lines += [[title_of(config, f.system), str(f.n), f.reason] for f in _most_first(scored.notes)]
        parts += ["What was scored all the same, and is in the means:", Table(lines)]
    return [*parts, *([Points(scored.missing)] if scored.missing else [])]


def _most_first(failures: list[Failure]) -> list[Failure]:
    return sorted(failures, key=lambda failure: -failure.n)


def show_mean(mean: Mean | None, metric: str, n_asked: int) -> str:
    """A mean with its interval; how many it is of where that is less than all."""
    if mean is None:
        return "-"
    digits, (low, high) = METRICS[metric].digits, mean.interval()
    text = f"{mean.value:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"
    return text if mean.n == n_asked else f"{text}, n {mean.n}"


def show_lead(lead: Lead, metric: str) -> str:
    """A difference with its interval."""
    return f"{_signed(lead.value, metric)} ({_signed(lead.low, metric)} to {_signed(lead.high, metric)})"


def show_p(p: float) -> str:
    """A p as people read it."""
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def _mean(scored: Scored, system: str, metric: str, chosen: list[Mixture]) -> str:
    mean = mean_of(scored.results, system, metric, chosen)
    if mean is None:
        return "-"
    text = f"{mean.value:.{METRICS[metric].digits}f}"
    return text if mean.n == scored.n_asked(metric, chosen) else f"{text}, n {mean.n}"


def _signed(value: float, metric: str) -> str:
    digits = METRICS[metric].digits
    text = f"{value:+.{digits}f}"
    return text if float(text) else f"{0:.{digits}f}"


def _heading(metric: str) -> str:
    return METRICS[metric].title + (" (less is better)" if METRICS[metric].less_is_better else "")


def corrected(leads: Sequence[Lead | None]) -> list[float]:
    """Their p, corrected for all of them that can be decided; 1 where there is none.

    A few clips can never be decided, whatever their scores: n of them reach 2 / 2**n at best. Such tests would only
    make the others' correction harder, so they are no part of the family, and their p is 1.
    """
    family = {index: lead.p for index, lead in enumerate(leads) if lead and 2 / 2**lead.n_clips < LEVEL}
    ps = [1.0] * len(leads)
    for index, p in zip(family, holm(list(family.values())), strict=True):
        ps[index] = p
    return ps
