"""What a trained network says of a drive."""

import numpy as np
import numpy.typing as npt
import torch

from avse.drives.drive import Drive
from avse.errors import ConfigError
from avse.models.driver_stress import DriverStress
from recipes.driver_stress.windows import WindowedDrive, Windows, with_modalities


def windows_for(model: DriverStress, drive: Drive) -> Windows:
    """A drive's windows as a network takes them.

    Raises:
        ConfigError: the drive lacks a modality or a channel of the network, or has it at another rate.
    """
    config = model.config
    (chosen,) = with_modalities([drive], list(config.modalities))
    for name, wanted in config.modalities.items():
        signal = chosen.signals[name]
        if (signal.channels, signal.rate_hz) != (wanted.channels, wanted.rate_hz):
            raise ConfigError(
                f"{name} of drive {drive.id} must have channels {', '.join(wanted.channels)} at {wanted.rate_hz:g} Hz "
                f"but has {', '.join(signal.channels)} at {signal.rate_hz:g} Hz; prepare it as the training was"
            )
    return WindowedDrive(chosen, window_s=round(config.window_s)).all()


@torch.inference_mode()
def probabilities(model: DriverStress, windows: Windows) -> npt.NDArray[np.float64]:
    """Probability of each level in each window, `(windows, levels)`, each from what came before it.

    A window is judged with the `context_s` before it, as in training; the first ones with as much as there is.
    """
    names = list(model.config.modalities)
    masks = {name: torch.from_numpy(windows.masks[name])[None] for name in names}
    features = [model.encode(name, torch.from_numpy(windows.values[name])[None], masks[name])[0] for name in names]
    present = torch.stack([masks[name][0].any(dim=2).any(dim=1) for name in names], dim=-1)
    n_windows = len(present)
    n_steps = min(n_windows, max(1, round(model.config.context_s / model.config.window_s)))

    def ending(rows: torch.Tensor) -> torch.Tensor:
        """`(windows, ...)` to `(windows - steps + 1, steps, ...)`."""
        return rows.unfold(0, n_steps, 1).movedim(-1, 1)

    logits = model.classify(model.fusion([ending(feature) for feature in features], ending(present)))
    judged = torch.cat([logits[0], logits[1:, -1]])
    return torch.softmax(judged.double(), dim=-1).numpy()
