"""The default model on long videos: with the video it must not fade the speaker out, as one trained on 3 s did."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from avse.data.crops import save_mouth
from avse.data.manifest import Item, write_manifest
from avse.enhance.enhancer import Enhancer
from avse.faces.mouth import MouthTrack, track_mouth
from avse.faces.speaker import FaceReport
from avse.media.video import VideoReader
from avse.synthetic.head import PEOPLE
from avse.synthetic.talker import in_noise, render_video
from avse.synthetic.voice import speak
from recipes.speech_benchmark import short
from recipes.speech_benchmark.compare import is_lowered, lowered
from recipes.speech_benchmark.long_list import list_videos
from recipes.speech_benchmark.mouths import CONDITIONS
from recipes.speech_benchmark.reader import RATE, LongMixture, LongReader, Segment
from recipes.speech_benchmark.score_segments import score_video

SEED, DURATION_S = 1, 8
"""The generated talker that showed the fade first: SI-SDR 10.8 dB audio-only, 2.1 dB with video."""


class Frame:
    def __init__(self, time_s, image):
        self.time_s, self.image = time_s, image


@pytest.fixture(scope="module")
def talker():
    """A generated talker in the noise of a room."""
    rng = np.random.default_rng(SEED)
    voice = speak(rng, duration_s=DURATION_S)
    noisy = in_noise(voice, rng)
    times_s = np.arange(DURATION_S * 25) / 25
    images = render_video(PEOPLE[SEED], voice.opening_at(times_s), rng)
    mouth = track_mouth([Frame(*pair) for pair in zip(times_s, images, strict=True)], speaker="largest")
    segments = [Segment(slice(start, start + 3 * RATE), False) for start in range(0, len(noisy), 3 * RATE)]
    return LongMixture(noisy, voice.waveform, mouth, mouth, segments)


def lowered_segments(mixture, enhancer):
    """Segments in which the speech is more than 6 dB lower with video than audio-only."""
    rows = [
        score_video(mixture, enhancer.enhance(mixture.noisy, sample_rate=RATE, mouth=mouth))
        for mouth in (None, CONDITIONS["own"](mixture.own, mixture.stranger))
    ]
    return [number for number, difference in enumerate(lowered(rows[1], rows[0])) if is_lowered(difference)]


def test_the_default_model_does_not_fade_a_generated_talker(talker):
    assert lowered_segments(talker, Enhancer.load()) == []


@pytest.fixture(scope="module")
def real_people(tmp_path_factory):
    """The short form's 20-s videos, in noise and among talkers, of a validation person with a single clip."""
    if "AVSE_DATA" not in os.environ:
        pytest.skip("needs the data pack: set AVSE_DATA")
    root, crops = Path(os.environ["AVSE_DATA"]), tmp_path_factory.mktemp("crops")
    parts = ("av/grid", "av/more", "speech", "noise")
    rows = [json.loads(line) for part in parts for line in (root / part / "manifest.jsonl").read_text().splitlines()]
    items = [
        Item(id=row.get("id") or row["path"], split=row["split"], audio=row.get("audio") or row["path"], licence="",
             video=row.get("video"), speaker=row.get("speaker"), noise_type=row.get("type"),
             duration_s=row.get("duration_s"))
        for row in rows
    ]  # fmt: skip
    videos = [video for video in short.short_videos(list_videos(items)) if video.speaker == "s27"]
    for item in items:
        if item.video and item.id in {clip for v in videos for clip in (*v.clips, *v.stranger_clips)}:
            with VideoReader(root / item.video) as reader:
                save_mouth(crops / f"{item.id}.npz", track_mouth(reader.frames(), speaker="largest"))
    reader = LongReader(items, root=root, crops=crops)
    return [reader.read(video) for video in videos]


def test_the_default_model_does_not_fade_real_people(real_people):
    assert len(real_people) == 2
    enhancer = Enhancer.load()
    assert [lowered_segments(mixture, enhancer) for mixture in real_people] == [[]] * 2


def test_the_short_form_is_a_dictionary_of_numbers_and_leaves_the_model_as_it_was(tmp_path, monkeypatch, capsys):
    import torch
    from audio_files import write_audio

    from avse.models import zoo
    from avse.models.live import Live, LiveConfig

    monkeypatch.setenv("AVSE_DATA", str(tmp_path))
    monkeypatch.setattr(short, "N_PEOPLE", 1)
    rng = np.random.default_rng(0)
    items = []
    for name, split in (("a", "valid"), ("b", "valid"), ("c", "test_seen")):
        write_audio(tmp_path / f"{name}.wav", 0.1 * rng.standard_normal(47648), RATE)
        crops = rng.integers(0, 256, (75, 32, 48, 3), dtype=np.uint8)
        mouth = MouthTrack(np.arange(75) / 25, crops, np.ones(75, dtype=bool), FaceReport(1, 1.0, "test"))
        save_mouth(tmp_path / f"crops/{name}.npz", mouth)
        items.append(Item(id=name, split=split, audio=f"{name}.wav", video=f"{name}.mp4", licence="", speaker=name))
    write_audio(tmp_path / "voice.wav", 0.1 * rng.standard_normal(30000), RATE)
    items.append(Item(id="v", split="valid", audio="voice.wav", licence="", speaker="v"))
    write_manifest(tmp_path / "manifest.jsonl", items)
    # Nothing of the test is read: its files are not even there.
    (tmp_path / "c.wav").unlink()
    (tmp_path / "crops/c.npz").unlink()
    torch.manual_seed(0)
    config = LiveConfig(channels=8, band_state_dim=8, state_dim=16, video_dim=16, gate_dim=8)
    model = Live.build(config).train()
    given = {"manifest": tmp_path / "manifest.jsonl", "crops": tmp_path / "crops"}
    found = short.short_benchmark(model, **given)
    assert model.training
    for scenario in ("noise", "talkers"):
        assert {f"{scenario}_si_sdr_db", f"{scenario}_pesq_wb_audio_only", f"{scenario}_estoi"} <= set(found)
    assert {"silence_suppression_db", "below_share"} <= set(found)
    assert all(isinstance(value, float) and np.isfinite(value) for value in found.values())
    assert found["noise_si_sdr_db"] != found["noise_si_sdr_db_audio_only"]
    zoo.save(tmp_path / "m.safetensors", model)
    asked = []
    monkeypatch.setattr(short, "score_short", lambda enhancer, **options: asked.append(options) or found)
    assert short.main([str(tmp_path / "m.safetensors"), *(str(v) for k in given for v in (f"--{k}", given[k]))]) == 0
    assert json.loads(capsys.readouterr().out) == {name: round(value, 4) for name, value in found.items()}
    assert asked == [given]
