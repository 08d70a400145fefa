"""From the arguments of `avse-score` to the files that belong together."""

import argparse
import dataclasses
from collections.abc import Sequence
from pathlib import Path

from avse.data.manifest import Mixture, read_mixtures
from avse.errors import InputError
from avse.extras import require
from avse.jobs.places import Place, all_files
from avse.media.audio import check_file
from avse.media.suffixes import NO_MEDIA
from avse.metrics.hearing import NORMAL, Audiogram, check_audiogram
from avse.metrics.table import METRICS
from avse.score import Pair


def collect_pairs(options: argparse.Namespace) -> list[Pair]:
    """Find the reference and the noisy file of every estimate.

    Raises:
        InputError: files and folders are mixed, a folder is empty, or an option is out of range.
        MediaError: a file that was named is missing.
        MissingExtraError: `--html` needs an extra that is not installed.
    """
    if options.html is not None:
        require("report", thing="--html")
    if options.workers is not None and options.workers < 1:
        raise InputError(f"--workers must be at least 1 but is {options.workers}; give the number of processes")
    given = {"--reference": options.reference, "--estimate": options.estimate, "--noisy": options.noisy}
    given = {flag: path for flag, path in given.items() if path is not None}
    for flag, path in given.items():
        if not path.exists():
            raise InputError(f"{flag} {path} must exist but does not; name an audio file or a folder of them")
    pairs = [dataclasses.replace(pair, align=options.align) for pair in _pairs(options, given)]
    if options.audiogram is None:
        return pairs
    # Scores of a listener are no good without knowing whose they are.
    return [dataclasses.replace(pair, groups={**pair.groups, "audiogram": options.audiogram}) for pair in pairs]


def parse_audiogram(text: str | None, metrics: Sequence[str]) -> Audiogram:
    """A listener's hearing losses from `--audiogram`; none without it.

    Raises:
        InputError: the text is no audiogram, or no metric takes one.
    """
    if text is None:
        return NORMAL
    try:
        audiogram = tuple(float(loss) for loss in text.split(","))
    except ValueError:
        raise InputError(
            f"--audiogram must be numbers with commas between but is {text!r}; write it as 10,20,30,40,50,60"
        ) from None
    check_audiogram(audiogram)
    hearing = [name for name, metric in METRICS.items() if metric.of_listener]
    if not set(hearing) & set(metrics):
        raise InputError(
            f"--audiogram must go with a metric of hearing but --metrics is {','.join(metrics)}; "
            f"add {' or '.join(hearing)}"
        )
    return audiogram


def _pairs(options: argparse.Namespace, given: dict[str, Place]) -> list[Pair]:
    if options.estimate.is_dir():
        for flag, path in given.items():
            if not path.is_dir():
                raise InputError(f"{flag} must be a folder, as --estimate is, but is {path}; name a folder")
        return _folder_pairs(options)
    for flag, path in given.items():
        if isinstance(path, Path):
            check_file(path, kind=flag)
    groups = _groups(_mixtures(options.manifest).get(options.estimate.stem))
    return [Pair(options.estimate.stem, options.reference, options.estimate, options.noisy, groups)]


def _folder_pairs(options: argparse.Namespace) -> list[Pair]:
    estimates = _by_stem(options.estimate)
    if not estimates:
        raise InputError(f"--estimate {options.estimate} must hold audio files but holds none; name another folder")
    references = _by_stem(options.reference)
    noisy = _by_stem(options.noisy) if options.noisy else {}
    mixtures = _mixtures(options.manifest)
    pairs = []
    # What was not enhanced counts as failed: a mean over the files that happen to be there flatters.
    for stem in dict.fromkeys([*estimates, *(mixtures or references)]):
        mixture = mixtures.get(stem)
        clip = mixture.clip if mixture else stem
        missing = f"{stem}.wav"
        estimate = estimates.get(stem, options.estimate / missing)
        reference = references.get(stem) or references.get(clip) or options.reference / missing
        before = noisy.get(stem, options.noisy / missing) if options.noisy else None
        pairs.append(Pair(stem, reference, estimate, before, _groups(mixture)))
    return pairs


def _by_stem(folder: Place) -> dict[str, Place]:
    """The audio files of a folder; lists and reports that lie beside them are passed over."""
    found: dict[str, Place] = {}
    for place in all_files(folder):
        if place.suffix.lower() in NO_MEDIA:
            continue
        if place.stem in found:
            raise InputError(
                f"files in {folder} must differ in more than their suffix but {found[place.stem].name} and "
                f"{place.name} do not; move one away"
            )
        found[place.stem] = place
    return found


def _mixtures(manifest: Place | None) -> dict[str, Mixture]:
    if manifest is None:
        return {}
    return {mixture.id: mixture for mixture in read_mixtures(manifest)}


def _groups(mixture: Mixture | None) -> dict[str, str]:
    if mixture is None:
        return {}
    return {"split": mixture.split, "noise_type": mixture.noise_type, "snr_db": _number(mixture.snr_db)}


def _number(value: object) -> str:
    """As people write it; a list that somebody else wrote may hold text here."""
    return f"{value:g}" if isinstance(value, int | float) else str(value)
