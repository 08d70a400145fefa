"""What `avse-enhance` refuses, with one line and an exit code."""

import numpy as np
import pytest
import soundfile
from enhance_call import (
    refused,
    run,  # noqa: F401
)

from avse.models.registry import MODELS
from avse.synthetic.talker import write_video


def test_files_that_are_none(run, media, tmp_path):
    (tmp_path / "letter.wav").write_text("I am a letter.")
    (tmp_path / "empty.mp4").touch()
    whole = (media / "talk.mp4").read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[: len(whole) // 2])
    out = ("-o", tmp_path / "out.wav")
    refused(run(tmp_path / "missing.wav", *out), "missing.wav must exist but does not", code=1)
    refused(run(tmp_path / "letter.wav", *out), "letter.wav must be media that FFmpeg reads", code=1)
    refused(run(tmp_path / "empty.mp4", *out), "empty.mp4 must hold data but has no bytes", code=1)
    refused(run(tmp_path / "cut.mp4", *out), "it may be cut off", code=1)
    refused(run(media / "noisy.wav", "--video", media, *out), "must hold a video of noisy", code=2)
    refused(run(media / "noisy.wav", "--video", media / "clean.wav", *out), "must have a video track", code=1)
    assert not (tmp_path / "out.wav").exists()


def test_a_silent_video_without_audio_file(run, talk, tmp_path):
    write_video(tmp_path / "silent.mp4", talk.images[:5], timestamps_s=talk.times_s[:5])
    refused(run(tmp_path / "silent.mp4", "-o", tmp_path / "out.wav"), "must have audio but has none", code=1)


def test_samples_that_are_no_numbers(run, tmp_path):
    for number in (np.nan, np.inf):
        soundfile.write(tmp_path / "bad.wav", np.array([0, 0.1, number]), 16000, subtype="FLOAT")
        refused(run(tmp_path / "bad.wav", "-o", tmp_path / "out.wav"), "must hold finite numbers", code=1)
    assert [path.name for path in tmp_path.iterdir()] == ["bad.wav"]


def test_places_that_cannot_be_written(run, media, tmp_path):
    (tmp_path / "file").touch()
    refused(run(media / "noisy.wav", "-o", tmp_path / "file" / "out.wav"), "choose another place", code=1)
    refused(run(media / "noisy.wav", "-o", tmp_path / "out.xyz"), "must end in one of", code=1)
    refused(run(media / "noisy.wav", "-o", media / "noisy.wav", "--force"), "must not be the input", code=1)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_models_and_devices_that_are_not_there(run, media, tmp_path):
    (tmp_path / "text.safetensors").write_text("no weights")
    noisy, out = media / "noisy.wav", ("-o", tmp_path / "out.wav")
    refused(run(noisy, *out, model="nobody"), "model must be one of", code=2)
    refused(run(noisy, *out, model=tmp_path / "none.safetensors"), "none.safetensors", code=2)
    refused(run(noisy, *out, model=tmp_path / "text.safetensors"), "text.safetensors", code=2)
    refused(run(noisy, *out, "--device", "abacus"), "device must be one that this machine has", code=2)
    refused(run(noisy, *out, "--face-detector", tmp_path / "none.onnx"), "must be YuNet's ONNX file", code=2)


def test_cuda_that_is_not_there(run, media, tmp_path):
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has CUDA")
    refused(run(media / "noisy.wav", "-o", tmp_path / "o.wav", "--device", "cuda"), "device must be one", code=2)


def test_weights_of_another_model(run, media, tmp_path):
    import torch

    from avse.media.tensors import write_tensors

    for header, words in (
        ({"model": "resnet", "config": {}}, f"must be of one of {', '.join(MODELS)} but are of 'resnet'"),
        ({"model": "avdcnn", "config": {"wings": 2}}, "must hold a valid configuration"),
        ({"model": "avdcnn", "config": {}}, "must fit the model avdcnn but do not"),
    ):
        write_tensors(tmp_path / "other.safetensors", {"a": torch.zeros(1)}, header=header)
        result = run(media / "noisy.wav", "-o", tmp_path / "o.wav", model=tmp_path / "other.safetensors")
        refused(result, words, code=2)


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--mix", "1.5"], "mix must be 0"), (["--mix", "nan"], "mix must be 0"),
        (["--offset-ms", "nan"], "--offset-ms must be a number or auto"),
        (["--offset-ms", "1e9"], "--offset-ms must be between"),
        (["--atten-lim-db", "-1"], "attenuation limit must be"),
        (["--speaker", "loudest"], "speaker must be auto"), (["--workers", "0"], "--workers must be at least 1"),
        (["--audio-only", "--save-mouth", "m.mp4"], "--audio-only must stand without"),
    ],
)  # fmt: skip
def test_values_out_of_range(run, media, flags, words):
    refused(run(media / "noisy.wav", *flags), words, code=2)


def test_a_speaker_who_is_not_there(run, media, tmp_path):
    result = run(media / "talk.mp4", "-o", tmp_path / "o.wav", "--speaker", "4")
    refused(result, "speaker must be 1 to 1", code=1)


def test_two_inputs_of_one_name(run, media, tmp_path):
    (tmp_path / "noisy.wav").write_bytes((media / "noisy.wav").read_bytes())
    result = run(media / "noisy.wav", tmp_path / "noisy.wav", "-o", tmp_path / "out")
    refused(result, "every input must have its own output", code=2)
