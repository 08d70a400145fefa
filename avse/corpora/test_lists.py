"""Makes the list of fixed test mixtures of a corpus: which clip, in which noise, from where, how loud."""

import zlib
from collections import defaultdict
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from avse.data.bank import read_mono
from avse.data.manifest import Item, Mixture, NoiseCut
from avse.data.mix import sounding_piece
from avse.types import Waveform

RATE = 16_000
"""Hz at which noises are listened to."""
SNRS_DB = (-5, 0, 5)
MAX_CLIPS = 30
"""Of each test split; more would take longer and tell little more."""
MAX_TYPES = 8
"""Noise types of each clip; where there are more, clips take them in turn."""


def fix_mixtures(items: Sequence[Item], *, root: Path, seed: int = 1) -> list[Mixture]:
    """Each test clip in the test's noises and against other voices, at three SNRs.

    Voices are those of the test's speech, else of other people's test clips: one (`talker_1`), and three at once
    (`talker_3`); and another sentence of the clip's own speaker (`same_speaker`), where the corpus has one.

    Args:
        items: of the corpus.
        root: folder that their paths start from.
        seed: of the choices; the same items and seed give the same list.
    """
    tests = [item for item in items if item.split.startswith("test")]
    faces = [item for item in tests if item.video]
    speech = [item for item in tests if item.is_speech and not item.video]
    noises: dict[str, list[Item]] = defaultdict(list)
    for item in tests:
        if item.noise_type is not None:
            noises[item.noise_type].append(item)
    cutter = _Cutter(root, seed)
    mixtures = []
    for split in ("test_seen", "test_unseen"):
        for index, clip in enumerate(_some([item for item in faces if item.split == split], seed=seed)):
            turn = list(noises)[index % len(noises) :] + list(noises)[: index % len(noises)] if noises else []
            chosen = {kind: [noises[kind][index % len(noises[kind])]] for kind in sorted(turn[:MAX_TYPES])}
            chosen |= _voices(clip, faces, speech, index)
            for kind, interferers in chosen.items():
                cuts = tuple(cutter.cut(interferer, clip=clip) for interferer in interferers)
                mixtures += [
                    Mixture(f"{clip.id}__{kind}__{snr_db:+d}dB", clip.id, split, kind, cuts, snr_db)
                    for snr_db in SNRS_DB
                ]
    return mixtures


def _some(clips: list[Item], *, seed: int) -> list[Item]:
    """As many as are wanted, in order."""
    by_chance = sorted(clips, key=lambda item: (zlib.crc32(f"{seed}/{item.id}".encode()), item.id))
    return sorted(by_chance[:MAX_CLIPS], key=lambda item: item.id)


def _voices(clip: Item, faces: list[Item], speech: list[Item], index: int) -> dict[str, list[Item]]:
    """Competing voices by type."""
    others = speech or [item for item in faces if item.speaker != clip.speaker]
    own = [item for item in faces if item.speaker == clip.speaker and item.id != clip.id]
    found = {}
    if others:
        found["talker_1"] = [others[index % len(others)]]
    if len(others) > 2:
        found["talker_3"] = [others[(index + step * len(others) // 3) % len(others)] for step in range(3)]
    if own:
        found["same_speaker"] = [own[index % len(own)]]
    return found


class _Cutter:
    """Chooses where a noise's piece begins, so that it is heard."""

    def __init__(self, root: Path, seed: int) -> None:
        self._seed = seed
        self._read = lru_cache(maxsize=32)(lambda path: read_mono(root / path, sample_rate=RATE))

    def cut(self, interferer: Item, *, clip: Item) -> NoiseCut:
        """A piece for a clip; the same for all SNRs."""
        rng = np.random.default_rng([self._seed, zlib.crc32(clip.id.encode()), zlib.crc32(interferer.id.encode())])
        n_samples = len(self._read(clip.audio))
        offset_s = _sounding_offset_s(self._read(interferer.audio), n_samples=n_samples, rng=rng)
        return NoiseCut(interferer.audio, offset_s, clip=interferer.id if interferer.video else None)


def _sounding_offset_s(waveform: Waveform, *, n_samples: int, rng: np.random.Generator) -> float:
    """Start of a piece that is not much softer than the whole."""

    def draw() -> tuple[Waveform, int]:
        offset_s = round(float(rng.uniform(0, len(waveform) / RATE)), 3)
        return waveform, round(offset_s * RATE)

    piece = sounding_piece(draw, n_samples=n_samples)
    if piece is not None:
        return piece.offset / RATE
    # The loudest moment is heard in any case.
    return round(max(0.0, int(np.argmax(np.abs(waveform))) / RATE - 0.05), 3)
