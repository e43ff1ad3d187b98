"""Waiting for jobs that begin and for steps that end."""

from __future__ import annotations

import errno
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from slurm_observability.agent.activity import Activity
from slurm_observability.agent.inotify import Inotify

from tests.unit.programs.agent.node_tree import remove, write
from tests.unit.programs.agent.observed_node import ObservedNode

LONG = 60.0  # nothing waits for so long


@pytest.fixture
def activity(tmp_path: Path) -> Activity:
    (tmp_path / "scope").mkdir()
    activity = Activity()
    activity.watch_scope(str(tmp_path / "scope"))
    return activity


def next_of(activity: Activity) -> set[str]:
    """Wait for the next job that is to be read."""
    while not (found := activity.wait(LONG)):
        pass
    return found


def test_a_job_that_begins(activity: Activity, tmp_path: Path) -> None:
    (tmp_path / "scope/job_7").mkdir()
    assert next_of(activity) == {str(tmp_path / "scope/job_7")}
    assert activity.wait(0.0) == set()


def test_its_steps_take_a_moment(activity: Activity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("slurm_observability.agent.activity.SETTLE_SECONDS", LONG)
    (tmp_path / "scope/job_7").mkdir()
    assert activity.wait(LONG) == set()
    assert activity.wait(0.0) == set()


def test_a_step_that_begins_and_ends(activity: Activity, tmp_path: Path) -> None:
    job, events = tmp_path / "scope/job_7", tmp_path / "scope/job_7/step_0/user/cgroup.events"
    job.mkdir()
    activity.watch_job(str(job), [])
    write(events, "populated 1\n")
    assert next_of(activity) == {str(job)}
    activity.watch_job(str(job), [str(events), str(events)])
    activity.watch_job(str(job), [str(events)])
    write(events, "populated 0\n")
    assert next_of(activity) == {str(job)}


def test_not_each_of_many_short_steps(activity: Activity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    events = tmp_path / "scope/job_7/step_0/user/cgroup.events"
    write(events, "populated 1\n")
    activity.watch_job(str(tmp_path / "scope/job_7"), [str(events)])
    next_of(activity)
    monkeypatch.setattr("slurm_observability.agent.activity.PAUSE_SECONDS", LONG)
    write(events, "populated 0\n")
    assert activity.wait(0.0) == set()


def test_what_is_gone_is_forgotten(activity: Activity, tmp_path: Path) -> None:
    job = tmp_path / "scope/job_7"
    for _ in range(2):
        job.mkdir()
        activity.watch_job(str(job), [str(job / "none")])
        job.rmdir()
        assert next_of(activity) == {str(job)}


def test_what_happened_before_it_was_watched_is_nobodys(activity: Activity, tmp_path: Path) -> None:
    job = tmp_path / "scope/job_7"
    job.mkdir()
    activity.watch_job(str(job), [])
    activity.watch_job(str(job), [])
    job.rmdir()
    job.mkdir()  # with notes of the old one still to come
    activity.watch_job(str(job), [])
    assert next_of(activity) == {str(job)}


def test_it_can_be_woken_from_anywhere(activity: Activity) -> None:
    threading.Timer(0.05, activity.wake).start()
    assert activity.wait(LONG) == set()
    activity.wake()
    activity.wake()
    assert activity.wait(LONG) == set()
    began = time.monotonic()
    activity.wait(0.01)
    assert time.monotonic() - began >= 0.01


def test_without_inotify_it_waits_for_the_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(self: Inotify) -> None:
        self._file = -1
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr(Inotify, "__init__", none)
    activity = Activity()
    activity.watch_scope(str(tmp_path))
    (tmp_path / "job_7").mkdir()
    assert activity.wait(0.0) == set()


def test_a_file_that_is_not_there_cannot_be_watched(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Inotify().watch(str(tmp_path / "none"), 2)


def test_a_short_job_is_seen_between_two_looks(tmp_path: Path, eventually: Callable[..., None]) -> None:
    node = ObservedNode(tmp_path)
    node.watch.start()
    try:
        eventually(lambda: node.shown()["job_agent_last_look_timestamp_seconds"])
        path = node.tree.job("job_7", 7, pids=(501,))
        eventually(lambda: node.watch._sampler.table.jobs)
        node.tree.used(path, cpu=9.0, oom_kills=1, populated=False)
        write(path / "step_batch/user/cgroup.events", "populated 0\n")
        eventually(lambda: node.watch._sampler.table.jobs[("node1", 7)].usage.cpu_seconds == 9.0)
        remove(path)
        node.time += 1
        node.epilog(7)
        eventually(lambda: node.outbox.finals)
    finally:
        node.watch.stop()
    (final,) = node.outbox.finals
    assert (final.cpu_seconds, final.oom_kills) == (9.0, 1)
    assert node.outbox.events == []


def test_the_real_kernel_tells(tmp_path: Path) -> None:
    """Control groups of version 2 of this machine, where they are mounted and can be written to."""
    mounts = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
    roots = [Path(where) for _what, where, kind, *_options in mounts if kind == "cgroup2"]
    if not roots or not os.access(roots[0] / "cgroup.procs", os.W_OK):
        pytest.skip("no control groups of version 2 that can be written to")
    scope = roots[0] / f"observability-{os.getpid()}"
    job, user = scope / "job_7", scope / "job_7/step_0/user"
    scope.mkdir()
    try:
        activity = Activity()
        activity.watch_scope(str(scope))
        user.mkdir(parents=True)
        assert next_of(activity) == {str(job)}
        activity.watch_job(str(job), [str(user / "cgroup.events")])
        process = os.posix_spawn("/bin/sleep", ["sleep", "60"], {})
        (user / "cgroup.procs").write_text(str(process))
        next_of(activity)
        os.kill(process, 9)
        os.waitpid(process, 0)
        assert next_of(activity) == {str(job)}
        assert "populated 0" in (user / "cgroup.events").read_text()
    finally:
        for path in (user, user.parent, job, scope):
            if path.exists():
                path.rmdir()
