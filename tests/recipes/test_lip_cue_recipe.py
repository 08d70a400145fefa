"""The lip network's recipe: warped stills, cameras, examples, losses, measures."""

import numpy as np
import pytest
import torch

from avse.faces.crop import crop_mouth
from avse.faces.mouth import MouthTrack
from avse.faces.report import FaceReport
from avse.faces.track import Box
from avse.signal.clock import n_video_frames
from avse.signal.speech_cue import speech_cue
from avse.signal.voice_features import voice_powers
from avse.synthetic.head import PEOPLE
from avse.synthetic.talker import render_video as draw
from avse.synthetic.voice import speak
from recipes.lip_cue.camera import camera_view, move, resampled
from recipes.lip_cue.config import ExampleConfig, LossConfig
from recipes.lip_cue.data import CueDataset, collate
from recipes.lip_cue.errors import describe_errors
from recipes.lip_cue.losses import Evidence, correlation, evidence, match_loss
from recipes.lip_cue.measures import SETTLED_FRAMES, Watched, auc, best_shift, pearson
from recipes.lip_cue.recordings import Audio, Face, Sources, grey
from recipes.lip_cue.talking_stills import articulation, chew, talk


def audio(seed, name):
    voice = speak(np.random.default_rng(seed), duration_s=3.0)
    n_frames = n_video_frames(len(voice.waveform), sample_rate=16000, rate_hz=25.0)
    cue = speech_cue(voice.waveform, sample_rate=16000)
    return voice, Audio(name, cue, voice_powers(voice.waveform, sample_rate=16000, n_frames=n_frames))


@pytest.fixture(scope="module")
def sources():
    faces = []
    for seed in range(3):
        voice, given = audio(seed, f"p{seed % 2}")
        times_s = np.arange(75) / 25
        images = draw(PEOPLE[seed], voice.opening_at(times_s), np.random.default_rng(seed))
        crops = np.stack([crop_mouth(image, Box(95, 45, 130), crop_size=(32, 48)) for image in images])
        track = MouthTrack(times_s, grey(crops), np.ones(75, bool), FaceReport(1, 1.0, "face 1 of 1"))
        faces.append(Face(given, track))
    rng = np.random.default_rng(9)
    noise = Audio("hum", np.zeros((50, 9), np.float32), rng.random((200, 32)).astype(np.float32) * 1e-4)
    return Sources(faces, [audio(seed, f"v{seed}")[1] for seed in (7, 8)], [noise])


def test_warped_stills_open_with_the_voice(sources):
    """The middle of the mouth darkens or changes most when speech is loud, and a still has no motion in silence."""
    still = np.asarray(sources.faces[0].mouth.crops[0])
    cue = sources.speech[0].cue
    rng = np.random.default_rng(0)
    correlations = []
    for _ in range(8):
        images = talk(still, cue, rng).astype(float)
        change = np.abs(images - images[np.argmin(cue[:, 1:].mean(axis=1))]).mean(axis=(1, 2))
        correlations.append(pearson(change, cue[:, 1:].mean(axis=1)))
    assert np.median(correlations) > 0.4
    quiet = talk(still, np.zeros_like(cue), np.random.default_rng(1)).astype(float)
    loud = talk(still, np.ones_like(cue), np.random.default_rng(1)).astype(float)
    assert np.abs(quiet - still).mean() < 0.5 * np.abs(loud - still).mean()


def test_articulation_leads_the_voice():
    cue = np.zeros((100, 9), np.float32)
    cue[50:70] = 1
    starts = [np.flatnonzero(articulation(cue, np.random.default_rng(seed))[0] > 0.15) for seed in range(30)]
    first = np.array([rows[0] for rows in starts if len(rows)])
    assert 46 <= np.median(first) <= 50


def test_chewing_moves_without_a_voice(sources):
    still = np.asarray(sources.faces[0].mouth.crops[0])
    images = chew(still, 100, np.random.default_rng(3)).astype(float)
    assert np.abs(np.diff(images, axis=0)).mean() > 0.05


def test_cameras_keep_shape_and_are_repeatable(sources):
    crops = sources.faces[0].mouth.crops[:]
    present = np.ones(len(crops), bool)
    always = ExampleConfig(
        blur_probability=1, small_probability=1, covered_probability=1, dropped_probability=1, held_probability=1
    )
    one, other = (camera_view(crops, present, config=always, rng=np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(one[0], other[0])
    assert one[0].shape == crops.shape
    assert not one[1].all()
    np.testing.assert_array_equal(one[0][0], one[0][1])  # held
    fine = np.tile(np.array([0, 255], np.uint8)[None, None], (2, 32, 24))
    assert resampled(fine, 0.25).std() < 0.2 * fine.std()
    assert np.abs(move(crops, 0.5, np.random.default_rng(0)).astype(float) - crops).mean() > 0.2


def test_examples_are_repeatable_and_of_all_kinds(sources):
    dataset = CueDataset(sources, config=ExampleConfig(n_examples=40, n_frames=60), seed=1)
    examples = [dataset[0, index] for index in range(len(dataset))]
    again = dataset[0, 7]
    for one, other in zip(examples[7], again, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0)
    batch = collate(examples)
    assert batch.motion.shape == (40, 60, 2, 32, 48)
    assert 0.5 < batch.own.mean() < 0.95
    silent = batch.cue.amax(dim=(1, 2)) == 0
    assert silent.any()
    assert not batch.own[silent].any()
    assert dataset[1, 7].motion.ne(again.motion).any()


def test_examples_are_in_time(sources):
    """A face at its own speed: the cue of the example is the clip's, moved by where the example begins."""
    config = ExampleConfig(
        n_examples=20, n_frames=60, warped_probability=0, silent_probability=0, speed=(1, 1), clean_probability=1,
        noise_only_probability=0, max_earlier_frames=0,
    )  # fmt: skip
    dataset = CueDataset(sources, config=config, seed=2)
    for index in range(10):
        example = dataset[0, index]
        own = sources.faces[int(example.clip)].audio.cue
        assert np.abs(example.cue.numpy()[:, 1:] - own[:60, 1:]).mean() < 0.06


def test_correlation_is_pearsons():
    rng = np.random.default_rng(0)
    one, other = rng.random((3, 50)).astype(np.float32), rng.random((3, 50)).astype(np.float32)
    weight = torch.ones(3, 50)
    expected = [np.corrcoef(a, b)[0, 1] for a, b in zip(one, other, strict=True)]
    np.testing.assert_allclose(correlation(torch.from_numpy(one), torch.from_numpy(other), weight), expected, atol=1e-3)
    assert pearson(one[0], other[0]) == pytest.approx(expected[0], abs=1e-5)


def test_evidence_peaks_for_the_own_audio_in_time():
    torch.manual_seed(0)
    embeddings = torch.randn(4, 80, 16)
    found = evidence(embeddings, embeddings, torch.ones(4, 80), weights=LossConfig())
    assert torch.equal(found.pairs.argmax(dim=1), torch.arange(4))
    assert (found.shifts.amax(dim=1) < found.pairs.diagonal()).all()


def test_match_loss_falls_with_evidence_and_ignores_the_same_clip(sources):
    dataset = CueDataset(sources, config=ExampleConfig(n_examples=6, n_frames=40), seed=1)
    batch = collate([dataset[0, index] for index in range(6)])._replace(
        own=torch.ones(6), clip=torch.tensor([0, 0, 1, 2, 3, 4])
    )
    right = Evidence(10 * torch.eye(6) - 5, torch.full((6, 3), -5.0))
    wrong = Evidence(-right.pairs, -right.shifts)
    weights = LossConfig()
    assert match_loss(right, batch, weights=weights) < 0.1 < match_loss(wrong, batch, weights=weights)
    twin = right.pairs.clone()
    twin[0, 1] = 50
    assert match_loss(Evidence(twin, right.shifts), batch, weights=weights) < 0.1


def test_shift_has_its_sign():
    rng = np.random.default_rng(1)
    audio_side = rng.standard_normal((80, 8)).astype(np.float32)
    assert best_shift(np.roll(audio_side, 3, axis=0), audio_side) == 3
    assert best_shift(np.roll(audio_side, -5, axis=0), audio_side) == -5


def test_auc_by_hand():
    assert auc(np.array([0.1, 0.4, 0.35, 0.8], np.float32), np.array([False, False, True, True])) == 0.75


def test_errors_of_a_known_cue(sources):
    """A cue pulled halfway to 0.2: slope, mean error and correlation are known."""
    face = sources.faces[0]
    true = face.audio.cue
    predicted = 0.5 * true + 0.1
    one = Watched(face, np.ones(len(true), bool), predicted, np.zeros((len(true), 2)), np.zeros((len(true), 2)))
    found = describe_errors([one])
    np.testing.assert_allclose(found["gain"], 0.5, atol=1e-3)
    np.testing.assert_allclose(found["correlation"], 1, atol=1e-3)
    settled = true[SETTLED_FRAMES:]
    np.testing.assert_allclose(found["offset"], (0.1 - 0.5 * settled).mean(axis=0), atol=2e-3)
    np.testing.assert_allclose(found["error_std"], 0.5 * settled.std(axis=0), atol=2e-3)
    assert found["lag_ms"] == 0
    late = one._replace(cue=np.roll(predicted, 2, axis=0))
    assert describe_errors([late])["lag_ms"] == 80
