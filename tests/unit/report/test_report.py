"""Reports: the sums against numbers from hand, and every form against the same rows."""

import base64
import csv
import io
import json
import re
import wave
from html.parser import HTMLParser

import numpy as np
import pytest
from audio_files import write_audio

from avse.metrics.score_or_reason import Score
from avse.report.formats import to_csv, to_json, to_markdown, to_text
from avse.report.rows import FileScores, group_by, summarise
from avse.report.score_page import to_html, worst_files

RATE = 16000


def row(name, after, before=None, *, reason="silent", **groups):
    def scores(value):
        return {"stoi": Score(0.5), "si_sdr_db": Score(value, None if value is not None else reason)}

    noisy = None if before is None else scores(before)
    return FileScores(name, scores(after), noisy, {key: str(value) for key, value in groups.items()})


@pytest.fixture
def rows():
    """Gains of 4, 1 and -2 dB, and a file that failed."""
    return [
        row("a", 4.0, 0.0, split="test_seen", noise_type="rain", snr_db=10),
        row("b", 6.0, 5.0, split="test_seen", noise_type="dog", snr_db=-5),
        row("c", 8.0, 10.0, split="test_unseen", noise_type="rain", snr_db=-5),
        row("d", None, 1.0, split="test_unseen", noise_type="rain", snr_db=0),
    ]


@pytest.fixture
def on_disk(rows, tmp_path):
    """The same rows with files of 0.5 s behind them."""
    shown = []
    for number, one in enumerate(rows):
        paths = {}
        for offset, role in enumerate(("reference", "estimate", "noisy")):
            paths[role] = tmp_path / f"{one.id}_{role}.wav"
            noise = np.random.default_rng(3 * number + offset).standard_normal(RATE // 2)
            write_audio(paths[role], 0.1 * noise, RATE)
        shown.append(FileScores(one.id, one.estimate, one.noisy, one.groups, paths))
    return shown


def test_sums_are_those_from_hand(rows):
    summary = summarise(rows, role="estimate", metric="si_sdr_db")
    assert (summary.mean, summary.std, summary.n, summary.n_failed) == (6.0, 2.0, 3, 1)
    assert summary.reasons == {"silent": 1}
    gain = summarise(rows, role="gain", metric="si_sdr_db")
    assert (gain.mean, gain.std, gain.n, gain.n_failed) == (1.0, 3.0, 3, 1)


def test_nothing_scored_has_no_mean_and_one_file_no_deviation():
    none = summarise([row("a", None)], role="estimate", metric="si_sdr_db")
    assert (none.mean, none.std, none.n, none.n_failed) == (None, None, 0, 1)
    assert summarise([row("a", 2.0)], role="estimate", metric="si_sdr_db").std is None
    assert summarise([row("a", 2.0)], role="gain", metric="si_sdr_db") is None


def test_groups_are_in_the_order_of_their_numbers(rows):
    assert [kind for (kind,) in group_by(rows, "snr_db")] == ["-5", "0", "10"]
    assert {kind: [one.id for one in some] for kind, some in group_by(rows, "split", "noise_type").items()} == {
        ("test_seen", "dog"): ["b"],
        ("test_seen", "rain"): ["a"],
        ("test_unseen", "rain"): ["c", "d"],
    }


def test_failures_of_one_reason_stand_once():
    scores = {"stoi": Score(None, "gone"), "si_sdr_db": Score(None, "gone")}
    assert FileScores("a", scores).failures == ["estimate: gone"]
    assert row("a", None).failures == ["estimate si_sdr_db: silent"]


def test_text_shows_mean_deviation_gain_and_failures(rows):
    lines = to_text(rows).splitlines()
    assert re.split(r"  +", lines[2]) == ["enhanced", "4 (1 failed)", "0.500 ± 0.000", "6.00 ± 2.00"]
    assert re.split(r"  +", lines[3])[-1] == "+1.00 ± 3.00"
    assert lines[4:] == ["failed: d: estimate si_sdr_db: silent"]


def test_text_names_ten_failures_and_counts_the_others():
    lines = to_text([row(f"f{number}", None) for number in range(13)]).splitlines()
    assert [line for line in lines if line.startswith("failed")][9:] == [
        "failed: f9: estimate si_sdr_db: silent",
        "failed: 3 more files; the CSV names all",
    ]


def test_markdown_breaks_down_by_every_group(rows):
    text = to_markdown(rows)
    assert "| rain | enhanced | 3 (1 failed) | 0.500 ± 0.000 | 6.00 ± 2.83 |" in text
    assert "| -5 | gain | 2 | +0.000 ± 0.000 | -0.50 ± 2.12 |" in text
    assert "| test_seen | dog | enhanced | 1 | 0.500 | 6.00 |" in text
    assert "## Failed: 1 files\n\n- d: estimate si_sdr_db: silent" in text


def test_json_has_null_and_the_reason_for_what_failed(rows):
    report = json.loads(to_json(rows))
    assert report["summary"]["estimate"]["si_sdr_db"] == {
        "mean": 6.0, "std": 2.0, "n": 3, "n_failed": 1, "reasons": {"silent": 1},
    }  # fmt: skip
    assert report["files"][3]["estimate"] == {"stoi": 0.5, "si_sdr_db": None}
    assert report["files"][3]["failed"] == ["estimate si_sdr_db: silent"]
    by_type = [group for group in report["groups"] if group.get("noise_type") == "dog" and "split" not in group]
    assert by_type[0]["gain"]["si_sdr_db"]["mean"] == 1.0


def test_csv_leaves_a_failed_score_empty(rows):
    table = list(csv.DictReader(io.StringIO(to_csv(rows))))
    assert [line["estimate_si_sdr_db"] for line in table] == ["4", "6", "8", ""]
    assert [line["gain_si_sdr_db"] for line in table] == ["4", "1", "-2", ""]
    assert table[3]["failed"] == "estimate si_sdr_db: silent"
    assert table[0]["noise_type"] == "rain"
    assert "noisy_stoi" not in to_csv([row("a", 1.0)])


def test_worst_are_those_that_gained_least_and_without_noisy_those_that_scored_least(rows):
    ranked_by, worst = worst_files(rows)
    assert (ranked_by, [one.id for one in worst]) == ("gain in SI-SDR, dB", ["c", "b", "a"])
    alone = [row(str(number), float(number)) for number in range(20, 0, -1)]
    ranked_by, worst = worst_files(alone)
    assert (ranked_by, [one.id for one in worst]) == ("SI-SDR, dB", [str(number) for number in range(1, 11)])


class Page(HTMLParser):
    """Addresses and text of a page, and whether its elements are closed in order."""

    def __init__(self, text):
        super().__init__()
        self.addresses, self.open, self.words = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.addresses += [value for name, value in attributes if name in ("src", "href", "srcset", "data", "action")]
        if tag not in ("meta", "img", "link", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data.strip())


def test_page_needs_nothing_from_outside(on_disk):
    text = to_html(on_disk)
    page = Page(text)
    assert page.open == []
    assert all(address.startswith(("data:image/png;base64,", "data:audio/wav;base64,")) for address in page.addresses)
    assert len(page.addresses) == 3 * 3 * 2  # three ranked files, three waveforms each, a image and a player
    assert not re.search(r"https?:|//\w|@import|url\(|<script|<link", re.sub(r'base64,[^"]*', "", text))


def test_page_holds_the_sums_and_names_the_failures(on_disk):
    words = Page(to_html(on_disk)).words
    assert "6.00 ± 2.00" in words
    assert "+1.00 ± 3.00" in words
    assert "d: estimate si_sdr_db: silent" in words
    assert [word for word in words if word in ("a", "b", "c")] == ["c", "b", "a"]


def test_page_plays_at_most_15_s_in_16_bits(tmp_path):
    path = tmp_path / "long.wav"
    write_audio(path, 0.5 * np.sin(np.arange(RATE * 17) / 20), RATE, subtype="FLOAT")
    one = FileScores("a", {"si_sdr_db": Score(1.0)}, paths={"reference": path, "estimate": path})
    address = next(a for a in Page(to_html([one])).addresses if a.startswith("data:audio"))
    with wave.open(io.BytesIO(base64.b64decode(address.partition(",")[2]))) as file:
        assert (file.getframerate(), file.getsampwidth(), file.getnframes()) == (RATE, 2, 15 * RATE)


def test_louder_file_is_brighter_on_the_shared_scale(tmp_path):
    """Each image scaled by itself would look the same at every level."""
    import matplotlib.image

    noise = np.random.default_rng(0).standard_normal(RATE // 2)
    paths = {}
    for role, level in (("reference", 0.2), ("estimate", 0.002)):
        paths[role] = tmp_path / f"{role}.wav"
        write_audio(paths[role], level * noise, RATE, subtype="FLOAT")
    page = Page(to_html([FileScores("a", {"si_sdr_db": Score(1.0)}, paths=paths)]))
    images = [
        matplotlib.image.imread(io.BytesIO(base64.b64decode(address.partition(",")[2])), format="png")
        for address in page.addresses
        if address.startswith("data:image")
    ]
    enhanced, clean = (image[40:-50, 60:-20, :3].mean() for image in images)
    assert clean > enhanced + 0.1


def test_names_are_text_and_not_markup(on_disk):
    first = on_disk[2]
    named = FileScores("<script>x</script>", first.estimate, first.noisy, {"noise_type": "a<b"}, first.paths)
    text = to_html([named])
    assert "<script>" not in text
    assert "&lt;script&gt;" in text


def test_page_shows_numbers_where_the_audio_is_gone(on_disk):
    for path in on_disk[0].paths.values():
        path.unlink()
    page = Page(to_html(on_disk))
    assert "a" in page.words
    assert len(page.addresses) == 2 * 3 * 2
