"""A real dstack server on loopback, of the installation that DSTACK_VENV names."""

from __future__ import annotations

import os
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

METRICS_TOKEN = "of-prometheus"
START_SECONDS = 120


class DstackServer:
    """Runs until :meth:`close`. It starts nothing by itself and asks no cloud: the records stay as they are."""

    def __init__(self, installation: Path, directory: Path, **environment: str) -> None:
        self._python = installation / "bin" / "python"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.address = f"127.0.0.1:{probe.getsockname()[1]}"
        self.url = f"http://{self.address}"
        self._log = directory / "dstack.log"
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(directory),
            "DSTACK_SERVER_DIR": str(directory / "server"),
            "DSTACK_SERVER_BACKGROUND_PROCESSING_DISABLED": "1",
            "DSTACK_SERVER_ADMIN_TOKEN": "of-the-server",
            "DSTACK_PROMETHEUS_AUTH_TOKEN": METRICS_TOKEN,
            **environment,
        }
        host, port = self.address.split(":")
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [installation / "bin" / "dstack", "server", "--host", host, "--port", port, "-y"],
                env=self._environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=directory,
            )

    def wait(self) -> None:
        """Return when it answers."""
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                with urllib.request.urlopen(f"{self.url}/healthcheck", timeout=5):
                    return
            except OSError:
                assert self._process.poll() is None and time.monotonic() < deadline, self._log.read_text()
                time.sleep(0.2)

    def fill(self) -> None:
        """Write the records."""
        script = Path(__file__).with_name("records.py")
        subprocess.run([self._python, script], env=self._environment, check=True, timeout=120)

    def close(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait(30)
