"""The directory of events: real files, and what is wrong with them."""

from __future__ import annotations

import os
import threading
import time
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from slurm_observability.jobs import spool as module
from slurm_observability.jobs.event import FINISHED, STARTED
from slurm_observability.jobs.hook_event import event_of
from slurm_observability.jobs.hook_record import Incomplete, RecordError, write_record
from slurm_observability.jobs.spool import EventName, Spool, parse_name

from tests.unit.programs.jobs.events import event, record

NAME = "1795280000250000.20205.job-started.77.event"


@pytest.fixture
def spool(tmp_path):
    directory = tmp_path / "spool"
    directory.mkdir()
    return Spool(directory)


def test_names():
    assert parse_name(NAME) == EventName(1795280000250000, 20205, STARTED)
    wrong = [
        "",
        ".event",
        NAME[1:],
        NAME.replace("started", "paused"),
        f"{NAME}.old",
        NAME.replace("77", "x"),
        f"1{NAME}",
    ]
    assert [parse_name(name) for name in wrong] == [None] * len(wrong)


def test_an_event_that_is_put_is_listed_and_read(spool):
    first, second = event(7), event(7, FINISHED, time=event(7).time + 0.001)
    spool.put(second)
    spool.put(first)
    listing = spool.look(10)
    assert [parse_name(name).kind for name in listing.events] == [STARTED, FINISHED]
    assert [event_of(spool.read(name)) for name in listing.events] == [first, second]
    assert (listing.total, listing.temporary) == (2, [])
    assert all(spool.size(name) > 0 for name in listing.events)
    spool.remove(listing.events[0])
    spool.remove(listing.events[0])
    assert spool.look(10).events == listing.events[1:]
    assert spool.size(listing.events[0]) == 0


def test_the_oldest_of_many_are_listed(spool):
    for job in range(20):
        spool.put(event(job + 1, time=1795280000 + (job * 7) % 20))
    listing = spool.look(3)
    assert [parse_name(name).microseconds for name in listing.events] == [
        1795280000000000 + n * 1000000 for n in range(3)
    ]
    assert listing.total == 20


def test_other_files_are_no_events(spool):
    for name in ("notes.txt", "hidden", ".tmp.12.345", ".tmp.12.346"):
        (spool.directory / name).touch()
    spool.refused.mkdir()
    listing = spool.look(10)
    assert (listing.events, listing.total) == ([], 0)
    assert sorted(listing.temporary) == [".tmp.12.345", ".tmp.12.346"]
    assert len(spool.look(1).temporary) == 1


def test_a_spool_that_is_not_there(spool):
    spool.directory.rmdir()
    with pytest.raises(FileNotFoundError):
        spool.look(10)
    with pytest.raises(FileNotFoundError):
        spool.put(event())
    assert spool.refused_files() == {}


def settle(spool):
    """Look until the last change is so old that the next one has another stamp."""
    deadline = time.monotonic() + 10
    while spool.changed():
        assert time.monotonic() < deadline
        spool.look(10)
        time.sleep(0.01)


def test_changes_are_noticed(spool):
    assert spool.changed()
    settle(spool)
    spool.put(event())
    assert spool.changed()
    settle(spool)
    spool.remove(spool.look(1).events[0])
    assert spool.changed()
    settle(spool)
    spool.directory.rename(spool.directory.with_name("away"))
    assert spool.changed()


def test_a_clock_that_was_set_back_makes_no_look_necessary(spool):
    spool.put(event())
    os.utime(spool.directory, (time.time() + 86_400, time.time() + 86_400))
    spool.look(10)
    assert not spool.changed()
    spool.put(event(8))
    assert spool.changed()


def test_no_change_is_missed_in_the_tick_of_a_look(spool):
    seen = set()
    for job in range(200):
        spool.put(event(job + 1))
        if spool.changed():
            seen.update(spool.look(1000).events)
        assert len(seen) == job + 1


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda path: path.mkdir(), "it is no file"),
        (os.mkfifo, "it is no file"),
        (lambda path: path.write_bytes(b"\0" * (module.MAX_RECORD_BYTES + 1)), "it is too long"),
        (lambda path: path.write_bytes(b"VERSION=9\0END=1\0"), "version"),
    ],
    ids=["directory", "fifo", "long", "version"],
)
def test_what_is_no_record_is_refused(spool, make, reason):
    make(spool.directory / NAME)
    with pytest.raises(RecordError, match=reason):
        spool.read(NAME)
    spool.refuse(NAME)
    assert spool.look(10).events == []
    assert list(spool.refused_files()) == [NAME]
    assert spool.refused.stat().st_mode & 0o777 == 0o700


def test_a_link_is_not_followed(spool, tmp_path):
    (tmp_path / "secret").write_bytes(write_record(record()))
    (spool.directory / NAME).symlink_to(tmp_path / "secret")
    with pytest.raises(OSError, match="symbolic links"):
        spool.read(NAME)
    spool.refuse(NAME)
    assert (tmp_path / "secret").exists()


def test_a_half_written_file_is_incomplete(spool):
    (spool.directory / NAME).write_bytes(write_record(record())[:100])
    with pytest.raises(Incomplete):
        spool.read(NAME)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(spool, content):
    (spool.directory / NAME).write_bytes(content)
    with suppress(RecordError):
        spool.read(NAME)


def test_what_was_refused_is_bounded_in_number(spool, monkeypatch):
    monkeypatch.setattr(module, "MAX_REFUSED_FILES", 3)
    for job in range(5):
        spool.put(event(job + 1, time=1795280000 + job))
    names = spool.look(10).events
    for name in names:
        spool.refuse(name)
    assert sorted(spool.refused_files()) == names[2:]


def test_what_was_refused_is_bounded_in_size(spool, monkeypatch):
    monkeypatch.setattr(module, "MAX_REFUSED_BYTES", 100_000)
    names = [f"179528000025000{number}.1.job-started.1.event" for number in range(4)]
    for name in names:
        (spool.directory / name).write_bytes(b"x" * 40_000)
        spool.refuse(name)
    assert sorted(spool.refused_files()) == names[2:]


def test_a_directory_among_what_was_refused_goes_too(spool, monkeypatch):
    monkeypatch.setattr(module, "MAX_REFUSED_FILES", 1)
    (spool.directory / NAME / "within").mkdir(parents=True)
    spool.refuse(NAME)
    later = NAME.replace("1795", "1796")
    (spool.directory / later).touch()
    spool.refuse(later)
    assert list(spool.refused_files()) == [later]


def test_a_file_that_has_gone_is_not_refused(spool):
    spool.refuse(NAME)
    assert spool.refused_files() == {}


def test_what_a_killed_writer_left_behind_is_adopted(spool):
    (spool.directory / ".tmp.77.1").write_bytes(write_record(record()))
    spool.adopt(".tmp.77.1")
    (name,) = spool.look(10).events
    assert name == NAME.replace(".77.", ".0.")
    assert spool.read(name) == record()


def test_what_is_half_written_or_of_nothing_is_not_adopted(spool):
    (spool.directory / ".tmp.77.1").write_bytes(write_record(record())[:-1])
    with pytest.raises(Incomplete):
        spool.adopt(".tmp.77.1")
    (spool.directory / ".tmp.77.2").write_bytes(write_record({"HOOK": "prolog", "SLURM_JOB_ID": "../../x"}))
    with pytest.raises(RecordError, match="does not say of what"):
        spool.adopt(".tmp.77.2")


def test_a_writer_that_was_only_slow_is_no_error(spool, monkeypatch):
    path = spool.directory / ".tmp.77.1"
    path.write_bytes(write_record(record()))
    read = spool.read

    def read_and_lose(name):
        values = read(name)
        path.unlink()
        return values

    monkeypatch.setattr(spool, "read", read_and_lose)
    spool.adopt(".tmp.77.1")
    assert spool.look(10).events == []


def test_an_event_that_cannot_be_written_leaves_nothing(spool):
    name = spool.directory / f"{round(event().time * 1e6)}.7.job-started.0.event"
    name.mkdir()  # in the way of the rename
    with pytest.raises(OSError):
        spool.put(event())
    assert spool.look(10).temporary == []


def test_two_nodes_on_one_host_lose_the_same_job_at_the_same_time(spool):
    spool.put(event(7, node="n1"))
    spool.put(event(7, node="n2"))
    assert {spool.read(name)["NODE"] for name in spool.look(9).events} == {"n1", "n2"}


def test_several_threads_put(spool):
    def put(first):
        for job in range(first, first + 50):
            spool.put(event(job))

    threads = [threading.Thread(target=put, args=(first,)) for first in (1, 1001, 2001)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert spool.look(1000).total == 150
