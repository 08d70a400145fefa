"""Labelled recordings: what is read, and one line for each thing that is wrong."""

import shutil

import pytest

from avse.data.crops import load_mouth, save_mouth
from avse.errors import ConfigError
from avse.media.made import Made
from recipes.recognition import recordings
from recipes.recognition.examples import LabelledRecording, check_examples, read_examples
from recipes.recognition.folds import folds_of, inner_folds
from recipes.speech_benchmark.crop_store import RECORD, crops_key


def _folder(tmp_path, names):
    for name in names:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    return tmp_path


def _table(tmp_path, text):
    (tmp_path / "labels.csv").write_text(text, encoding="utf-8")
    return tmp_path


GOOD = [f"{label}/{person}/{n}.wav" for label in ("sad", "glad") for person in ("ann", "bob", "cy") for n in range(2)]


def test_folders_name_labels_and_people(tmp_path):
    examples = read_examples(_folder(tmp_path, [*GOOD, "sad/.hidden.wav", "sad/ann/notes.txt"]))
    assert len(examples) == 12
    assert {(e.label, e.group) for e in examples} == {(a, b) for a in ("sad", "glad") for b in ("ann", "bob", "cy")}
    check_examples(examples)


def test_a_table_may_name_parts_of_one_file(tmp_path):
    _folder(tmp_path, ["a.wav", "b.wav"])
    text = "file,label,group,start_s,end_s\na.wav,x,p,0,1.5\na.wav,y,p,1.5,2\nb.wav,x,q,,\nb.wav,y,q,,\n"
    examples = read_examples(_table(tmp_path, text))
    assert [e.id for e in examples] == ["a", "a-2", "b", "b-2"]
    assert [e.file_id for e in examples] == ["a", "a", "b", "b"]
    assert (examples[1].start_s, examples[1].end_s) == (1.5, 2.0)
    check_examples(examples)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ([*GOOD, "odd/ann/1.wav"], "label 'odd' must have two recordings or more but has 1"),
        ([n for n in GOOD if "/ann/" in n], "two groups or more, for test people must be unseen, but there is 'ann'"),
        ([*GOOD, "Sad/ann/9.wav", "Sad/bob/9.wav"], "must differ by more than case but"),
        ([*GOOD, "odd/ann/1.wav", "odd/ann/2.wav"], "label 'odd' must have recordings of two groups .* 'ann' alone"),
        ([*GOOD, "sad/9.wav"], "must have a group .* but sad/9 has none; put it into LABEL/PERSON/"),
        (["sad/ann/1.wav", "sad/bob/1.wav"], "two labels or more but there is sad"),
    ],
)
def test_what_cannot_be_trained_and_tested_is_one_line(tmp_path, names, message):
    with pytest.raises(ConfigError, match=message) as caught:
        check_examples(read_examples(_folder(tmp_path, names)))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("file,label\ngone.wav,x\na.wav,y\n", "but 1 of 2 do not, first .*gone.wav"),
        ("file,lable\na.wav,x\n", "must have a column label"),
        ("file,label,grup\na.wav,x,p\n", "one is 'grup'; did you mean group"),
        ("file,label\na.wav,\n", "must have a file and a label but lacks one"),
        ("file,label,split\na.wav,x,testing\n", "split of train, valid, test but has 'testing'"),
        ("file,label,start_s\na.wav,x,soon\n", "seconds in start_s but has 'soon'"),
        ("file,label,split\na.wav,x,test\na.wav,y,train\na.wav,y,train\na.wav,x,test\n", "'x' is not"),
    ],
)
def test_a_table_that_is_wrong_is_one_line(tmp_path, text, message):
    _folder(tmp_path, ["a.wav"])
    with pytest.raises(ConfigError, match=message) as caught:
        check_examples(read_examples(_table(tmp_path, text)))
    assert "\n" not in str(caught.value)


def test_a_folder_without_videos_is_one_line(tmp_path):
    with pytest.raises(ConfigError, match="must hold a folder of videos for each label"):
        read_examples(tmp_path)
    with pytest.raises(ConfigError, match="must be a folder but there is none"):
        read_examples(tmp_path / "gone")


def test_nobody_trains_and_is_tested(tmp_path):
    examples = read_examples(_folder(tmp_path, GOOD))
    folds = folds_of(examples)
    assert [fold.name for fold in folds] == ["ann", "bob", "cy"]
    for fold in folds:
        assert {examples[i].group for i in fold.test} == {fold.name}
        assert {examples[i].group for i in fold.train} == {"ann", "bob", "cy"} - {fold.name}
    for train, test in inner_folds([e.group for e in examples], n_folds=2):
        assert not {examples[i].group for i in train} & {examples[i].group for i in test}
    leaky = folds_of(examples, leaky=True, n_folds=2)
    assert any({examples[i].group for i in f.train} & {examples[i].group for i in f.test} for f in leaky)


def test_folds_and_splits_that_cannot_be(tmp_path):
    examples = read_examples(_folder(tmp_path, GOOD))
    with pytest.raises(ConfigError, match="must be 2 to 3, the number of groups, but are 4"):
        folds_of(examples, n_folds=4)
    mixed = [e._replace(split="test" if e.id.endswith("0") else "train") for e in examples]
    with pytest.raises(ConfigError, match="ann, bob, cy would do both"):
        folds_of(mixed)


def test_mouths_are_cut_again_for_another_video_and_kept_from_the_stage_that_finds_them(media, tmp_path):
    video, crops = tmp_path / "a.mp4", tmp_path / "crops"
    shutil.copy(media / "talk.mp4", video)
    example = LabelledRecording("a", video, "sad", "ann", file_id="a")

    def cut():
        recordings._made.cache_clear()  # each run is a process
        recordings.read_sources(example, wanted=frozenset({"mouth"}), crops=crops)
        return (crops / "a.npz").stat().st_mtime_ns

    first = cut()
    assert cut() == first
    video.touch()
    second = cut()
    assert second != first
    (crops / ".a.npz.made_from.json").unlink()
    assert cut() != second, "nobody knows what they were made from"
    (crops / ".a.npz.made_from.json").unlink()
    track = load_mouth(crops / "a.npz")
    (crops / "a.npz").unlink()
    save_mouth(crops / "a.npz", track)
    Made(crops, name=RECORD).finish(crops_key(video), [crops / "a.npz"])
    before = (crops / "a.npz").stat().st_mtime_ns
    assert cut() == before
