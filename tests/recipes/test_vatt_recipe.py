"""VATT from videos to encoders: shards, training that beats chance, videos of every wrong kind reported and skipped."""

import json
import shutil

import numpy as np
import pytest
import soundfile
import torch

from avse.data.shards import ShardReader
from avse.errors import ConfigError
from avse.media.tensors import read_tensors
from recipes.vatt import evaluate, shards, train
from recipes.vatt.clip_sources import videos_in
from recipes.vatt.config import AugmentConfig
from recipes.vatt.data import ClipDataset, collate

FPS = 12.5


def test_it_beats_chance_and_itself_untrained(vatt_run, vatt_shards, tmp_path, capsys):
    log = [json.loads(line) for line in (vatt_run / "log.jsonl").read_text().splitlines()]
    # Two windows of 30 tokens are an example.
    assert log[-2]["tokens_per_s"] == pytest.approx(60 * log[-2]["examples_per_s"], rel=1e-3)
    model = str(vatt_run / "model.safetensors")
    assert evaluate.main([model, str(vatt_shards), str(tmp_path / "s.json")]) == 0
    scores = json.loads((tmp_path / "s.json").read_text())
    found, untrained = (scores[name]["retrieval"]["audio to video"] for name in ("trained", "untrained"))
    assert found["n"] == untrained["n"] >= 20, "two windows of each clip"
    chance = found["chance_at_10"]
    assert chance == pytest.approx(10 / found["n"])
    # Chance comes so far once in a hundred times; the windows' people do not differ, so it hears the mouths.
    assert found["recall_at_10"] > chance + 2.33 * (chance * (1 - chance) / found["n"]) ** 0.5
    assert found["median_rank"] < untrained["median_rank"]
    assert log[-2]["audio_to_video_chance"] == pytest.approx(1 / found["n"])
    # Every sentence has one of two colours.
    assert 0.3 < scores["trained"]["probe"]["colour"] <= 1
    assert evaluate.main([str(vatt_shards), str(vatt_shards), str(tmp_path / "s.json")]) == 2
    assert "evaluate: error: weights" in capsys.readouterr().err


def test_a_killed_run_resumes_to_the_same_weights(vatt_shards, tmp_path, vatt_config):
    short = ["--loop.n_epochs", "2", "--loop.checkpoint_every_steps", "2"]
    for name, limits in (("whole", [[]]), ("parts", [["--loop.max_minutes", "0"]] * 2 + [[]])):
        for limit in limits:
            train.main(vatt_config(vatt_shards, tmp_path / name, *short, *limit))
    whole, parts = (read_tensors(tmp_path / name / "model.safetensors")[0] for name in ("whole", "parts"))
    for name, tensor in whole.items():
        assert torch.equal(tensor, parts[name]), name


def test_batches_must_fit_the_shards(vatt_shards, tmp_path, capsys, vatt_config):
    config = vatt_config(vatt_shards, tmp_path / "r", "--loop.batch_size", "400")
    with pytest.raises(ConfigError, match="must hold two batches of 400 clips or more"):
        train.main(config)
    # More processes than batches: one of them would wait for the others for ever.
    config = vatt_config(vatt_shards, tmp_path / "r", "--loop.batch_size", "8")
    train.check_batches(config, n_clips=40, n_processes=5)
    with pytest.raises(ConfigError, match="must hold 6 batches of 8 clips or more but hold 40"):
        train.check_batches(config, n_clips=40, n_processes=6)
    config = vatt_config(vatt_shards, tmp_path / "r", "--loop.batch_size", "1", "--n_windows", "1")
    with pytest.raises(ConfigError, match="a batch must hold two windows or more"):
        train.main(config)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--loop.batch_size", "0"], "loop.batch_size must be 1 or more but is 0"),
        (["--loop.precision", "bf17"], "precision"),
        (["--loop.ema_decay", "1.0"], "loop.ema_decay must be above 0 and below 1 but is 1"),
        (["--loop.n_workers", "-1"], "must be 0 or more"),
        (["--n_windows", "0"], "n_windows must be 1 or more but is 0"),
        (["--n_texts", "0"], "n_texts must be 1 or more but is 0"),
    ],
)
def test_settings_without_sense_are_refused(tmp_path, vatt_config, options, words):
    with pytest.raises(ConfigError, match=words):
        vatt_config(tmp_path, tmp_path, *options)


def test_a_shard_cut_short_and_a_file_for_a_folder(vatt_shards, tmp_path, capsys, vatt_config):
    shutil.copytree(vatt_shards, tmp_path / "s")
    shard = max((tmp_path / "s" / "train").glob("*.tar"), key=lambda path: path.stat().st_size)
    shard.write_bytes(shard.read_bytes()[: shard.stat().st_size // 2])
    options = ("--loop.n_epochs", "1", "--loop.max_minutes", "0", "--loop.batch_size", "2")
    train.main(vatt_config(tmp_path / "s", tmp_path / "r", *options))
    assert f"train: shard {shard} is cut short; what is left of it is used" in capsys.readouterr().err
    with pytest.raises(ConfigError, match="must be one to write to but is not"):
        train.main(vatt_config(vatt_shards, shard, *options))


def test_a_batch_in_bfloat16_learns(vatt_shards, tmp_path, vatt_config):
    options = ("--loop.n_epochs", "1", "--loop.batch_size", "16", "--loop.precision", "bf16-mixed")
    train.main(vatt_config(vatt_shards, tmp_path / "r", *options))
    log = [json.loads(line) for line in (tmp_path / "r" / "log.jsonl").read_text().splitlines()]
    assert 0 < log[0]["loss"] < 20
    assert log[0]["text_to_video_chance"] == pytest.approx(10 * log[0]["audio_to_video_chance"])


def test_a_damaged_clip_is_reported_and_takes_part_in_nothing(vatt_shards, tmp_path, capsys, vatt_config):
    dataset = ClipDataset(
        vatt_shards / "train", model=vatt_config(vatt_shards, tmp_path).model, augment=AugmentConfig(), n_texts=2
    )
    dataset.shards = ShardReader(vatt_shards / "train")
    sample = dataset.shards.samples[3]
    offset, _ = sample.files["mp4"]
    dataset.shards.samples[3] = sample._replace(files={**sample.files, "mp4": (offset, 50)})
    clips = collate([dataset[0, index] for index in (2, 3)])
    assert (clips.has_audio.tolist(), clips.has_text.tolist()) == ([True, False], [True, False])
    assert "must hold video and JSON but is damaged" in capsys.readouterr().err


def test_clips_of_other_rates_are_refused(vatt_shards, tmp_path, vatt_config):
    config = vatt_config(vatt_shards, tmp_path, "--model.sample_rate", "16000")
    with pytest.raises(
        ConfigError, match=r"must be of 12.5 video frames and 16000 samples .* but are of 12.5 and 8000"
    ):
        ClipDataset(vatt_shards / "train", model=config.model)


def test_an_unknown_schedule_is_refused(vatt_shards, tmp_path, vatt_config):
    with pytest.raises(ConfigError, match="schedule"):
        vatt_config(vatt_shards, tmp_path, "--loop.schedule", "cosine")


def test_cutting_again_cuts_nothing(vatt_videos, vatt_shards, capsys, vatt_cut):
    before = {path: path.stat().st_mtime for path in vatt_shards.rglob("*.tar")}
    assert shards.main([str(vatt_videos), str(vatt_shards), *vatt_cut, "--valid-share", "0.3"]) == 0
    assert "0 clips cut, 60 were there" in capsys.readouterr().err
    assert {path: path.stat().st_mtime for path in vatt_shards.rglob("*.tar")} == before


def test_videos_of_every_wrong_kind_are_reported_and_stop_nothing(tmp_path, capsys, vatt_config, write_mouth, vatt_cut):
    folder = tmp_path / "videos ü"
    (folder / "deep").mkdir(parents=True)
    write_mouth(folder / "deep" / "good.mp4", 1, duration_s=3.4)
    (folder / "deep" / "good.srt").write_text(
        "1\n00:00:01,000 --> 00:00:01,500\nhi\n\n2\n00:09:00,000 --> 00:09:01,000\nbye\n"
    )
    write_mouth(folder / "silent.mp4", 2, silent=True)
    (folder / "silent.txt").write_bytes("Grüße".encode("latin-1"))
    write_mouth(folder / "three.mp4", 3, duration_s=0.25)
    (folder / "cut.mp4").write_bytes((folder / "silent.mp4").read_bytes()[:700])
    (folder / "empty.mp4").write_bytes(b"")
    soundfile.write(tmp_path / "audio.wav", np.zeros(16000, np.float32), 8000)
    (folder / "audio.mp4").write_bytes((tmp_path / "audio.wav").read_bytes())
    assert shards.main([str(folder), str(tmp_path / "s"), *vatt_cut, "--valid-share", "0"]) == 0
    problems = [json.loads(line) for line in (tmp_path / "s" / "problems.jsonl").read_text().splitlines()]
    printed = {
        video: " ".join(p["problem"] for p in problems if p["video"] == video)
        for video in {p["video"] for p in problems}
    }
    assert printed.keys() == {"deep__good_mp4", "silent_mp4", "three_mp4", "cut_mp4", "empty_mp4", "audio_mp4"}
    assert "1 captions lie past its end" in printed["deep__good_mp4"]
    assert "has no audio" in printed["silent_mp4"]
    assert "must have a video track" in printed["audio_mp4"]
    assert "must be UTF-8" in printed["silent_mp4"]
    assert "shorter than half a clip" in printed["three_mp4"]
    reader = ShardReader(tmp_path / "s" / "train")
    assert [sample.key for sample in reader.samples] == [
        "deep__good_mp4__00000",
        "deep__good_mp4__00001",
        "silent_mp4__00000",
    ]
    config = vatt_config(tmp_path / "s", tmp_path / "r")
    dataset = ClipDataset(tmp_path / "s" / "train", model=config.model)
    clips = collate([dataset[0, i] for i in range(3)])
    assert clips.has_audio.tolist() == [True, True, True, True, False, False], "two windows of each"
    assert clips.has_text.tolist() == [False, True, False, False, True, True], "each with its own words"
    assert "Traceback" not in capsys.readouterr().err


def test_a_killed_run_cuts_what_is_missing_and_no_more(vatt_videos, tmp_path, capsys, vatt_cut):
    few = tmp_path / "videos"
    few.mkdir()
    for number in range(3):
        (few / f"{number}.mp4").write_bytes((vatt_videos / f"talk {number:02d}.mp4").read_bytes())
    command = [str(few), str(tmp_path / "s"), *vatt_cut, "--valid-share", "0", "--shard-mb", "0.001"]
    assert shards.main(command) == 0
    keys = sorted(sample.key for sample in ShardReader(tmp_path / "s" / "train").samples)
    # As after a kill: a shard is gone, one that was being written stands half, what was noted is cut off.
    gone = sorted((tmp_path / "s" / "train").glob("*.tar"))[1]
    gone.rename(gone.with_suffix(".part"))
    for path in (tmp_path / "s").glob("done-*"):
        path.write_text(path.read_text()[:20])
    capsys.readouterr()
    assert shards.main(command) == 0
    assert "1 clips cut, 2 were there" in capsys.readouterr().err
    assert sorted(sample.key for sample in ShardReader(tmp_path / "s" / "train").samples) == keys


def test_one_giant_video_is_cut_and_some_of_it_held_out(tmp_path, capsys, write_mouth, vatt_cut):
    (tmp_path / "videos").mkdir()
    write_mouth(tmp_path / "videos" / "all.mp4", 1, duration_s=16.2)
    assert shards.main([str(tmp_path / "videos"), str(tmp_path / "s"), *vatt_cut, "--valid-share", "0.2"]) == 0
    assert "all.mp4 is the only video; one in 5 of its clips is held out" in capsys.readouterr().err
    keys = {split: [s.key[-1] for s in ShardReader(tmp_path / "s" / split).samples] for split in ("train", "valid")}
    assert keys == {"train": list("01235678"), "valid": list("49")}


def test_clips_of_one_folder_are_all_cut_alike(tmp_path, capsys, write_mouth, vatt_cut):
    (tmp_path / "videos").mkdir()
    write_mouth(tmp_path / "videos" / "a.mp4", 1)
    write_mouth(tmp_path / "videos" / "b.mp4", 2)
    command = [str(tmp_path / "videos"), str(tmp_path / "s"), *vatt_cut]
    assert shards.main(command) == 0
    assert shards.main([*command, "--fps", "10"]) == 2
    assert "must all be cut alike but those that are there have {'fps': 12.5}" in capsys.readouterr().err
    (tmp_path / "file").write_text("")
    assert shards.main([str(tmp_path / "videos"), str(tmp_path / "file"), *vatt_cut]) == 2
    assert "must be one to write to" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--fps", "-1"], "must be above 0 but is -1"),
        (["--duration-s", "nan"], "must be above 0 but is nan"),
        (["--workers", "0"], "must be above 0 but is 0"),
        (["--shard-mb", "big"], "invalid float value: 'big'"),
        (["--mouth", "32", "1"], "must be above 7 but is 1"),
        (["--valid-share", "1"], "must be 0 to below 1 but is 1"),
        (["--fps", "0.1"], "a clip must hold a video frame or more"),
    ],
)
def test_wrong_usage_of_the_cutter_gets_one_line(tmp_path, capsys, options, words):
    with pytest.raises(SystemExit, match="2"):
        shards.main([str(tmp_path), str(tmp_path / "s"), *options])
    assert words in capsys.readouterr().err


def test_an_empty_folder_is_refused(tmp_path, capsys):
    assert shards.main([str(tmp_path), str(tmp_path / "s")]) == 2
    assert "must hold videos" in capsys.readouterr().err
    assert not (tmp_path / "s").exists()


def test_held_out_videos_stay_held_out_when_more_come(vatt_videos):
    few = {source.id: source.split for source in videos_in(vatt_videos, valid_share=0.3)}
    assert 5 < sum(split == "valid" for split in few.values()) < 30
    more = {source.id: source.split for source in videos_in(vatt_videos, valid_share=0.5)}
    assert all(more[video] == "valid" for video, split in few.items() if split == "valid")
    least = [source.split for source in videos_in(vatt_videos, valid_share=1e-9)]
    assert sorted(set(least)) == ["train", "valid"], "one at least"
    assert least.count("valid") == 1


def test_videos_of_like_names_stay_apart(tmp_path):
    for name in ("a.b.mp4", "a_b.mp4", "a__c.mp4", "a/c.mp4"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    sources = videos_in(tmp_path, valid_share=0)
    assert len({source.id for source in sources}) == 4
    assert {source.path.name: source.about["folder"] for source in sources}["c.mp4"] == "a"


def test_training_clips_depend_on_seed_epoch_and_number_alone(vatt_shards, tmp_path, vatt_config):
    config = vatt_config(vatt_shards, tmp_path)
    dataset = ClipDataset(
        vatt_shards / "train", model=config.model, augment=AugmentConfig(), n_windows=2, n_texts=3, seed=1
    )
    (first, second), (again, _), (later, _) = dataset[1, 4], dataset[1, 4], dataset[2, 4]
    assert not torch.equal(first.frames, second.frames)
    assert torch.equal(first.frames, again.frames)
    assert torch.equal(first.waveform, again.waveform)
    assert not torch.equal(first.frames, later.frames)
    assert first.frames.shape == (10, 3, 32, 48)
    assert first.frames.min() >= 0
    assert first.frames.max() <= 1
    assert first.words.shape == (3, 16)
