"""The list of long videos, and the videos built from it: what each scenario promises is there, at its time."""

import numpy as np
import pytest
from audio_files import write_audio

from avse.data.crops import save_mouth
from avse.data.manifest import Item, write_manifest
from avse.errors import ConfigError
from avse.faces.mouth import MouthTrack
from avse.faces.report import FaceReport
from recipes.speech_benchmark.long_list import list_videos, main
from recipes.speech_benchmark.reader import RATE, LongReader
from recipes.speech_benchmark.videos import SEGMENT_S, read_videos

N_SAMPLES = 47648
SEGMENT = round(SEGMENT_S * RATE)
SPEAKERS = {"test_seen": ("s1", "s4"), "test_unseen": ("s26", "s31"), "valid": ("s25", "s27")}
LOOKS = {speaker: 20 * (1 + i) for i, speaker in enumerate(s for pair in SPEAKERS.values() for s in pair)}
"""Grey value of each person's mouth at rest; it is 100 brighter while a person speaks."""


def items_of_corpus():
    items = []
    for split, speakers in SPEAKERS.items():
        for speaker in speakers:
            names = [f"{speaker}_{n}" for n in range(1 if speaker == "s27" else 3)]
            items += [
                Item(id=name, split=split, audio=f"{name}.wav", video=f"{name}.mp4", licence="none", speaker=speaker,
                     duration_s=3.0)
                for name in names
            ]  # fmt: skip
    for split in ("test", "valid"):
        for kind in ("pink_noise", "rain", "saw"):
            items.append(Item(id=f"{split}_{kind}", split=split, audio=f"{split}_{kind}.wav", licence="none",
                              noise_type=kind, duration_s=2.5))  # fmt: skip
        for voice in ("v1", "v2", "v3"):
            items.append(Item(id=f"{split}_{voice}", split=split, audio=f"{split}_{voice}.wav", licence="none",
                              speaker=f"{split}_{voice}"))  # fmt: skip
    return items


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """A corpus of people whose mouths are bright from 1 s on, when they begin to speak."""
    root = tmp_path_factory.mktemp("corpus")
    rng = np.random.default_rng(0)
    for item in items_of_corpus():
        if item.video:
            waveform = 0.1 * rng.standard_normal(N_SAMPLES)
            waveform[:RATE] *= 1e-4
            crops = np.full((75, 8, 12, 3), LOOKS[item.speaker], dtype=np.uint8)
            crops[25:] += 100
            mouth = MouthTrack(np.arange(75) / 25, crops, np.ones(75, dtype=bool), FaceReport(1, 1.0, "test"))
            save_mouth(root / f"crops/{item.id}.npz", mouth)
        else:
            waveform = 0.1 * rng.standard_normal(round(2.5 * RATE))
        write_audio(root / item.audio, waveform, RATE, subtype="FLOAT")
    return root


@pytest.fixture(scope="module")
def videos():
    return list_videos(items_of_corpus())


def one(videos, **wanted):
    return next(v for v in videos if all(getattr(v, name) == value for name, value in wanted.items()))


def brightness(mixture):
    """Mean grey value of each frame."""
    return mixture.own.crops[:].mean(axis=(1, 2, 3))


def test_every_person_has_every_scenario_and_both_lengths(videos):
    for split, speakers in SPEAKERS.items():
        for speaker in speakers:
            own = [v for v in videos if (v.split, v.speaker) == (split, speaker)]
            assert {v.scenario for v in own} == {"noise", "talkers", "silence", "leaving", "cut"}
            assert {v.length_s for v in own} == {20.0, 60.0}
            assert {"white", "pink_noise", "talker_1", "talker_3"} <= {v.noise_type for v in own}


def test_clips_noises_and_voices_are_of_the_video_s_own_side(videos):
    by_id = {item.id: item for item in items_of_corpus()}
    for video in videos:
        side = "valid" if video.split == "valid" else "test"
        assert {by_id[clip].speaker for clip in video.clips} == {video.speaker}
        assert {by_id[clip].split for clip in (*video.clips, *video.stranger_clips)} == {video.split}
        assert video.speaker not in {by_id[clip].speaker for clip in video.stranger_clips}
        assert all(path.startswith(side) for source in video.sources for path in source.paths)
        assert 3 * len(video.clips) >= video.length_s
        assert len(video.sources) == (3 if video.noise_type == "talker_3" else 1)


def test_clips_come_again_only_when_all_have_come(videos):
    for video in videos:
        n_own = len({item.id for item in items_of_corpus() if item.speaker == video.speaker})
        assert len(set(video.clips[:n_own])) == n_own


def test_the_list_is_the_same_each_time_and_survives_the_file(tmp_path, videos):
    write_manifest(tmp_path / "manifest.jsonl", items_of_corpus())
    assert main([str(tmp_path / "manifest.jsonl"), str(tmp_path / "long.jsonl")]) == 0
    assert read_videos(tmp_path / "long.jsonl") == videos
    assert len({video.id for video in videos}) == len(videos)


def test_scenarios_can_be_chosen(tmp_path, videos):
    write_manifest(tmp_path / "manifest.jsonl", items_of_corpus())
    given = [str(tmp_path / "manifest.jsonl"), str(tmp_path / "long.jsonl"), "--scenarios"]
    assert main([*given, "cut,leaving"]) == 0
    assert read_videos(tmp_path / "long.jsonl") == [v for v in videos if v.scenario in ("cut", "leaving")]
    with pytest.raises(SystemExit, match="2"):
        main([*given, "cut,cute"])


def test_snr_is_as_listed_and_lengths_agree(corpus, videos):
    reader = LongReader(items_of_corpus(), root=corpus, crops=corpus / "crops")
    for wanted in ({"noise_type": "white"}, {"noise_type": "rain"}, {"noise_type": "talker_3"}):
        video = one(videos, speaker="s26", length_s=20.0, **wanted)
        mixture = reader.read(video)
        noise = mixture.noisy - mixture.clean
        assert 10 * np.log10(np.mean(mixture.clean**2) / np.mean(noise**2)) == pytest.approx(video.snr_db, abs=0.01)
        assert len(mixture.clean) == 7 * SEGMENT
        assert [segment.samples.start for segment in mixture.segments] == [n * SEGMENT for n in range(7)]
        assert not any(segment.is_silent for segment in mixture.segments)


def test_a_silent_target_is_muted_with_its_mouth_at_rest_while_others_talk(corpus, videos):
    reader = LongReader(items_of_corpus(), root=corpus, crops=corpus / "crops")
    mixture = reader.read(one(videos, speaker="s26", scenario="silence", length_s=20.0, hidden=()))
    silent = [n for n, segment in enumerate(mixture.segments) if segment.is_silent]
    assert silent == [2, 3]
    assert (mixture.clean[2 * SEGMENT : 4 * SEGMENT] == 0).all()
    assert np.std(mixture.noisy[2 * SEGMENT : 4 * SEGMENT]) > 0.05
    assert np.std(mixture.clean[2 * SEGMENT - N_SAMPLES // 2 : 2 * SEGMENT - 400]) > 0.05
    grey = brightness(mixture)
    assert (grey[150:300] == LOOKS["s26"]).all()
    assert grey[100:150].max() == grey[300:375].max() == LOOKS["s26"] + 100
    assert mixture.own.present.all()


def test_muting_leaves_the_others_as_loud_as_they_are(corpus, videos):
    reader = LongReader(items_of_corpus(), root=corpus, crops=corpus / "crops")
    mixture = reader.read(one(videos, speaker="s26", scenario="silence", length_s=20.0, hidden=()))
    noise = mixture.noisy - mixture.clean
    speaking = np.concatenate([mixture.clean[: 2 * SEGMENT - 200], mixture.clean[4 * SEGMENT + 200 :]])
    assert 10 * np.log10(np.mean(speaking**2) / np.mean(noise**2)) == pytest.approx(0, abs=0.2)


@pytest.mark.parametrize("scenario", ["leaving", "silence"])
def test_a_hidden_face_is_gone_in_its_segments_and_returns(corpus, videos, scenario):
    reader = LongReader(items_of_corpus(), root=corpus, crops=corpus / "crops")
    mixture = reader.read(one(videos, speaker="s31", scenario=scenario, length_s=20.0, hidden=(2, 3)))
    assert np.flatnonzero(~mixture.own.present).tolist() == list(range(150, 300))
    assert mixture.own.crops[150:300].max() == 0


def test_a_cut_shows_the_stranger_in_its_segments(corpus, videos):
    reader = LongReader(items_of_corpus(), root=corpus, crops=corpus / "crops")
    mixture = reader.read(one(videos, speaker="s1", scenario="cut", length_s=20.0))
    grey = brightness(mixture)
    assert set(grey[150:300]) == {LOOKS["s4"], LOOKS["s4"] + 100}
    assert set(np.concatenate([grey[:150], grey[300:]])) == {LOOKS["s1"], LOOKS["s1"] + 100}
    assert np.allclose(np.diff(mixture.own.timestamps_s), 0.04)
    assert set(mixture.stranger.crops[:].mean(axis=(1, 2, 3))) == {LOOKS["s4"], LOOKS["s4"] + 100}


def test_a_clip_that_the_manifest_lacks_is_named(corpus, videos):
    reader = LongReader([], root=corpus, crops=corpus / "crops")
    with pytest.raises(ConfigError, match=r"clip .* must be in the manifest"):
        reader.read(videos[0])


def test_a_list_that_is_none_is_named_with_its_line(tmp_path):
    (tmp_path / "long.jsonl").write_text('{"id": 3}\n')
    with pytest.raises(ConfigError, match=r"long.jsonl:1 must describe a long video"):
        read_videos(tmp_path / "long.jsonl")
    with pytest.raises(ConfigError, match="run the prepare stage first"):
        read_videos(tmp_path / "none.jsonl")


def test_without_faces_of_the_test_there_is_no_list(tmp_path, capsys):
    write_manifest(tmp_path / "manifest.jsonl", [item for item in items_of_corpus() if not item.video])
    assert main([str(tmp_path / "manifest.jsonl"), str(tmp_path / "long.jsonl")]) == 1
    assert "must hold talking faces" in capsys.readouterr().err
    assert not (tmp_path / "long.jsonl").exists()
