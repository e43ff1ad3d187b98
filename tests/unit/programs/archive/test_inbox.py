"""Events on their way from the spool to the archive."""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slurm_observability.archive import inbox as module
from slurm_observability.archive.inbox import INCOMPLETE_SECONDS, RETRY_SECONDS, Inbox
from slurm_observability.archive.reading import NotNow
from slurm_observability.jobs.event import PROLOG, JobEvent
from slurm_observability.jobs.hook_event import record_of
from slurm_observability.jobs.hook_record import write_record

from tests.unit.programs.archive.conftest import START, finished, started, write_event

# By a clock that has nothing to do with the time of day, which is all that events know.
NOW = 100.0


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    path = tmp_path / "spool"
    path.mkdir()
    return path


def inbox(spool: Path, max_waiting: int = 100, patience: float = 1000.0) -> Inbox:
    return Inbox(spool, max_waiting, patience)


def hangs(_event: JobEvent) -> None:
    raise NotNow("it hangs")


def events(spool: Path) -> list[str]:
    return sorted(path.name for path in spool.iterdir() if path.is_file())


def test_an_event_stays_until_it_is_done_with(spool: Path) -> None:
    write_event(spool, started(7))
    seen = []

    def archive(event: JobEvent) -> None:
        assert len(events(spool)) == 1
        seen.append(event.job_id)

    box = inbox(spool)
    box.work(NOW, archive)

    assert (seen, events(spool), box.handled) == ([7], [], 1)


def test_starts_come_first(spool: Path) -> None:
    write_event(spool, finished(7, time=START))
    write_event(spool, started(9, time=START + 2))
    write_event(spool, started(8, time=START + 1))
    seen: list[int] = []

    inbox(spool).work(NOW, lambda event: seen.append(event.job_id))

    assert seen == [8, 9, 7]


def test_starts_that_come_while_the_end_of_others_takes_long_do_not_wait_for_all_of_them(
    spool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a dead file server each end of a job takes as long as a reader may."""
    monkeypatch.setattr(module, "PASS_SECONDS", 0.0)
    for job_id in (6, 7):
        write_event(spool, finished(job_id, time=START + job_id))
    box = inbox(spool)
    seen: list[int] = []

    def archive(event: JobEvent) -> None:
        seen.append(event.job_id)
        if event.job_id == 6:
            write_event(spool, started(8, time=START + 8))
            raise NotNow("it hangs")

    for _turn in range(4):
        box.work(NOW, archive)

    assert seen == [6, 8, 7]


def test_a_path_keeps_its_bytes(spool: Path) -> None:
    path = write_event(spool, finished(7, stdout="/home/OUT"))
    path.write_bytes(path.read_bytes().replace(b"/OUT", b"/\xff\n"))
    seen: list[str] = []

    inbox(spool).work(NOW, lambda event: seen.append(event.stdout))

    assert [os.fsencode(path) for path in seen] == [b"/home/\xff\n"]


def test_what_has_to_wait_is_tried_again_and_given_up_one_day(spool: Path, caplog: pytest.LogCaptureFixture) -> None:
    write_event(spool, started(7))
    box = inbox(spool)

    box.work(NOW, hangs)
    assert (box.postponed, len(events(spool))) == (1, 1)
    box.work(NOW + 1, hangs)
    assert box.postponed == 1  # not yet
    box.work(NOW + RETRY_SECONDS, hangs)
    assert box.postponed == 2
    box.work(NOW + 1000.0, hangs)

    assert (box.dropped, events(spool)) == (1, [])
    assert "job 7 is given up: it hangs" in caplog.text


def test_events_of_nodes_are_none_of_its_business(spool: Path) -> None:
    write_event(spool, started(7, origin=PROLOG))
    box = inbox(spool)

    box.work(NOW, hangs)

    assert (events(spool), box.handled) == ([], 1)


def test_what_is_no_event_is_refused(spool: Path) -> None:
    (spool / "bad.event").write_bytes(b"VERSION=1\0KIND=x\0END=1\0")
    box = inbox(spool)

    box.work(NOW, hangs)

    assert (box.refused, events(spool)) == (1, [])
    assert [path.name for path in (spool / "refused").iterdir()] == ["bad.event"]


def test_an_event_that_cannot_be_read_keeps_the_others_from_nothing(
    spool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for job_id in (7, 8):
        write_event(spool, started(job_id, time=START + job_id))
    real = os.open

    def denied(path: Path, flags: int, *more: int) -> int:
        if ".7." in str(path):
            raise PermissionError
        return real(path, flags, *more)

    monkeypatch.setattr(os, "open", denied)
    seen: list[int] = []

    inbox(spool).work(NOW, lambda event: seen.append(event.job_id))

    assert seen == [8]
    assert len(events(spool)) == 1


def test_what_has_no_end_is_waited_for(spool: Path) -> None:
    path = write_event(spool, started(7))
    whole = path.read_bytes()
    path.write_bytes(whole[:-10])
    box = inbox(spool)
    seen: list[int] = []

    box.work(NOW, lambda event: seen.append(event.job_id))
    assert (box.refused, seen) == (0, [])
    path.write_bytes(whole)
    box.work(NOW + 2.0, lambda event: seen.append(event.job_id))

    assert seen == [7]


def test_what_has_no_end_is_refused_in_the_end(spool: Path) -> None:
    path = write_event(spool, started(7))
    path.write_bytes(path.read_bytes()[:-10])
    box = inbox(spool)

    box.work(NOW, hangs)
    assert box.refused == 0
    box.work(NOW + INCOMPLETE_SECONDS, hangs)

    assert box.refused == 1


def test_what_a_killed_hook_left_behind_is_taken_on(spool: Path) -> None:
    (spool / ".tmp.1.1").write_bytes(write_record(record_of(started(7))))
    (spool / ".tmp.1.2").write_bytes(b"VERSION=1\0")
    seen: list[int] = []
    box = inbox(spool)

    box.work(NOW, lambda event: seen.append(event.job_id))
    assert len(events(spool)) == 2  # a hook may still be at it
    (spool / ".tmp.1.3").write_bytes(b"")
    for _turn in range(2):
        box.work(NOW + INCOMPLETE_SECONDS, lambda event: seen.append(event.job_id))

    assert (seen, events(spool)) == ([7], [".tmp.1.3"])


def test_a_spool_that_is_not_there_is_said_once_and_waited_for(spool: Path, caplog: pytest.LogCaptureFixture) -> None:
    spool.rmdir()
    box = inbox(spool)
    caplog.set_level(logging.ERROR)

    for _turn in range(2):
        box.work(NOW, hangs)
        box.bound()
    assert len(caplog.records) == 1
    spool.mkdir()
    write_event(spool, started(7))
    box.work(NOW, lambda event: None)

    assert box.handled == 1


def test_what_waits_is_counted_and_bounded(spool: Path) -> None:
    for job_id in range(1, 6):
        write_event(spool, started(job_id, time=START + job_id))
    box = inbox(spool, max_waiting=3)

    box.bound()

    assert (box.dropped, box.waiting, box.oldest) == (2, 3, START + 3)
    assert [name.split(".")[1] for name in events(spool)] == ["3", "4", "5"]
    box.bound()
    assert box.dropped == 2


def test_an_empty_spool(spool: Path) -> None:
    box = inbox(spool)

    box.bound()

    assert (box.waiting, box.oldest) == (0, None)


def test_a_spool_that_did_not_change_is_not_read(
    spool: Path, monkeypatch: pytest.MonkeyPatch, eventually: Callable[..., None]
) -> None:
    box = inbox(spool)
    looks = []

    def settled() -> bool:
        looks.clear()
        box.work(NOW, hangs)
        return not looks

    real = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: (looks.append(path), real(path))[1])

    eventually(settled)


@given(st.lists(st.binary(max_size=200), max_size=5))
def test_whatever_lies_in_the_spool_the_good_event_is_archived(contents: list[bytes]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        spool = Path(directory)
        for number, content in enumerate(contents):
            (spool / f"{number:016}.{number + 1}.job-started.1.event").write_bytes(content)
        (spool / "0.event").mkdir()
        write_event(spool, started(99))
        seen: list[int] = []

        inbox(spool).work(NOW, lambda event: seen.append(event.job_id))

        assert seen == [99]
