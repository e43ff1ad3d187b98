"""The watch over the spool: every event is seen, whatever else lies there."""

from __future__ import annotations

import logging
import shutil
import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from slurm_observability.agent.forward import watcher as module
from slurm_observability.agent.forward.counts import DROPPED, UNREADABLE, Counts
from slurm_observability.agent.forward.waiting import Waiting
from slurm_observability.agent.forward.watcher import Watcher
from slurm_observability.jobs.event import FINISHED, STARTED
from slurm_observability.jobs.hook_record import write_record
from slurm_observability.jobs.spool import parse_name

from tests.unit.programs.jobs.events import event, record

NAME = "1795280000250000.20205.job-started.77.event"


class Seen:
    """An observer that remembers."""

    def __init__(self):
        self.events = []

    def on_event(self, event):
        self.events.append(event)


class Bench:
    """A watcher with its spool, and no thread."""

    def __init__(self, settings, spool, observers):
        self.spool = spool
        self.counts = Counts()
        self.waiting = Waiting(threading.Event())
        self.watcher = Watcher(settings, spool, self.waiting, self.counts, observers)

    def look(self):
        self.watcher._looked = float("-inf")  # however little time has passed
        self.watcher.look()

    def write(self, name=NAME, content=None):
        (self.spool.directory / name).write_bytes(write_record(record()) if content is None else content)


@pytest.fixture
def seen():
    return Seen()


@pytest.fixture
def make_bench(make_settings, spool, seen):
    return lambda **more: Bench(make_settings(**more), spool, [seen])


@pytest.fixture
def bench(make_bench):
    return make_bench()


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(module, "PATIENCE_SECONDS", -1.0)


def test_each_event_is_shown_once_and_waits(bench, spool, seen):
    spool.put(event(8))
    spool.put(event(7, FINISHED, time=event(8).time + 1))
    spool.put(event(7))
    for _turn in range(3):
        bench.look()
    assert sorted(each.job_id for each in seen.events[:2]) == [7, 8]
    assert [each.kind for each in seen.events if each.job_id == 7] == [STARTED, FINISHED]
    assert len(bench.waiting) == 3
    assert bench.waiting.bytes > 0
    assert bench.counts.spool_up


def test_what_a_hook_does_not_say_the_agent_knows(make_bench, seen):
    bench = make_bench(node="n9", cluster="lab")
    bench.write(content=write_record(record(NODE="", SLURM_CLUSTER_NAME="")))
    bench.look()
    assert [(each.node, each.cluster) for each in seen.events] == [("n9", "lab")]


def test_an_event_that_has_gone_waits_no_more(bench, spool):
    spool.put(event(7))
    bench.look()
    spool.remove(spool.look(1).events[0])
    bench.look()
    assert len(bench.waiting) == 0


def test_an_observer_that_fails_keeps_no_event_back(make_settings, spool, seen, caplog):
    class Broken:
        def on_event(self, event):
            raise ValueError(event)

    bench = Bench(make_settings(), spool, [Broken(), seen])
    spool.put(event(7))
    bench.look()
    assert (len(seen.events), len(bench.waiting), bench.counts.observer_errors) == (1, 1, 1)
    assert "fault of the program" in caplog.text


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (NAME, b"VERSION=2\0END=1\0"),
        (NAME, write_record({"HOOK": "prolog"})),
        (NAME, b"\0" * (1 << 20) + b"END=1\0"),
        ("nonsense.event", write_record(record())),
        ("9.event", b""),
    ],
    ids=["version", "no event", "long", "name", "empty"],
)
def test_what_is_no_event_is_refused_at_once(bench, spool, seen, caplog, name, content):
    bench.write(name, content)
    spool.put(event(7))
    bench.look()
    assert list(spool.refused_files()) == [name]
    assert bench.counts.events[UNREADABLE] == 1
    assert "goes to refused" in caplog.text
    assert [each.job_id for each in seen.events] == [7]


def test_a_half_written_file_may_still_be_completed(bench, seen):
    whole = write_record(record())
    bench.write(content=whole[:50])
    bench.look()
    assert (seen.events, len(bench.waiting)) == ([], 0)
    bench.write(content=whole)
    bench.watcher.look()  # at once, though no name has changed
    assert len(seen.events) == 1


def test_a_half_written_file_is_refused_in_the_end(bench, spool, impatient):
    bench.write(content=write_record(record())[:50])
    bench.look()
    assert list(spool.refused_files()) == [NAME]


def test_later_events_of_a_job_wait_for_one_that_cannot_be_read_yet(bench, spool, monkeypatch):
    bench.write(content=write_record(record())[:50])
    spool.put(event(20205, FINISHED))
    spool.put(event(7))
    bench.look()
    assert [name.split(".")[1] for name in bench.waiting.oldest(9)] == ["7"]
    monkeypatch.setattr(module, "PATIENCE_SECONDS", -1.0)
    bench.look()
    assert len(bench.waiting.oldest(9)) == 2


def denied(name):
    raise PermissionError(13, "Permission denied")


def gone(name):
    raise FileNotFoundError(2, "No such file or directory")


def test_a_file_that_cannot_be_read_now_may_be_later(bench, spool, seen, monkeypatch):
    bench.write()
    read = spool.read
    monkeypatch.setattr(spool, "read", denied)
    bench.look()
    assert (seen.events, spool.refused_files()) == ([], {})
    monkeypatch.setattr(spool, "read", read)
    bench.look()
    assert len(seen.events) == 1


def test_a_file_that_stays_unreadable_is_refused(bench, spool, impatient, caplog):
    (spool.directory / NAME).symlink_to("/etc/shadow")
    bench.look()
    assert list(spool.refused_files()) == [NAME]
    assert "symbolic links" in caplog.text


def test_a_bad_file_that_cannot_be_moved_is_left(bench, spool, monkeypatch, caplog):
    def fails(name):
        raise OSError(30, "Read-only file system")

    bench.write("nonsense.event", b"")
    monkeypatch.setattr(spool, "refuse", fails)
    spool.put(event(7))
    bench.look()
    assert "cannot be moved away: Read-only file system" in caplog.text
    assert bench.counts.events[UNREADABLE] == 0
    assert len(bench.waiting) == 1


def test_what_a_killed_writer_left_behind_becomes_an_event(bench, seen, monkeypatch):
    bench.write(".tmp.77.abc")
    bench.look()
    assert seen.events == []
    monkeypatch.setattr(module, "PATIENCE_SECONDS", -1.0)
    bench.look()
    bench.look()
    assert [each.job_id for each in seen.events] == [20205]


def test_half_of_it_is_refused(bench, spool, impatient):
    bench.write(".tmp.77.abc", b"VERSION=1\0HOOK=pro")
    bench.look()
    assert list(spool.refused_files()) == [".tmp.77.abc"]


def test_a_slow_writer_is_no_fault(bench, spool, impatient, monkeypatch):
    bench.write(".tmp.77.abc")
    adopt = spool.adopt

    def is_late(name):
        spool.remove(name)
        adopt(name)

    monkeypatch.setattr(spool, "adopt", is_late)
    bench.look()
    assert bench.counts.events[UNREADABLE] == 0


def test_a_file_that_goes_while_it_is_read_is_no_fault(bench, spool, monkeypatch):
    bench.write()
    monkeypatch.setattr(spool, "read", gone)
    bench.look()
    assert (len(bench.waiting), bench.counts.spool_up) == (0, True)


def test_where_too_many_wait_some_are_dropped(make_bench, spool, caplog):
    bench = make_bench(max_spool_events=3)
    for job in (1, 2, 3):
        spool.put(event(job, STARTED, 1795280000.0 + job))
        spool.put(event(job, FINISHED, 1795280010.0 + job))
    bench.look()
    assert [name.split(".")[2] for name in spool.look(9).events] == ["job-finished"] * 3
    assert (len(bench.waiting), bench.counts.events[DROPPED]) == (3, 3)
    assert "3 events more than may wait were dropped" in caplog.text


def test_far_too_many_are_dropped_in_several_looks(make_bench, spool, monkeypatch):
    monkeypatch.setattr(module, "SURPLUS_EVENTS", 4)
    bench = make_bench(max_spool_events=2)
    for job in range(1, 21):
        spool.put(event(job, time=1795280000.0 + job))
    bench.look()
    assert spool.look(99).total == 16
    for _turn in range(9):
        bench.watcher.look()  # it knows that there is more
    assert [name.split(".")[1] for name in spool.look(99).events] == ["19", "20"]


def test_what_is_delivered_is_removed_as_soon_as_it_can_be(bench, spool):
    spool.put(event(7))
    bench.look()
    (name,) = bench.waiting.oldest(9)
    bench.waiting.note_done(name)
    bench.look()
    assert spool.look(9).events == []
    assert name not in bench.waiting


def test_a_spool_that_comes_and_goes(make_settings, spool, seen, caplog):
    spool.directory.rmdir()
    bench = Bench(make_settings(), spool, [seen])
    for _turn in range(3):
        bench.watcher.look()
    assert not bench.counts.spool_up
    assert [each.levelno for each in caplog.records].count(logging.WARNING) == 1
    assert "cannot be read: No such file or directory" in caplog.text
    spool.directory.mkdir()
    spool.put(event(7))
    bench.watcher.look()
    assert bench.counts.spool_up
    assert len(seen.events) == 1


def test_a_fault_of_the_program_ends_nothing(bench, spool, seen, monkeypatch, caplog):
    spool.put(event(7))
    with monkeypatch.context() as patch:
        patch.setattr(module, "event_of", lambda *arguments: 1 / 0)
        bench.look()
    assert "fault of the program" in caplog.text
    bench.look()
    assert len(seen.events) == 1


def test_an_empty_spool_is_not_read_again(bench, spool, monkeypatch, eventually):
    def quiet():
        bench.watcher.look()
        return not spool.changed()

    eventually(quiet)
    monkeypatch.setattr(spool, "look", lambda limit: pytest.fail("it was read"))
    bench.watcher.look()


def test_it_looks_until_it_is_stopped(bench, spool, seen, eventually):
    thread = threading.Thread(target=bench.watcher.run)
    thread.start()
    for job in (1, 2, 3):
        spool.put(event(job))
        eventually(lambda job=job: len(seen.events) == job)
    bench.watcher.stop()
    thread.join(15)
    assert not thread.is_alive()


names = st.just(NAME) | st.from_regex(
    r"(\d{16}\.\d{1,3}\.job-(started|finished)\.\d\.event|\.tmp\.[a-z]{1,5})", fullmatch=True
)
good = st.just(write_record(record()))
contents = good | st.binary(max_size=60) | st.builds(lambda whole, cut: whole[:cut], good, st.integers(0, 500))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(st.dictionaries(names, contents, max_size=6))
def test_whatever_lies_in_the_spool_no_good_event_is_lost(make_bench, spool, seen, impatient, files):
    shutil.rmtree(spool.directory)
    spool.directory.mkdir()
    seen.events.clear()
    bench = make_bench()
    for name, content in files.items():
        bench.write(name, content)
    spool.put(event(7))
    for _turn in range(2):
        bench.look()
    whole = write_record(record())
    adopted = any(content == whole for name, content in files.items() if name.startswith(".tmp."))
    wanted = sum(content == whole for name, content in files.items() if parse_name(name)) + adopted
    assert [each.job_id for each in seen.events].count(20205) == wanted
    assert [each.job_id for each in seen.events].count(7) == 1
    assert len(bench.waiting) == len(spool.look(99).events) == wanted + 1
