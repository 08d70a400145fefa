"""Progress on standard error."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn

from tqdm import tqdm


@contextmanager
def stage_bars(name: str, *, disable: bool) -> Iterator[Callable[[str, float, float], None]]:
    """Give a function that draws how far a file is; nothing is drawn for what is done within a second.

    Args:
        name: of the file.
        disable: draw nothing at all.

    Yields:
        A function of the stage, the seconds of the recording done, and all of them.
    """
    bars: dict[str, tqdm[NoReturn]] = {}
    form = "{desc} {percentage:3.0f}% |{bar}| {n:.0f}/{total:.0f} s, {remaining} left"

    def show(stage: str, done_s: float, total_s: float) -> None:
        if stage not in bars:
            for earlier in bars.values():
                earlier.close()
            bars[stage] = tqdm(
                total=total_s, desc=f"{name}: {stage}", bar_format=form, delay=1, leave=False, disable=disable
            )
        bars[stage].update(max(0.0, min(done_s, total_s) - bars[stage].n))

    try:
        yield show
    finally:
        for bar in bars.values():
            bar.close()
