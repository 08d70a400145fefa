"""How well the audio-video offset is found: `python -m benchmarks.sync MANIFEST CROPS --splits test_unseen --write`.

Clips of one person are joined to 8 s and read with the video -500 to +500 ms late in steps of 40: clean and in noise;
and with another sentence's audio, and with a still mouth, where nothing should be found with confidence. Crops that are
not there yet are cut out of the clips' videos.
"""

import argparse
import json
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from avse.data.bank import read_mono
from avse.data.crops import load_mouth, save_mouth
from avse.data.joined import JoinedVideo, join_clips
from avse.data.manifest import Item, data_root, read_manifest
from avse.data.mix import build_mixture
from avse.faces.lip_scorer import LipScorer
from avse.faces.mouth import MouthTrack, track_mouth
from avse.faces.sync import Offset, find_offset
from avse.media.video import VideoReader
from avse.models.onnx_lips import OnnxLips
from benchmarks.torture.record import write_section

TITLE = "Audio-video offset"
RATE = 16000
CLIPS = 6
"""Joined for a video."""
DURATION_S = 8.0
OFFSETS_S = np.arange(-500, 501, 40) / 1000
NOISE_SNR_DB = 5.0


def people(manifest: Path, crops: Path, splits: list[str], *, n_clips: int) -> dict[str, list[Item]]:
    """The first clips of each person in which the mouth is seen."""
    found: dict[str, list[Item]] = defaultdict(list)
    for item in read_manifest(manifest):
        own = found[str(item.speaker)] if item.split in splits and item.video else None
        if own is not None and len(own) < n_clips and mouth_of(item, crops).present.mean() > 0.9:
            own.append(item)
    return dict(sorted(found.items()))


def mouth_of(item: Item, crops: Path) -> MouthTrack:
    """A clip's mouth, from its file, which is written where it is missing."""
    path = crops / f"{item.id}.npz"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        with VideoReader(data_root() / str(item.video)) as reader:
            save_mouth(path, track_mouth(reader.frames(), speaker="largest"))
    return load_mouth(path)


def joined(items: list[Item], crops: Path, *, n_videos: int) -> Iterator[JoinedVideo]:
    """Videos of 8 s, each beginning with another clip; a person's clips are repeated where they are too few."""
    for first in range(min(n_videos, len(items))):
        order = [items[(first + index) % len(items)] for index in range(CLIPS)]
        waveforms = [read_mono(data_root() / item.audio, sample_rate=RATE) for item in order]
        whole = join_clips(waveforms, [load_mouth(crops / f"{item.id}.npz") for item in order], sample_rate=RATE)
        yield whole._replace(waveform=whole.waveform[: round(DURATION_S * RATE)])


def offsets_of(mouth: MouthTrack, waveform: npt.NDArray[np.float32], lips: OnnxLips) -> list[Offset]:
    """What is found for each of `OFFSETS_S`."""
    scorer = LipScorer(lips, sample_rate=RATE)
    scorer.push(waveform[None])
    return [
        find_offset(scorer.read(mouth, timestamps_s=mouth.timestamps_s + late_s).embedding, scorer.audio)
        for late_s in OFFSETS_S
    ]


def still(mouth: MouthTrack) -> MouthTrack:
    """A photograph in front of a camera with a little noise."""
    rng = np.random.default_rng(0)
    image = np.asarray(mouth.crops[2], dtype=np.float32)
    noisy = image + 3 * rng.standard_normal((len(mouth.timestamps_s), *image.shape), dtype=np.float32)
    return replace(mouth, crops=np.clip(noisy, 0, 255).astype(np.uint8))


def summary(found: list[list[Offset]]) -> dict[str, Any]:
    """Errors of what is found where there is something to find."""
    rows = [(one, true_s) for offsets in found for one, true_s in zip(offsets, OFFSETS_S, strict=True)]
    known = [(one, true_s) for one, true_s in rows if one.offset_s is not None]
    errors = np.array([abs((one.offset_s or 0.0) - true_s) for one, true_s in known])
    confident = np.array([one.is_confident for one, _ in known], dtype=bool)
    audible = np.array([abs(true_s) >= 0.06 for _, true_s in known])
    signs = np.array([np.sign(one.offset_s or 0.0) == np.sign(true_s) for one, true_s in known])
    return {
        "n": len(rows),
        "median_error_ms": round(1000 * float(np.median(errors)), 1),
        "within_80ms": round(float(np.mean(errors <= 0.08)), 4),
        "right_sign": round(float(np.mean(signs[audible])), 4),
        "confident": round(float(confident.sum() / len(rows)), 4),
        "right_sign_if_confident": round(float(np.mean(signs[audible & confident])), 4) if confident.any() else None,
        "confident_and_wrong": round(float(np.sum(confident & (errors > 0.08)) / len(rows)), 4),
    }


def wrong_summary(found: list[list[Offset]]) -> dict[str, Any]:
    """How often an offset is claimed where there is none."""
    rows = [one for offsets in found for one in offsets]
    return {"n": len(rows), "confident_and_wrong": round(float(np.mean([one.is_confident for one in rows])), 4)}


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """All rows."""
    lips = OnnxLips(arguments.lips)
    n_clips = arguments.n_videos + CLIPS - 1
    everyone = people(arguments.manifest, arguments.crops, arguments.splits, n_clips=n_clips)
    videos = {
        name: list(joined(items, arguments.crops, n_videos=arguments.n_videos)) for name, items in everyone.items()
    }
    noises = [
        read_mono(data_root() / item.audio, sample_rate=RATE)
        for item in read_manifest(arguments.manifest)
        if item.noise_type and item.split == "valid"
    ]
    rng = np.random.default_rng(0)
    result: dict[str, Any] = {}
    found: dict[str, list[list[Offset]]] = defaultdict(list)
    for name, own in videos.items():
        mine: dict[str, list[list[Offset]]] = defaultdict(list)
        for video in own:
            mine["clean"].append(offsets_of(video.mouth, video.waveform, lips))
            noise = noises[rng.integers(len(noises))]
            noisy = build_mixture(video.waveform, [(noise, 0.0)], snr_db=NOISE_SNR_DB, sample_rate=RATE)
            mine["noise_5db"].append(offsets_of(video.mouth, noisy, lips))
            others = [other for key, each in videos.items() for other in each if key != name or other is not video]
            other = others[rng.integers(len(others))]
            mine["other_audio"].append(offsets_of(video.mouth, np.roll(other.waveform, RATE), lips))
            mine["still_mouth"].append(offsets_of(still(video.mouth), video.waveform, lips))
        result[name] = _rows(mine)
        for kind, each in mine.items():
            found[kind] += each
    return {"people": result, "all": _rows(found), "duration_s": DURATION_S}


def _rows(found: dict[str, list[list[Offset]]]) -> dict[str, Any]:
    return {
        kind: summary(each) if kind in ("clean", "noise_5db") else wrong_summary(each) for kind, each in found.items()
    }


def markdown(result: dict[str, Any]) -> str:
    """The rows as a table."""
    lines = [
        "| people | audio | n | median error, ms | within 80 ms | right sign | confident | confident and wrong |",
        "|---|---|---:|---:|---:|---:|---:|---:|",
    ]
    for name, rows in [*result["people"].items(), ("all", result["all"])]:
        for kind, row in rows.items():
            shares = [row.get(key) for key in ("within_80ms", "right_sign", "confident", "confident_and_wrong")]
            cells = ["-" if share is None else f"{100 * share:.1f} %" for share in shares]
            error = row.get("median_error_ms")
            lines.append(f"| {name} | {kind.replace('_', ' ')} | {row['n']} | {'-' if error is None else error} | "
                         f"{' | '.join(cells)} |")  # fmt: skip
    return "\n".join(lines) + "\n"


def body_of(result: dict[str, Any], splits: list[str]) -> str:
    """The section: what was done, the rows, and the targets."""
    clean = result["all"]["clean"]
    wrong = max(row["confident_and_wrong"] for row in result["all"].values())
    targets = [
        ("median error of clean videos at most 40 ms", clean["median_error_ms"] <= 40),
        ("right sign in all of them", clean["right_sign"] == 1),
        ("confident and wrong in less than 2 %", wrong < 0.02),
    ]
    words = "; ".join(f"{what}: {'met' if is_met else 'missed'}" for what, is_met in targets)
    return (
        f"With the lip network that comes with avse. People of {', '.join(splits)} "
        f"({', '.join(result['people'])}; videos of {result['duration_s']:g} s, each joined from clips), each with the "
        "video -500 to +500 ms late in steps of 40. Confident: `--offset-ms auto` would use the offset. Confident "
        "and wrong: off by more than 80 ms, or any offset at all where the audio is another sentence's or the mouth a "
        f"still.\n\n{markdown(result)}\nTargets: {words}."
    )


def main() -> None:
    """Print the rows, and write them where asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("manifest", type=Path)
    parser.add_argument("crops", type=Path)
    parser.add_argument("--splits", nargs="+", default=["valid"])
    parser.add_argument("--n-videos", type=int, default=4, help="of each person (default: 4)")
    parser.add_argument("--lips", type=Path, help="graph of the lip network (default: the one that comes with avse)")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--markdown", type=Path, help="file for the table")
    parser.add_argument("--write", action="store_true", help="write the section of benchmarks/RESULTS.md")
    arguments, started = parser.parse_args(), time.monotonic()
    result = measure(arguments)
    if arguments.write:
        command = f"python -m benchmarks.sync {' '.join(sys.argv[1:])}"
        body = body_of(result, arguments.splits)
        write_section(TITLE, body, command=command, wall_s=time.monotonic() - started)
    text = json.dumps(result, indent=1)
    if arguments.markdown:
        arguments.markdown.write_text(markdown(result), encoding="utf-8")
    if arguments.json:
        arguments.json.write_text(text + "\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
