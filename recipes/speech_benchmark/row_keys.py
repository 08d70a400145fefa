"""For each row of a score file, a short name for all that it depends on: recordings, weights, settings, version."""

import dataclasses
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from avse import __version__
from avse.data.manifest import Item, Mixture
from avse.jobs.places import Place, fingerprint_of, under
from avse.media.made import digest, key_of
from recipes.speech_benchmark.provenance import model_facts
from recipes.speech_benchmark.videos import LongVideo


def mixture_keys(
    mixtures: Sequence[Mixture], items: Sequence[Item], *, root: Place, enhanced: Place | None, metrics: Sequence[str]
) -> dict[str, str]:
    """Keys of fixed mixtures' scores.

    Args:
        mixtures: to score.
        items: of the manifest.
        root: folder that the recordings' paths start from.
        enhanced: folder of the scored files; None is the noisy input.
        metrics: names of metrics.

    Returns:
        By the mixture's id.
    """
    clips = {item.id: item for item in items}
    recording = _recordings(root)
    return {
        mixture.id: _key(
            mixture,
            clip=recording(clips[mixture.clip].audio) if mixture.clip in clips else None,
            noise=[recording(cut.path) for cut in mixture.noise],
            enhanced=None if enhanced is None else fingerprint_of(enhanced / f"{mixture.id}.wav"),
            metrics=sorted(metrics),
        )
        for mixture in mixtures
    }


def video_keys(
    videos: Sequence[LongVideo],
    items: Sequence[Item],
    *,
    root: Place,
    crops: Place,
    model: str | None,
    device: str,
    metrics: Sequence[str],
) -> dict[str, str]:
    """Keys of long videos' scores, which are enhanced and scored in one go.

    Args:
        videos: to score.
        items: of the manifests.
        root: folder that the recordings' paths start from.
        crops: folder of mouths.
        model: name or weights file; None is the noisy input.
        device: that the model runs on.
        metrics: names of metrics.

    Returns:
        By the video's id.
    """
    clips = {item.id: item for item in items}
    recording, mouth = _recordings(root), lru_cache(maxsize=None)(lambda clip: _content(crops / f"{clip}.npz"))
    run = {"model": None if model is None else model_facts(model), "device": device, "metrics": sorted(metrics)}

    def joined(names: Sequence[str]) -> list[Any]:
        return [[recording(clips[name].audio), mouth(name)] if name in clips else None for name in names]

    return {
        video.id: _key(
            video,
            clips=joined(video.clips),
            stranger_clips=joined(video.stranger_clips),
            sources=[[recording(path) for path in source.paths] for source in video.sources],
            **run,
        )
        for video in videos
    }


def _recordings(root: Place) -> Callable[[str], Any]:
    """What tells a recording from its later versions, each looked up once."""
    return lru_cache(maxsize=None)(lambda path: [path, fingerprint_of(under(root, path))])


def _content(place: Place) -> Any:
    """What tells a file's content from another; of what lies at a URL, its version."""
    return digest(place) if isinstance(place, Path) else fingerprint_of(place)


def _key(row: Mixture | LongVideo, **facts: Any) -> str:
    return key_of({"row": dataclasses.asdict(row), "version": __version__, **facts})
