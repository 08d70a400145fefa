"""What a model was to reach, and whether it did, from the scores on the fixed mixtures."""

from collections.abc import Sequence
from typing import NamedTuple

from avse.data.manifest import Mixture
from avse.errors import ConfigError
from avse.metrics.table import METRICS
from recipes.speech_benchmark.mixture_scores import SPLITS, Results

PEERS = ("gtcrn_dns3", "ulunas")
"""The best small systems that hear and do not see."""
HEADER = ["target", "metric", "met", "missed"]

Groups = dict[str, list[Mixture]]


class Target(NamedTuple):
    """One model ahead of others in some groups of mixtures."""

    text: str
    groups: Groups
    better: str
    others: Sequence[str]
    metrics: dict[str, float]
    """Metric to the margin that is asked for."""

    def is_known(self, results: Results) -> bool:
        """True if there are such mixtures and such others; a corpus may lack a split."""
        return any(self.groups.values()) and bool(self.others) and {*self.others} <= {*results.systems}

    def lines(self, results: Results) -> list[list[str]]:
        """A line of a table for each metric."""
        rows = []
        groups = {name: chosen for name, chosen in self.groups.items() if chosen}
        for metric, margin in self.metrics.items():
            leads = {name: self._lead(results, metric, chosen) for name, chosen in groups.items()}
            missed = [f"{name} ({lead:+.3f})" for name, lead in leads.items() if lead <= margin]
            asked = f"{METRICS[metric].title}{f' by {margin:+g}' if margin else ''}"
            rows.append([self.text, asked, f"{len(leads) - len(missed)} of {len(leads)}", ", ".join(missed) or "-"])
        return rows

    def _lead(self, results: Results, metric: str, chosen: list[Mixture]) -> float:
        own, *others = (results.mean(system, metric, chosen) for system in (self.better, *self.others))
        known = [other for other in others if other is not None]
        if own is None or len(known) < len(others):
            raise ConfigError(
                f"{metric} must be known for {self.better} and {', '.join(self.others)}; score them again"
            )
        return own - max(known)


def paper_targets(results: Results, *, ours: str, noisy: str = "noisy") -> list[list[str]]:
    """Targets of a model after a paper: above the noisy input, and better with the video than without."""
    seen = results.counted("test_seen")
    every = dict.fromkeys(("pesq_wb", "stoi", "si_sdr_db"), 0.0)
    targets = [
        Target(f"{ours} above {noisy}, test_seen, every noise type", _by_type(seen), ours, [noisy], every),
        Target(f"{ours} above {noisy}, test_seen, every SNR", _by_snr(seen), ours, [noisy], every),
        Target(f"{ours} above {noisy}, test_unseen", {"mean": results.counted("test_unseen")}, ours, [noisy], every),
        Target(f"{ours} above itself without video, test_seen", _talkers(seen), ours, [f"{ours}, audio-only"], every),
    ]
    return [line for target in targets if target.is_known(results) for line in target.lines(results)]


def live_targets(results: Results, *, ours: str, noisy: str = "noisy") -> list[list[str]]:
    """Targets of the live model: above the best small systems that do not see; those without scores are skipped."""
    blind = f"{ours}, audio-only"
    groups = {split: results.counted(split) for split in SPLITS}
    peers = [name for name in results.systems if name.partition(",")[0] not in (noisy, ours, "AVDCNN")]
    both = {"si_sdr_db": 4.0, "pesq_wb": 0.3}
    means = {"pesq_wb": 0.0, "estoi": 0.0, "si_sdr_db": 0.0}
    no_worse = dict.fromkeys(("pesq_wb", "stoi", "si_sdr_db"), 0.0)
    seen, unseen = groups["test_seen"], groups["test_unseen"]
    best = " and ".join(PEERS)
    same = {"same_speaker": results.of("test_seen", noise_type="same_speaker")}
    targets = [
        Target(f"{ours} above {best}, test_unseen", {"mean": unseen}, ours, PEERS, means),
        *(Target(f"{ours} above both, {s}", _talkers(groups[s]), ours, PEERS, both) for s in SPLITS),
        Target(f"{ours} above {noisy}, test_seen", same, ours, [noisy], {"si_sdr_db": 6.0}),
        Target(f"{ours} above every peer, test_seen, every noise type", _by_type(seen), ours, peers, means),
        Target(f"{ours} above every peer, test_seen, every SNR", _by_snr(seen), ours, peers, means),
        Target(f"{blind}, against the better of {best}", groups, blind, PEERS, {"pesq_wb": -0.1}),
        *(
            Target(f"{blind}, above {noisy}, {split}", _by_type(groups[split]), blind, [noisy], no_worse)
            for split in SPLITS
        ),
    ]
    return [line for target in targets if target.is_known(results) for line in target.lines(results)]


def _by_type(mixtures: list[Mixture]) -> Groups:
    return {
        name: [m for m in mixtures if m.noise_type == name] for name in dict.fromkeys(m.noise_type for m in mixtures)
    }


def _by_snr(mixtures: list[Mixture]) -> Groups:
    return {f"{snr:+g} dB": [m for m in mixtures if m.snr_db == snr] for snr in sorted({m.snr_db for m in mixtures})}


def _talkers(mixtures: list[Mixture]) -> Groups:
    return {name: chosen for name, chosen in _by_type(mixtures).items() if name.startswith("talker")}
