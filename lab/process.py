"""Processes that outlive the command that started them. Each is known by a pid file and ended by its pid alone."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path


class Background:
    """One long-running process with a pid file and a log file in the folder of its lab."""

    def __init__(self, pid_file: Path, log_file: Path) -> None:
        self._pid_file = pid_file
        self._log_file = log_file

    def start(self, argv: list[str], env: Mapping[str, str] | None = None) -> int:
        """Start `argv` in a session of its own, so that it survives the shell, and return its pid.

        `env` is added to the environment of this process.
        """
        self._pid_file.parent.mkdir(parents=True, exist_ok=True)
        with self._log_file.open("ab") as log:
            process = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env={**os.environ, **(env or {})},
                cwd="/",
            )
        self._pid_file.write_text(f"{process.pid} {_start_time(process.pid)}\n")
        return process.pid

    @property
    def pid(self) -> int | None:
        """The pid while the process runs, else None. A pid that was handed on to another process is not ours."""
        try:
            pid_text, start_time = self._pid_file.read_text().split()
        except (OSError, ValueError):
            return None
        pid = int(pid_text)
        return pid if start_time != "-" and _start_time(pid) == start_time else None

    def stop(self, patience_s: float = 10.0) -> None:
        """Ask the process to end, insist after `patience_s`, and return when it is gone."""
        pid = self.pid
        if pid is not None:
            send(pid, signal.SIGTERM)
            if not self.wait(patience_s):
                send(pid, signal.SIGKILL)
                self.wait(10.0)
        self._pid_file.unlink(missing_ok=True)

    def wait(self, timeout_s: float) -> bool:
        """True as soon as the process is gone, False when it is still there after `timeout_s`."""
        deadline = time.monotonic() + timeout_s
        while self.pid is not None:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return True

    def log_tail(self, lines: int = 10) -> str:
        """The last lines the process wrote."""
        try:
            text = self._log_file.read_text(errors="replace")
        except OSError:
            return ""
        return "\n".join(text.splitlines()[-lines:])


def _start_time(pid: int) -> str:
    """The start time of a process in clock ticks since boot, "-" when it is gone or only a zombie is left."""
    try:
        # The second field, the name, may itself contain blanks and brackets.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return "-"
    return "-" if fields[0] in "ZX" else fields[19]


def send(pid: int, number: signal.Signals) -> None:
    """Send a signal to a process; one that is already gone is no error."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
