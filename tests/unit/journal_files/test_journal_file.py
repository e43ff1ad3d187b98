"""The program that keeps entries of the journal in a file, as a process, with a stand-in for journalctl."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

PROGRAM = Path(__file__).parents[3] / "roles/_journal_files/files/journal_file.py"
STAND_IN = Path(__file__).parent / "journalctl.py"
PATIENCE = 60.0  # of a machine that is very busy


def eventually(true: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, f"{what} did not come"
        time.sleep(0.01)


class Journal:
    """A journal, a file, and the program between them."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.path, self.state, self.entries = home / "kernel.log", home / "state/cursor.json", home / "journal"
        self.state.parent.mkdir()
        self.entries.touch()
        (home / "bin").mkdir()
        command = home / "bin/journalctl"
        command.write_text(f'#!/bin/sh\nexec {sys.executable} {STAND_IN} "$@"\n')
        command.chmod(0o755)
        self.process: subprocess.Popen[bytes] | None = None

    def add(self, message: Any, **fields: Any) -> None:
        entry = {
            "__REALTIME_TIMESTAMP": "1757365895869001",
            "_HOSTNAME": "node1",
            "SYSLOG_IDENTIFIER": "kernel",
            "_TRANSPORT": "kernel",
            "MESSAGE": message,
            **fields,
        }
        with self.entries.open("a") as file:
            file.write(json.dumps(entry) + "\n")

    def start(self, max_bytes: int = 1 << 20, *matches: str) -> None:
        environment = {**os.environ, "PATH": f"{self.home}/bin:{os.environ['PATH']}", "JOURNAL": str(self.entries)}
        arguments = [str(self.path), str(self.state), str(max_bytes), *(matches or ["_TRANSPORT=kernel"])]
        self.process = subprocess.Popen([sys.executable, PROGRAM, *arguments], env=environment, start_new_session=True)

    def kill(self) -> None:
        """As systemd does, or a power cut: nobody gets to say goodbye."""
        if self.process and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def text(self) -> str:
        return self.path.read_text() if self.path.exists() else ""

    def wait_for(self, text: str) -> None:
        eventually(lambda: text in self.text(), text)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(tmp_path)
    yield journal
    journal.kill()


def test_an_entry_is_a_line_with_its_date(journal: Journal) -> None:
    journal.add("usb 1-1: new device")
    journal.add("of the journal's own daemon", _TRANSPORT="driver", SYSLOG_IDENTIFIER="systemd-journald")
    journal.add("two\nlines\n", SYSLOG_IDENTIFIER=None, _COMM="slurmd", _PID="42")
    journal.add([104, 105, 255], _SOURCE_REALTIME_TIMESTAMP="1757365895000000")
    journal.add("last")
    journal.start()
    journal.wait_for("last\n")
    date = "2025-09-08T21:11:35"
    assert journal.text().splitlines() == [
        f"{date}.869001+00:00 node1 kernel: usb 1-1: new device",
        f"{date}.869001+00:00 node1 slurmd[42]: two",
        f"{date}.869001+00:00 node1 slurmd[42]: lines",
        f"{date}.000000+00:00 node1 kernel: hi\N{REPLACEMENT CHARACTER}",
        f"{date}.869001+00:00 node1 kernel: last",
    ]


def test_a_restart_goes_on_where_it_was(journal: Journal) -> None:
    journal.add("first")
    journal.start()
    journal.wait_for("first\n")
    eventually(lambda: json.loads(journal.state.read_text())["cursor"] == "1", "the cursor")
    journal.kill()
    journal.add("while it was away")
    journal.start()
    journal.wait_for("while it was away\n")
    assert journal.text().count("first") == 1


def test_whenever_it_is_killed_nothing_is_lost_or_doubled(journal: Journal) -> None:
    def written() -> str:
        files = [Path(f"{journal.path}.1"), journal.path]
        return "".join(file.read_text() for file in files if file.exists())

    dice = random.Random(7)
    count = kills = 0
    while kills < 8 or f"number {count - 1}\n" not in written():
        if not count or f"number {count - 1}\n" in written():
            for number in range(count, count + 3000):
                more = f"\n{'x' * dice.randrange(200)}" if number % 10 == 0 else ""
                journal.add(f"number {number}{more}")
            count += 3000
        before = written()
        journal.start(60_000)
        eventually(lambda before=before: written() != before, "a further line")
        time.sleep(dice.uniform(0, 0.02))
        journal.kill()
        kills += 1
    numbers = [int(line.rsplit(" ", 1)[1]) for line in written().splitlines() if " kernel: number " in line]
    assert numbers == list(range(numbers[0], count)), f"after {kills} kills"
    assert numbers[0] > 0, "nothing was rotated"


@pytest.mark.parametrize("torn_at", [1, 40, 70, 200])
def test_what_was_written_and_not_noted_is_not_written_again(journal: Journal, torn_at: int) -> None:
    """A kill between the file and the state, at any byte."""
    journal.start()
    eventually(journal.state.exists, "the state")
    journal.kill()
    for number in range(4):
        journal.add(f"message {number}")
    whole = "".join(f"2025-09-08T21:11:35.869001+00:00 node1 kernel: message {number}\n" for number in range(4))
    journal.path.write_text(whole[:torn_at])
    journal.start()
    journal.wait_for("message 3\n")
    assert journal.text() == whole


def test_what_others_wrote_into_the_file_is_no_part_of_a_line(journal: Journal) -> None:
    journal.start()
    eventually(journal.state.exists, "the state")
    journal.kill()
    journal.path.write_text("something else")
    journal.add("message")
    journal.start()
    journal.wait_for("message\n")
    assert journal.text().splitlines() == [
        "something else",
        "2025-09-08T21:11:35.869001+00:00 node1 kernel: message",
    ]


def test_a_full_file_is_renamed_so_that_its_readers_reach_its_end(journal: Journal) -> None:
    journal.add("a" * 2000)
    journal.start(1000)
    journal.wait_for("")
    rotated = Path(f"{journal.path}.1")
    eventually(rotated.exists, "the rotation")
    with rotated.open() as reader:
        assert "a" * 2000 in reader.read()
    journal.add("after it")
    journal.wait_for("after it\n")
    assert "aaaa" not in journal.text()


def test_its_end_is_told_when_journalctl_ends(journal: Journal) -> None:
    journal.add("the end")
    journal.start()
    assert journal.process
    assert journal.process.wait(PATIENCE) == 1
    assert "the end\n" in journal.text()


def test_without_arguments_it_explains_itself() -> None:
    done = subprocess.run([sys.executable, PROGRAM], capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "MAX_BYTES" in done.stderr
