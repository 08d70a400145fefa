"""A journal survives a kill at any byte; shares put together are the whole; other runs' journals are refused."""

import json

import pytest

from avse.errors import ConfigError, InputError, MediaError
from avse.jobs.in_process import InProcess
from avse.jobs.journal import Journal, read_journal
from avse.jobs.merge import merge_journals, write_merged
from avse.jobs.order import in_order
from avse.jobs.run import Summary, run_tasks
from avse.jobs.share import parse_share, share_of
from avse.jobs.task import Outcome, Task, Work

WORK = Work("example_workers:doubler")


def tasks(n, **more):
    return [Task(f"t{i}", {"n": i, **more.get(f"t{i}", {})}, key=f"k{i}") for i in range(n)]


def run(path, some, options=None, **more):
    with Journal(path, command="avse-test", options=options or {"mix": 1}) as journal:
        return list(run_tasks(InProcess(), WORK, some, journal=journal, **more))


def test_a_second_run_does_what_is_left_and_what_failed(tmp_path):
    path = tmp_path / "deep" / "j.jsonl"
    first = run(path, tasks(4, t2={"fail": True}))
    assert [o.error is None for o in first] == [True, True, False, True]
    second = run(path, tasks(5))
    assert {o.task.id: o.n_attempts for o in second} == {"t0": 0, "t1": 0, "t3": 0, "t2": 1, "t4": 1}
    assert next(o for o in second if o.task.id == "t3").result["n"] == 6
    changed = [Task("t0", {"n": 7}, key="other")]
    assert [o.n_attempts for o in run(path, changed)] == [1]
    assert [o.n_attempts for o in run(path, tasks(1), is_kept=lambda entry: False)] == [1]


def test_a_journal_cut_at_any_byte_is_continued_to_the_same_end(tmp_path):
    whole = tmp_path / "whole.jsonl"
    run(whole, tasks(3))
    content = whole.read_bytes()
    head = content.index(b"\n") + 1
    path = tmp_path / "cut.jsonl"
    for end in range(head, len(content) + 1):
        path.write_bytes(content[:end])
        run(path, tasks(3))
        found = read_journal(path)
        assert {name: entry.result["n"] for name, entry in found.entries.items()} == {"t0": 0, "t1": 2, "t2": 4}
        rows = [json.loads(line) for line in path.read_bytes()[:end].split(b"\n")[:-1]]
        assert found.n_broken == (0 if content[:end].endswith(b"\n") or content[end : end + 1] == b"\n" else 1), end
        assert len(rows) <= 4


@pytest.mark.parametrize(
    ("command", "options", "words"),
    [
        ("avse-test", {"mix": 0.5}, "must be of the same options but mix was 1 but is 0.5"),
        ("avse-score", {"mix": 1}, "must be one of avse-score but is of avse-test"),
    ],
)
def test_a_journal_of_another_run_is_refused(tmp_path, command, options, words):
    run(tmp_path / "j.jsonl", tasks(1))
    with pytest.raises(ConfigError, match=words):
        Journal(tmp_path / "j.jsonl", command=command, options=options)


def test_a_file_that_is_no_journal_is_refused_and_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("mine\n")
    with pytest.raises(ConfigError, match="must be one that avse wrote but is not"):
        Journal(tmp_path / "mine.txt", command="avse-test", options={})
    assert (tmp_path / "mine.txt").read_text() == "mine\n"


def test_a_full_disk_is_one_line_and_what_was_noted_stays(tmp_path, monkeypatch):
    path = tmp_path / "j.jsonl"
    run(path, tasks(1))
    before = path.read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("avse.jobs.journal.os.write", full)
    with pytest.raises(MediaError, match=r"journal .*j\.jsonl must be writable but is not \(No space left on device\)"):
        run(path, tasks(2))
    assert path.read_bytes() == before


@pytest.mark.parametrize("n", [1, 3, 7])
def test_shares_are_all_of_the_list_and_nothing_twice(n):
    items = list(range(20))
    shares = [share_of(items, parse_share(f"{i}/{n}")) for i in range(1, n + 1)]
    assert sorted(item for share in shares for item in share) == items
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


@pytest.mark.parametrize("text", ["0/4", "5/4", "1/0", "a/b", "1", "1/2/3", "-1/4"])
def test_a_share_that_is_none_is_refused(text):
    with pytest.raises(InputError, match=r"^share must be i/n"):
        parse_share(text)


def test_merged_journals_are_those_of_one_run(tmp_path):
    some = tasks(6, t4={"fail": True})
    paths = []
    for i in (1, 2):
        paths.append(tmp_path / f"{i}.jsonl")
        run(paths[-1], share_of(some, (i, 2)))
    contents, summary = merge_journals(paths)
    assert list(contents.entries) == [f"t{i}" for i in range(6)]
    assert (summary.n_done, list(summary.errors)) == (5, ["t4"])
    write_merged(contents, tmp_path / "all.jsonl", force=False)
    again = run(tmp_path / "all.jsonl", tasks(6))
    assert [o.task.id for o in again if o.n_attempts] == ["t4"]
    # Of a job that failed in one share and was done in another, what was done counts.
    assert merge_journals([paths[0], tmp_path / "all.jsonl"])[1].n_done == 6
    run(tmp_path / "other.jsonl", tasks(1), options={"mix": 0.5})
    with pytest.raises(ConfigError, match=r"mix was 1 but is 0\.5; merge them apart"):
        merge_journals([paths[0], tmp_path / "other.jsonl"])


def test_outcomes_come_in_the_order_of_their_tasks():
    some = tasks(5)
    shuffled = [Outcome(some[i], {"n": i}) for i in (3, 0, 1, 4, 2)]
    assert [o.task.id for o in in_order(shuffled, some)] == [t.id for t in some]


def test_the_report_counts_names_the_slowest_and_what_is_open():
    summary = Summary(6)
    summary.count(Outcome(Task("old"), {}, n_attempts=0))
    for i, task in enumerate(tasks(4)):
        summary.count(Outcome(task, None if i == 1 else {}, "no" if i == 1 else None, seconds=float(i), host="a"))
    assert (summary.n_before, summary.n_done, summary.errors, summary.n_open) == (1, 3, {"t1": "no"}, 1)
    assert [name for _, name in summary.slowest] == ["t3", "t2", "t1"]
    assert summary.lines()[0] == "6 jobs: 3 done, 1 done before, 1 failed, 1 open"


def test_progress_tells_how_much_time_is_left(tmp_path):
    shown = []
    run(tmp_path / "j.jsonl", tasks(4), show=lambda *values: shown.append(values))
    assert [row[:2] for row in shown] == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert shown[-1][2] == 0
