"""Modalities taken away or noised, to see how a classifier bears it."""

from collections.abc import Iterator

import numpy as np

from avse.models.driver_stress import DriverStress
from recipes.driver_stress.windows import Windows

SHARES = (0.25, 0.5, 0.75, 1.0)
"""Of windows that are taken away; or of noise in what is left."""
CONDITIONS = ("removed", "noise")


def disturbed(windows: Windows, model: DriverStress, rng: np.random.Generator) -> Iterator[tuple[str, Windows]]:
    """The same windows under every condition, one modality at a time.

    Noise is white, with the mean and standard deviation that the modality has in training; a share of 0.5 is half of
    each.

    Args:
        windows: of a test drive.
        model: knows the means and standard deviations.
        rng: of noise and of the windows that go.

    Yields:
        `modality|condition|share` and the windows.
    """
    for name, values in windows.values.items():
        order = rng.permutation(len(values)) / len(values)
        mean, std = (getattr(model, f"{kind}_{name}").numpy() for kind in ("mean", "std"))
        noise = mean + std * rng.standard_normal(values.shape)
        for share in SHARES:
            mask = windows.masks[name] & (order >= share)[:, None, None]
            yield f"{name}|removed|{share}", windows._replace(masks={**windows.masks, name: mask})
            mixed = ((1 - share) * values + share * noise).astype(np.float32)
            yield f"{name}|noise|{share}", windows._replace(values={**windows.values, name: mixed})
