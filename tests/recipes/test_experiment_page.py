"""The whole report of an experiment: tables, figures, and the page that needs nothing beside it."""

import json
import os
import re
from html.parser import HTMLParser

import numpy as np
import pytest
import yaml
from audio_files import write_audio
from PIL import Image
from tiny_experiment import CONFIG, RATE, TINY

from avse.data.crops import save_mouth
from avse.data.manifest import read_manifest, read_mixtures
from avse.data.mixtures import MixtureReader
from avse.faces.mouth import MouthTrack
from avse.faces.report import FaceReport
from avse.models import zoo
from avse.models.avdcnn import AVDCNN
from recipes.speech_benchmark.experiment import lips
from recipes.speech_benchmark.experiment import mouth_figures as mouths
from recipes.speech_benchmark.experiment.__main__ import main
from recipes.speech_benchmark.experiment.mouth_figures import Seen


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A small experiment with its recordings, mouths and one network that nobody trained."""
    monkeypatch.setenv("AVSE_DATA", str(tmp_path))
    monkeypatch.setattr(lips, "PATCH", 16)
    monkeypatch.setattr(mouths, "N_CLIPS", 1)
    rng = np.random.default_rng(3)
    rows, people = [], []
    for clip in ("a", "b"):
        write_audio(tmp_path / f"{clip}.wav", 0.1 * rng.standard_normal(RATE // 2), RATE)
        people.append({"id": clip, "split": "test_seen", "audio": f"{clip}.wav", "licence": "CC0", "speaker": clip})
        crops = rng.integers(0, 256, (13, 32, 48, 3), dtype=np.uint8)
        track = MouthTrack(np.arange(13) / 25, crops, np.ones(13, dtype=bool), FaceReport(1, 1.0, "1"))
        save_mouth(tmp_path / "crops" / f"{clip}.npz", track)
        rows.append({"id": f"{clip} rain", "clip": clip, "split": "test_seen", "noise_type": "rain", "snr_db": 0,
                     "noise": [{"path": f"{clip}.wav", "offset_s": 0.1}]})  # fmt: skip
    _write_rows(tmp_path / "mixtures.jsonl", rows)
    _write_rows(tmp_path / "manifest.jsonl", people)
    (tmp_path / "e.yaml").write_text(yaml.safe_dump({"systems": CONFIG.systems}, sort_keys=False))
    for name, value in (("noisy", 1.1), ("good", 1.4)):
        _write_rows(tmp_path / "exp" / name / "scores.jsonl", [{"id": r["id"], "pesq_wb": value} for r in rows])
    for row in rows:
        (tmp_path / "exp/good/enhanced").mkdir(exist_ok=True)
        write_audio(
            tmp_path / "exp/good/enhanced" / f"{row['id']}.wav", np.full(RATE // 2, 0.01), RATE, subtype="FLOAT"
        )
    zoo.save(tmp_path / "exp/good/model.safetensors", AVDCNN.build(TINY))
    (tmp_path / "exp/late").mkdir()
    (tmp_path / "exp/late/model.safetensors").write_bytes(b"of another day")
    return tmp_path


def _write_rows(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def _run(place, *options):
    return main(
        ["--experiment", str(place / "e.yaml"), "--exp", str(place / "exp"), "--mixtures",
         str(place / "mixtures.jsonl"), "--manifest", str(place / "manifest.jsonl"), "--crops", str(place / "crops"),
         "--output", str(place / "out" / "RESULTS.md"), "--figures", str(place / "out" / "figures"), "--html",
         str(place / "exp" / "report.html"), "--command", "run.sh --all", "--title", "Made & up", *options]
    )  # fmt: skip


class Page(HTMLParser):
    """Addresses of a page."""

    def __init__(self, text):
        super().__init__()
        self.found = {}
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name in ("src", "href"):
                self.found.setdefault(tag, []).append(value)


def test_the_whole_report_has_its_figures_and_needs_nothing_beside_it(place, capsys):
    assert _run(place) == 0
    printed = capsys.readouterr().err
    assert "late (late): 1 of 1 mixtures to hear are not enhanced" in printed
    assert "late/model.safetensors" in printed, "weights that cannot be read are reported, and stop nothing"
    text = (place / "out/RESULTS.md").read_text()
    named = re.findall(r"!\[[^]]*\]\(([^)]+)\)", text)
    assert named == [
        "figures/snr_pesq_wb.svg", "figures/noise_pesq_wb.svg", "figures/spectrograms_1.png",
        "figures/lips_1.png", "figures/looks.png",
    ]  # fmt: skip
    for name in named:
        path = place / "out" / name
        assert 1000 < path.stat().st_size < 200_000
        if path.suffix == ".png":
            with Image.open(path) as video_frame:
                assert video_frame.size[0] > 200
    page = (place / "exp/report.html").read_text()
    addresses = Page(page).found
    assert len(addresses["audio"]) == 3
    assert len(addresses["img"]) == len(named) + 3
    assert all(address.startswith("data:") for some in addresses.values() for address in some)
    assert "<h1>Made &amp; up</h1>" in page
    assert "good &lt;one&gt;" in page
    assert "<code>run.sh --all</code>" in page


def test_where_a_network_looks_is_worked_out_once_for_its_weights(place, monkeypatch):
    model = AVDCNN.build(TINY).eval()
    weights = place / "exp/good/model.safetensors"
    # Other weights, of the past, are not taken for the same.
    changes = {2: lambda: weights.write_bytes(b"other"), 3: lambda: os.utime(weights, (10**9, 10**9))}
    reader = MixtureReader(read_manifest(place / "manifest.jsonl"), root=place, sample_rate=RATE)
    found, seen = [], Seen(reader, place / "crops")
    mixtures = read_mixtures(place / "mixtures.jsonl")
    find = mouths.looks
    monkeypatch.setattr(mouths, "looks", lambda *given: found.append(find(*given)) or found[-1])
    tries = ((1, mixtures[:1]), (1, mixtures[:1]), (2, mixtures[:1]), (2, mixtures[:1]), (3, mixtures[:2]))
    for number, (n_found, some) in enumerate(tries):
        changes.get(number, lambda: None)()
        kept = mouths._looks(place / "exp/good", model, some, seen)
        assert len(found) == n_found
        assert kept.level_db.tolist() == found[-1].level_db.tolist()
        assert kept.whole_db == found[-1].whole_db > 0


def test_without_crops_and_recordings_the_tables_are_there(place, capsys, monkeypatch):
    monkeypatch.setattr("recipes.speech_benchmark.experiment.__main__.score_figures", lambda *_: [])
    for path in (*(place / "crops").iterdir(), *(place / "exp/good/enhanced").iterdir()):
        path.unlink()
    assert _run(place) == 0
    assert "good <one> (good): 1 of 1 mixtures to hear are not enhanced" in capsys.readouterr().err
    text = (place / "out/RESULTS.md").read_text()
    assert "looks.png" not in text
    assert "| good <one> | 1.40 |" in text
