"""The agent as a program of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from http.client import HTTPConnection
from pathlib import Path

import slurm_observability

SOURCE = Path(slurm_observability.__file__).parents[1]


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "slurm_observability.agent", *arguments]


def environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("JOB_AGENT_", "OBSERVABILITY_"))}
    return {**kept, "PYTHONPATH": str(SOURCE), **more}


def run(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments), env=environment(**more), capture_output=True, text=True, timeout=60, check=False
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


class Program:
    """An agent that runs."""

    def __init__(self, *arguments: str, log: Path, mode: str = "controller") -> None:
        self.port = free_port()
        self._log = log.open("a")
        self._process = subprocess.Popen(
            command("--port", str(self.port), "--mode", mode, *arguments), env=environment(), stderr=self._log
        )

    def page(self, path: str) -> tuple[int, str]:
        """Return status and text of a page; 0 while nobody listens."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read().decode()
        except OSError:
            return 0, ""
        finally:
            connection.close()

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal; return the exit status."""
        self._process.send_signal(number)
        return self._wait()

    def close(self) -> None:
        self._process.kill()
        self._wait()

    def _wait(self) -> int:
        status = self._process.wait(30)
        self._log.close()
        return status
