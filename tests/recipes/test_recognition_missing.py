"""Recordings that lack something: noted, borne, or refused in one line where all of them do."""

import shutil

import numpy as np
import pytest
import soundfile
from recognition_rows import informative_rows

from avse.errors import ConfigError
from avse.models.recognition import InputConfig, RecognizerConfig
from avse.synthetic.head import background
from avse.synthetic.talker import write_video
from recipes.recognition import evaluate
from recipes.recognition.evaluate import EvaluateConfig
from recipes.recognition.examples import LabelledRecording
from recipes.recognition.features import CLEAN, FeatureConfig, read_features
from recipes.recognition.fit import FitConfig
from recipes.recognition.recordings import SAMPLE_RATE
from recipes.recognition.systems import Training, run_fold


def test_silent_and_faceless_recordings_are_noted_and_count_as_missing(tmp_path):
    soundfile.write(tmp_path / "silent.wav", np.zeros(8000), SAMPLE_RATE)
    room = background(96, 96)
    write_video(tmp_path / "empty.mp4", [room] * 6, timestamps_s=np.arange(6) / 25)
    (tmp_path / "broken.wav").write_bytes(b"RIFFnothing")
    examples = [LabelledRecording(n, tmp_path / f, "a", "p", file_id=n) for n, f in
                (("silent", "silent.wav"), ("empty", "empty.mp4"), ("broken", "broken.wav"))]  # fmt: skip
    config = FeatureConfig({"lips": "lip_cue", "spectrum": "bands"})
    rows, failed = read_features(examples, config, folder=tmp_path / "f", crops=tmp_path / "c")
    notes = {row.example.id: " | ".join(row.notes) for row in rows}
    assert "audio is silent" in notes["silent"]
    assert "shows no face" in notes["empty"]
    assert "there is none" in notes["empty"]
    assert [line.split(":")[0] for line in failed] == ["broken"]
    assert all(len(row.of(CLEAN, name)) == 0 for row in rows for name in config.modalities)
    again, _ = read_features(examples, config, folder=tmp_path / "f", crops=tmp_path / "c")
    assert [row.notes for row in again] == [row.notes for row in rows]


@pytest.mark.parametrize(
    ("suffix", "modality"), [(".wav", "spectrum"), (".mp4", "lips")], ids=["silent audio", "videos without a face"]
)
def test_recordings_that_all_lack_a_modality_are_one_line(tmp_path, capsys, suffix, modality):
    source = tmp_path / f"source{suffix}"
    if modality == "spectrum":
        soundfile.write(source, np.zeros(8000), SAMPLE_RATE)
    else:
        write_video(source, [background(96, 96)] * 3, timestamps_s=np.arange(3) / 25)
    for label in ("a", "b"):
        for person in ("ann", "bob"):
            path = tmp_path / "videos" / label / person / f"1{suffix}"
            path.parent.mkdir(parents=True)
            shutil.copy(source, path)
    encoder = {"spectrum": "bands", "lips": "lip_cue"}[modality]
    config = EvaluateConfig(tmp_path / "run", tmp_path / "videos", modalities={modality: encoder})
    with pytest.raises(
        ConfigError, match=f"modality {modality} must be in some recordings but is in none of 4"
    ) as caught:
        evaluate.main(config)
    assert "\n" not in str(caught.value)
    assert capsys.readouterr().err.count("it counts as missing") == 4
    assert not (tmp_path / "run/predictions").exists()


def test_a_modality_that_only_the_tested_people_have_is_borne():
    rows, labels = informative_rows(16, informative=True)
    groups = [f"p{i // 4}" for i in range(16)]
    lacking = {CLEAN: {"y": np.zeros((0, 3), np.float32)}}
    rows = [r._replace(by_variant={CLEAN: r.by_variant[CLEAN] | lacking[CLEAN]}) for r in rows]
    tests, _ = informative_rows(4, informative=True)
    tests = [r._replace(by_variant={CLEAN: r.by_variant[CLEAN] | {"y": r.by_variant[CLEAN]["x"]}}) for r in tests]
    inputs = {name: InputConfig(3, 25.0, "") for name in "xy"}
    training = Training(rows, labels, groups, RecognizerConfig(inputs, ("a", "b"), dim=8), FitConfig(n_epochs=2), 1,
                        n_inner_folds=2)  # fmt: skip
    found = run_fold(training, tests, [CLEAN])[CLEAN]
    assert set(found) >= {"stacking", "weighted vote", "concatenate early"}
    for name, probabilities in found.items():
        np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5, err_msg=name)
