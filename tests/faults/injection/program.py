"""The exporter under test: a process of its own, started, killed and asked."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
import urllib.request
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families
from simulated_cluster.command import run

PORT = 9500
STAND_INS = Path("/run/stand-ins")
"""First on the program's PATH. Empty, unless a fault puts a command there."""
STATE = Path("/run/exporter-state")
"""A file system of its own, small enough to be filled."""

Samples = dict[tuple[str, str, str], float]
"""Values by metric, partition and state; empty where the sample has no such label."""


class Program:
    """azslurm-exporter, refreshing every second. Its log is kept in a file."""

    def __init__(self, reset: int) -> None:
        self.reset = reset
        self.log = Path("/run/exporter.log")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, user: str = "slurm", clock: Path | None = None, **environment: str) -> None:
        """Start it, with a clock that runs ahead by the seconds in the file `clock`."""
        module = ["injection.shifted_clock", str(clock)] if clock else ["slurm_observability.exporter"]
        options = {
            "port": PORT,
            "interval": 1,
            "timeout": 3,
            "reset-time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.reset)),
            "state-directory": STATE,
        }
        as_user = ["setpriv", "--reuid", user, "--regid", user, "--init-groups"]
        command = [*as_user, "python3", "-m", *module, *(f"--{name}={value}" for name, value in options.items())]
        path = f"{STAND_INS}:{os.environ['PATH']}"
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command, env={**os.environ, "PATH": path, "PYTHONFAULTHANDLER": "1", **environment}, stderr=log
            )

    @property
    def alive(self) -> bool:
        """True while the process runs."""
        return self._process is not None and self._process.poll() is None

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Send a signal and wait for the end; raise RuntimeError with the stack of each thread when there is none."""
        assert self._process is not None
        self._process.send_signal(number)
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.send_signal(signal.SIGABRT)
            self._process.wait()
            raise RuntimeError(f"signal {number} did not end the program: {self.log.read_text()[-5000:]}") from None

    def page(self) -> str:
        """Ask for /metrics. Raises OSError."""
        with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/metrics", timeout=10) as response:
            return str(response.read().decode())

    def history_complete(self) -> bool:
        """Tell whether it has read the whole history."""
        try:
            return "\nslurm_exporter_history_complete 1\n" in self.page()
        except OSError:
            return False


def samples(page: str) -> Samples:
    """Return the samples of a page."""
    return {
        (sample.name, sample.labels.get("partition", ""), sample.labels.get("state", "")): sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
        if not sample.labels.keys() - {"partition", "state"}
    }


def sources_down(page: str) -> set[str]:
    """Return the sources whose last refresh failed, as a page says."""
    return set(re.findall(r'^slurm_exporter_source_up\{source="(\w+)"\} 0', page, re.MULTILINE))


def forget_state(owner: str = "slurm") -> None:
    """Give the program a new, empty place for its state, eight megabytes large."""
    if STATE.exists():
        subprocess.run(["umount", "--lazy", str(STATE)], check=False)
    STATE.mkdir(exist_ok=True)
    run("mount", "-t", "tmpfs", "-o", "size=8m,mode=0755", "tmpfs", str(STATE))
    own_state(owner)


def own_state(user: str) -> None:
    """Give the place of the state and what is in it to a user; nobody else may write there."""
    run("chown", "--recursive", f"{user}:", str(STATE))
