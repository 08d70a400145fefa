"""The list of test mixtures is the same each time, uses what the test may use, and can be heard."""

import numpy as np
import pytest

from avse.corpora.test_lists import MAX_CLIPS, MAX_TYPES, SNRS_DB, fix_mixtures
from avse.data.manifest import Item
from avse.data.mixtures import MixtureReader
from avse.media.audio import AudioWriter

RATE = 16000


@pytest.fixture
def corpus(tmp_path):
    """Three seen clips of one person, two unseen ones of others, noises that are silent for the most part."""
    rng = np.random.default_rng(0)

    def write(name, n_seconds, silent_s=0.0):
        waveform = 0.1 * rng.standard_normal(round(n_seconds * RATE)).astype(np.float32)
        waveform[: round(silent_s * RATE)] = 0
        with AudioWriter(tmp_path / f"{name}.wav", sample_rate=RATE, n_channels=1) as writer:
            writer.write(waveform[None])
        return f"{name}.wav"

    def face(name, split, speaker):
        audio = write(name, 1.5)
        return Item(id=name, split=split, audio=audio, video=audio, speaker=speaker, licence="x")

    faces = [
        face("a0", "train", "a"),
        *(face(f"a{number}", "test_seen", "a") for number in (1, 2, 3)),
        face("b1", "test_unseen", "b"),
        face("c1", "test_unseen", "c"),
    ]
    noises = [
        Item(id=f"{split}_{kind}", split=split, audio=write(f"{split}_{kind}", 6, 5.5), noise_type=kind, licence="x")
        for kind in ("hiss", "hum")
        for split in ("train", "test")
    ]
    return [*faces, *noises], tmp_path


def test_every_clip_meets_every_noise_at_every_ratio(corpus):
    items, root = corpus
    mixtures = fix_mixtures(items, root=root)
    assert len({m.id for m in mixtures}) == len(mixtures)
    own = {(m.noise_type, m.snr_db) for m in mixtures if m.clip == "a1"}
    assert own == {(k, s) for k in ("hiss", "hum", "talker_1", "same_speaker") for s in SNRS_DB}
    assert {m.noise_type for m in mixtures if m.clip == "b1"} == {"hiss", "hum", "talker_1", "talker_3"}
    assert {m.clip for m in mixtures} == {"a1", "a2", "a3", "b1", "c1"}


def test_only_the_tests_own_recordings_sound_and_never_the_clip_itself(corpus):
    items, root = corpus
    split_of, speaker_of = {i.audio: i.split for i in items}, {i.id: i.speaker for i in items}
    for mixture in fix_mixtures(items, root=root):
        for cut in mixture.noise:
            assert split_of[cut.path].startswith("test")
            assert cut.clip != mixture.clip
            if mixture.noise_type.startswith("talker"):
                assert speaker_of[cut.clip] != speaker_of[mixture.clip]
            if mixture.noise_type == "same_speaker":
                assert speaker_of[cut.clip] == speaker_of[mixture.clip]


def test_every_mixture_can_be_made_though_noises_are_mostly_silent(corpus):
    items, root = corpus
    reader = MixtureReader(items, root=root, sample_rate=RATE)
    for mixture in fix_mixtures(items, root=root):
        clip = reader.read(mixture)
        noise = clip.noisy - clip.clean
        ratio_db = 10 * np.log10(np.mean(clip.clean**2) / np.mean(noise**2))
        assert ratio_db == pytest.approx(mixture.snr_db, abs=0.01)


def test_the_list_depends_on_the_seed_alone(corpus):
    items, root = corpus
    assert fix_mixtures(items, root=root) == fix_mixtures(items, root=root)
    assert fix_mixtures(items, root=root, seed=2) != fix_mixtures(items, root=root)


def test_large_corpora_are_sampled(corpus):
    items, root = corpus
    clip, noise = items[1], items[-1]
    many = [Item(id=f"clip{n}", split="test_seen", audio=clip.audio, video=clip.audio, speaker="a", licence="x")
            for n in range(50)]  # fmt: skip
    many += [Item(id=f"noise{n}", split="test", audio=noise.audio, noise_type=f"kind{n:02d}", licence="x")
             for n in range(20)]  # fmt: skip
    mixtures = fix_mixtures(many, root=root)
    assert len({m.clip for m in mixtures}) == MAX_CLIPS
    kinds = {m.noise_type for m in mixtures if m.clip == mixtures[0].clip}
    assert len(kinds - {"same_speaker"}) == MAX_TYPES
    assert len({m.noise_type for m in mixtures} - {"same_speaker"}) == 20


def test_speech_of_the_test_competes_where_there_is_some(corpus):
    items, root = corpus
    voice = Item(id="voice", split="test", audio="b1.wav", speaker="v", licence="x")
    talkers = [m for m in fix_mixtures([*items, voice], root=root) if m.noise_type.startswith("talker")]
    assert {cut.path for m in talkers for cut in m.noise} == {"b1.wav"}
    assert {m.noise_type for m in talkers} == {"talker_1"}
    assert all(cut.clip is None for m in talkers for cut in m.noise)
