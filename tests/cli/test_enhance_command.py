"""`avse-enhance` as people use it: every flag changes the result, every bad input is reported in one line."""

import json
import subprocess
import sys

import numpy as np
import pytest
import soundfile
from audio_files import write_audio
from children import at_most
from enhance_call import (
    refused,
    run,  # noqa: F401
)

from avse.media.audio import read_audio
from avse.media.video import VideoReader
from avse.synthetic.talker import write_video

# What it does


def test_audio_and_video_give_clean_audio_of_equal_form(run, media, tmp_path):
    code, out, _ = run(media / "noisy.wav", "--video", media / "talk.mp4", "-o", tmp_path / "out.wav")
    assert code == 0
    assert "; video used for 100 % of frames (face 1 of 1" in out
    noisy, enhanced = soundfile.info(media / "noisy.wav"), soundfile.info(tmp_path / "out.wav")
    assert (noisy.samplerate, noisy.channels, noisy.frames, noisy.subtype) == (
        enhanced.samplerate, enhanced.channels, enhanced.frames, enhanced.subtype,
    )  # fmt: skip
    assert not np.array_equal(read_audio(media / "noisy.wav")[0], read_audio(tmp_path / "out.wav")[0])


@pytest.mark.parametrize(("name", "found"), [("clean", "no suffix"), ("clean.txt", ".txt")])
def test_an_output_that_no_container_has_the_name_of_is_refused_before_any_work(
    run, media, tmp_path, monkeypatch, name, found
):
    monkeypatch.setattr("avse.enhance.file.view_of", None)  # no face is looked for
    result = run(media / "talk.mp4", "-o", tmp_path / name)
    refused(result, f"must be named as a video file but ends in {found}; use .mp4 or .mkv", code=1)
    assert not list(tmp_path.iterdir())


def test_a_video_gives_a_video_with_its_video_stream_untouched(run, media, tmp_path):
    code, _, _ = run(media / "talk.mp4", "-o", tmp_path / "clean.mp4")
    assert code == 0
    with VideoReader(media / "talk.mp4") as before, VideoReader(tmp_path / "clean.mp4") as after:
        for one, other in zip(before.frames(), after.frames(), strict=True):
            assert one.time_s == pytest.approx(other.time_s, abs=1e-3)
            np.testing.assert_array_equal(one.image, other.image)
    assert read_audio(media / "talk.mp4")[0].shape == read_audio(tmp_path / "clean.mp4")[0].shape


@pytest.mark.parametrize("n_channels", [1, 2])
@pytest.mark.parametrize("rate", [8000, 16000, 22050, 44100, 48000])
def test_rate_channels_and_length_are_the_inputs(run, tmp_path, rate, n_channels):
    noise = 0.1 * np.random.default_rng(0).standard_normal((n_channels, rate + 13))
    write_audio(tmp_path / "in.wav", noise, rate, subtype="PCM_24")
    assert run(tmp_path / "in.wav", "--audio-only", "-o", tmp_path / "out.wav")[0] == 0
    info = soundfile.info(tmp_path / "out.wav")
    assert (info.samplerate, info.channels, info.frames, info.subtype) == (rate, n_channels, rate + 13, "PCM_24")


def test_default_output_lies_beside_the_input(run, media, tmp_path):
    (tmp_path / "noisy.wav").write_bytes((media / "noisy.wav").read_bytes())
    assert run(tmp_path / "noisy.wav", "--audio-only")[0] == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["noisy.wav", "noisy_enhanced.wav"]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_folder_is_done_file_by_file(run, media, tmp_path, workers):
    folder = tmp_path / "calls"
    folder.mkdir()
    for name in ("a.wav", "b.wav"):
        (folder / name).write_bytes((media / "noisy.wav").read_bytes())
    (folder / "broken.wav").write_text("no audio")
    (folder / "notes.txt").write_text("no media")
    code, out, err = run(folder, "-o", tmp_path / "out", "--workers", workers)
    assert code == 1
    *lines, summary = out.splitlines()
    assert len(lines) == 2
    assert summary.startswith("2 enhanced, 0 skipped, 1 failed: ")
    assert "error: input" in err or "error: audio" in err
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [".avse-enhance.jsonl", "a.wav", "b.wav"]


def test_videos_of_a_folder_are_found_by_name(run, media, tmp_path):
    code, out, _ = run(media / "noisy.wav", media / "clean.wav", "--video", media, "-o", tmp_path, "--json")
    assert code == 2
    videos = tmp_path / "videos"
    videos.mkdir()
    for name in ("noisy.mp4", "clean.mp4"):
        (videos / name).write_bytes((media / "talk.mp4").read_bytes())
    code, out, _ = run(media / "noisy.wav", media / "clean.wav", "--video", videos, "-o", tmp_path / "out", "--json")
    assert code == 0
    assert [row["video_fraction"] for row in json.loads(out)] == [1.0, 1.0]


def test_json_holds_what_happened(run, media, tmp_path):
    code, out, _ = run(media / "talk.mp4", tmp_path / "missing.wav", "-o", tmp_path / "out", "--json")
    assert code == 1
    done, failed = json.loads(out)
    assert done["n_samples"] == 41600
    assert done["faces"]["n_faces"] == 1
    assert done["error"] is None
    assert failed["output"] is None
    assert "must exist but does not" in failed["error"]


def test_mix_and_attenuation_limit_keep_the_input(run, media, tmp_path):
    noisy, _ = read_audio(media / "noisy.wav")
    outputs = {}
    for name, flags in {
        "all": [],
        "none": ["--mix", "0"],
        "limit": ["--atten-lim-db", "0"],
        "half": ["--mix", ".5"],
    }.items():
        assert run(media / "noisy.wav", "--audio-only", *flags, "-o", tmp_path / f"{name}.wav")[0] == 0
        outputs[name], _ = read_audio(tmp_path / f"{name}.wav")
    np.testing.assert_allclose(outputs["none"], noisy, atol=1e-4)
    np.testing.assert_allclose(outputs["limit"], noisy, atol=1e-4)
    np.testing.assert_allclose(outputs["half"], (noisy + outputs["all"]) / 2, atol=1e-4)
    assert np.abs(outputs["all"] - noisy).max() > 0.01


def test_saved_noise_and_output_are_the_input(run, media, tmp_path):
    assert (
        run(media / "noisy.wav", "--audio-only", "-o", tmp_path / "out.wav", "--save-noise", tmp_path / "noise.wav")[0]
        == 0
    )
    parts = [read_audio(tmp_path / name)[0] for name in ("out.wav", "noise.wav")]
    np.testing.assert_allclose(parts[0] + parts[1], read_audio(media / "noisy.wav")[0], atol=2e-4)


def test_saved_mouth_is_what_the_model_saw(run, media, tmp_path):
    assert run(media / "talk.mp4", "-o", tmp_path / "out.wav", "--save-mouth", tmp_path / "mouth.mp4")[0] == 0
    with VideoReader(tmp_path / "mouth.mp4") as reader:
        frames = list(reader.frames())
    assert len(frames) == 65
    assert frames[0].image.shape == (128, 192, 3)
    assert np.std(frames[0].image) > 10


def test_offset_speaker_and_audio_only_change_what_is_used(run, two_people, tmp_path):
    outputs = {}
    for name, flags in {
        "right": ["--speaker", "right"],
        "left": ["--speaker", "left"],
        "late": ["--speaker", "right", "--offset-ms", "200"],
        "blind": ["--audio-only"],
    }.items():
        code, _, _ = run(two_people, "-o", tmp_path / f"{name}.wav", *flags)
        assert code == 0
        outputs[name] = read_audio(tmp_path / f"{name}.wav")[0].tobytes()
    assert len(set(outputs.values())) == 4


def test_force_replaces_and_its_absence_keeps(run, media, tmp_path):
    (tmp_path / "out.wav").write_text("mine")
    arguments = (media / "noisy.wav", "--audio-only", "-o", tmp_path / "out.wav")
    refused(run(*arguments), "use --force", code=1)
    assert (tmp_path / "out.wav").read_text() == "mine"
    assert run(*arguments, "--force")[0] == 0
    assert soundfile.info(tmp_path / "out.wav").frames == 41600


def test_spaces_and_letters_of_all_alphabets(run, media, tmp_path):
    folder = tmp_path / "große Übung 音声"
    folder.mkdir()
    for name in ("noisy.wav", "talk.mp4"):
        (folder / f"é {name}").write_bytes((media / name).read_bytes())
    assert run(folder / "é noisy.wav", "--video", folder / "é talk.mp4", "-o", folder / "ø ut.wav")[0] == 0
    assert (folder / "ø ut.wav").is_file()


def test_longer_audio_is_enhanced_to_its_end_and_warned_of(run, media, talk, tmp_path):
    long = np.concatenate([talk.noisy, talk.noisy])
    write_audio(tmp_path / "long.wav", long, talk.rate)
    code, out, err = run(tmp_path / "long.wav", "--video", media / "talk.mp4", "-o", tmp_path / "out.wav", "--json")
    assert code == 0
    assert "the audio is 5.2 s long but the video 2.6 s" in err
    assert "audio-only for" in err
    assert json.loads(out)[0]["video_fraction"] == pytest.approx(0.5, abs=0.05)
    assert soundfile.info(tmp_path / "out.wav").frames == len(long)


def test_a_moment_without_video_is_no_warning(run, media, tmp_path):
    output = tmp_path / "out.wav"
    code, out, err = run(media / "talk.mp4", "-o", output, "--offset-ms", "-10", "--json", model=None)
    assert (code, err) == (0, "")
    assert 0.98 < json.loads(out)[0]["video_fraction"] < 1


def test_a_video_without_a_face_is_enhanced_audio_only(run, talk, tmp_path):
    empty = [np.full((120, 160, 3), 128, np.uint8)] * 30
    write_video(tmp_path / "empty.mp4", empty, timestamps_s=np.arange(30) / 25, waveform=talk.noisy[: 30 * 640])
    code, out, err = run(tmp_path / "empty.mp4", "-o", tmp_path / "out.wav")
    assert code == 0
    assert "audio-only" in out
    assert "no face was seen" in err


def test_a_video_of_one_frame_helps_for_a_moment_and_it_says_so(run, talk, tmp_path):
    write_video(
        tmp_path / "one.mp4", talk.images[:1], timestamps_s=np.zeros(1), waveform=talk.noisy[: 2 * talk.rate],
        sample_rate=talk.rate,
    )  # fmt: skip
    code, out, err = run(tmp_path / "one.mp4", "-o", tmp_path / "out.wav", "--json")
    assert code == 0
    (row,) = json.loads(out)
    assert (row["faces"]["n_faces"], row["faces"]["face_fraction"]) == (1, 1)
    assert 0 < row["video_fraction"] < 0.2
    assert "s: there is no steady video of the mouth there" in err
    assert "no face was chosen" not in err


def test_silence_gives_silence(run, tmp_path):
    write_audio(tmp_path / "still.wav", np.zeros(16000), 16000)
    assert run(tmp_path / "still.wav", "--audio-only", "-o", tmp_path / "out.wav")[0] == 0
    assert not read_audio(tmp_path / "out.wav")[0].any()


def test_a_tenth_of_a_second_is_enough(run, tmp_path):
    write_audio(tmp_path / "short.wav", 0.1 * np.random.default_rng(0).standard_normal(1600), 16000)
    assert run(tmp_path / "short.wav", "--audio-only", "-o", tmp_path / "out.wav")[0] == 0
    assert soundfile.info(tmp_path / "out.wav").frames == 1600


# What it refuses


def test_help_is_instant_and_loads_nothing_heavy():
    code = "import sys; from avse.cli.enhance import main\ntry: main(['--help'])\nexcept SystemExit: pass\n"
    code += "assert not {'torch', 'numpy', 'cv2', 'av'} & set(sys.modules), 'heavy'"
    with at_most(cpu_s=2):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "usage: avse-enhance" in done.stdout
