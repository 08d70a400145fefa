"""Mixtures to hear, as articles of the experiment's page."""

from collections.abc import Sequence

from avse.report.document import Article, Heading, Part, Remark, View
from avse.report.views import audio_address, spectrogram_addresses
from recipes.speech_benchmark.experiment.items import RATE, Item


def heard_parts(items: Sequence[Item], *, chosen: str) -> list[Part]:
    """The section of the mixtures to hear; none without any.

    Args:
        items: the mixtures.
        chosen: in words, how they were.
    """
    if not items:
        return []
    remark = f"{chosen} Figures share one scale of colours in each row."
    return [Heading("To see and hear"), Remark(remark), *(_article(item) for item in items)]


def _article(item: Item) -> Article:
    mixture = item.mixture
    images = spectrogram_addresses({title: (audio, RATE) for title, audio in item.recordings.items()})
    views = [
        View(title, images[title], f"Spectrogram, {title}", audio_address(audio, RATE))
        for title, audio in item.recordings.items()
    ]
    return Article(mixture.id, f"{mixture.split}, {mixture.noise_type}, {mixture.snr_db:+g} dB", views)
