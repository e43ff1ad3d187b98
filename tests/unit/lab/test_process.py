"""Background processes, with real ones."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from lab.process import Background


@pytest.fixture
def process(tmp_path: Path) -> Background:
    return Background(tmp_path / "pid", tmp_path / "log")


def test_a_process_is_known_while_it_runs_and_ended_by_its_pid(process: Background) -> None:
    pid = process.start(["sleep", "60"])
    assert process.pid == pid
    assert os.getsid(pid) == pid, "it must survive the session that started it"
    process.stop()
    assert process.pid is None
    process.stop()


def test_one_that_ignores_the_request_is_ended_all_the_same(process: Background) -> None:
    process.start(["sh", "-c", "trap '' TERM; echo ready; while :; do sleep 0.1; done"])
    deadline = time.monotonic() + 5
    while "ready" not in process.log_tail() and time.monotonic() < deadline:
        time.sleep(0.02)
    process.stop(patience_s=0.2)
    assert process.pid is None


def test_one_that_ended_by_itself_is_gone(process: Background) -> None:
    process.start(["sh", "-c", "echo last words"])
    assert process.wait(5)
    assert process.log_tail() == "last words"


def test_a_pid_that_another_process_now_has_is_left_alone(process: Background, tmp_path: Path) -> None:
    """After a reboot of the host the pid file may name this very test."""
    (tmp_path / "pid").write_text(f"{os.getpid()} 1\n")
    assert process.pid is None
    process.stop()


@pytest.mark.parametrize("content", ["", "12", "one two three"])
def test_a_damaged_pid_file_is_no_process(process: Background, tmp_path: Path, content: str) -> None:
    (tmp_path / "pid").write_text(content)
    assert process.pid is None
