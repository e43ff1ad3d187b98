"""Tasks in the background: run again and again, whatever they raise."""

from __future__ import annotations

import logging
import threading

from slurm_observability.service import background
from slurm_observability.service.background import Background, Task


def test_a_task_is_run_again_and_again(eventually):
    runs = []
    tasks = Background([Task("count", 0.01, lambda: runs.append(1))])
    tasks.start()
    eventually(lambda: len(runs) > 3)
    tasks.stop()
    done = len(runs)
    health = tasks.health["count"]
    assert (health.runs, health.errors, health.problem) == (done, 0, "")
    assert health.last_success is not None


def test_a_task_that_fails_is_said_once_and_run_again(caplog):
    caplog.set_level(logging.INFO)
    faults = [ValueError("a\nb"), ValueError("a\nb"), KeyError()]

    def run() -> None:
        if faults:
            raise faults.pop(0)

    task = Task("fail", 60, run)
    tasks = Background([task])
    for _ in range(5):
        tasks.run_once(task)
    health = tasks.health["fail"]
    assert (health.runs, health.errors, health.problem) == (5, 3, "")
    assert [record.message for record in caplog.records] == ["fail: a b", "fail: KeyError", "fail works again"]


def test_a_task_waits_for_its_turn(eventually):
    ready, runs = threading.Event(), []
    tasks = Background([Task("wait", 60, lambda: runs.append(1), ready)])
    tasks.start()
    assert not runs
    ready.set()
    eventually(lambda: runs)
    tasks.stop()


def test_a_task_that_still_waits_ends(monkeypatch):
    monkeypatch.setattr(background, "WAIT_SECONDS", 0.01)
    tasks = Background([Task("wait", 60, lambda: None, threading.Event())])
    tasks.start()
    tasks.stop()
    assert tasks.health["wait"].runs == 0
    assert "wait" not in {thread.name for thread in threading.enumerate()}


def test_a_task_that_hangs_is_left_behind(monkeypatch, eventually):
    monkeypatch.setattr(background, "STOP_SECONDS", 0.05)
    begun, go_on = threading.Event(), threading.Event()

    def hang() -> None:
        begun.set()
        go_on.wait(60)

    tasks = Background([Task("hang", 60, hang)])
    tasks.start()
    assert begun.wait(60)
    tasks.stop()
    go_on.set()
