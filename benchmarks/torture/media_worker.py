"""Reads damaged media in a process of its own: `media_worker.py KIND FOLDER FIRST END SEED`, one line of result each.

KIND is `mutations` or `cases`. A line is printed before each file, and one with its outcome after it, so that whoever
started the process knows which file killed it or does not end.
"""

import json
import re
import resource
import sys
import time
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "hostile"))

import numpy as np
from hostile_case import Case
from hostile_cases import all_cases
from mutations import mutate
from readers import Reader, readers

from avse.errors import AvseError
from avse.media.audio import AudioReader
from avse.media.video import VideoReader

ADDRESS_SPACE = 6 * 2**30
"""Bytes; what asks for more fails here and not in the machine."""
VIDEO = (".mp4", ".mkv", ".mov", ".webm", ".avi", ".ts")


def main(kind: str, folder: Path, first: int, end: int, seed: int) -> None:
    """Do a stretch of the work."""
    warnings.simplefilter("ignore")
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    if kind == "mutations":
        found = readers()
        data = [_good(reader, folder / f"good{place}{reader.suffix}") for place, reader in enumerate(found)]
        for number in range(first, end):
            place = number % len(found)
            reader, rng = found[place], np.random.default_rng([seed, number])
            path = folder / f"bad{number}{reader.suffix}"
            path.write_bytes(mutate(data[place], rng))
            _report(number, reader.name, path, lambda reader=reader, path=path: _outcome(reader.read, path))
            path.unlink()
            for left in folder.glob(f"bad{number}*"):
                left.unlink()
    else:
        cases = all_cases()
        for number in range(first, min(end, len(cases))):
            case = cases[number]
            path = folder / case.name
            case.make(path)
            _report(number, case.name, path, lambda case=case, path=path: _answer(case, path))
            path.unlink()


def _good(reader: Reader, path: Path) -> bytes:
    if not path.is_file():
        reader.make(path)
    reader.read(path)  # imports what it needs, so that no damaged file is charged with that
    return path.read_bytes()


def _report(number: int, name: str, path: Path, work: object) -> None:
    print(json.dumps({"begin": number, "name": name}), flush=True)
    started = time.process_time()
    outcome = work()  # type: ignore[operator]
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    line = {"end": number, "outcome": outcome, "seconds": time.process_time() - started, "memory_mib": memory}
    print(json.dumps(line), flush=True)


def _outcome(read: object, path: Path) -> str:
    try:
        read(path)  # type: ignore[operator]
    except AvseError as error:
        return "refused" if "\n" not in str(error) else f"error of several lines: {error}"
    except BaseException as error:  # noqa: BLE001 - any other error is what is looked for
        return f"traceback: {type(error).__name__}: {error}"
    left = [other.name for other in path.parent.glob(f".{path.stem}*")]
    return f"leftover: {left}" if left else "read"


def _answer(case: Case, path: Path) -> str:
    expected = case.expected
    try:
        with AudioReader(path) as reader:
            n_samples = sum(block.shape[1] for block in reader.blocks())
            info = reader.info
        n_frames = None
        if expected.n_frames is not None or (expected.refused and path.suffix in VIDEO):
            with VideoReader(path, max_height=120) as video:
                n_frames = sum(1 for _ in video.frames())
    except AvseError as error:
        wanted = expected.refused or (".*" if expected.may_refuse else "(?!)")
        return "refused as expected" if re.search(wanted, str(error)) else f"wrong: {error}"
    except BaseException as error:  # noqa: BLE001 - any other error is what is looked for
        return f"traceback: {type(error).__name__}: {error}"
    if expected.may_refuse:
        return "read in part"
    found = (info.sample_rate, info.n_channels, n_frames)
    wanted_format = (expected.rate, expected.n_channels, expected.n_frames)
    is_long = abs(n_samples / info.sample_rate - expected.duration_s) <= expected.slack_s + 1e-9
    return "read as expected" if found == wanted_format and is_long and not expected.refused else f"wrong: {found}"


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), *(int(text) for text in sys.argv[3:6]))
