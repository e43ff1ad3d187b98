"""Shell scripts that run on a machine of the lab in the background, each as a unit of its own."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager

from tests.integration.lab.support import Lab

OUTPUT = "/run/{unit}.out"


@contextmanager
def running(lab: Lab, machine: str, unit: str, script: str, user: str = "root") -> Iterator[None]:
    """Run a script of bash on a machine meanwhile. What it prints is in the file OUTPUT there."""
    path, output = f"/run/{unit}.sh", OUTPUT.format(unit=unit)
    encoded = base64.b64encode(script.encode()).decode()
    options = f"--quiet --collect --unit={unit} --uid={user} --property=StandardOutput=file:{output}"
    lab.run(machine, f"rm -f {output}; echo {encoded} | base64 -d >{path}; systemd-run {options} bash {path}")
    try:
        yield
    finally:
        lab.run(machine, f"systemctl stop {unit} 2>/dev/null || true")
