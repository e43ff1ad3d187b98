"""The helper on the host that plays the cloud: it boots and stops CLOUD machines as Slurm's power programs ask.

Run as `python3 -m lab.power NAME`; bin/lab up starts it, bin/lab down ends it.
"""

from __future__ import annotations

import os
import re
import sys
import time
from pathlib import Path

from lab import state, topology
from lab.container import Container
from lab.errors import LabError
from lab.process import Background

_POLL_S = 0.5
# <nanoseconds>.<up|down>.<node>, as lab/guest.py's power programs write it.
_REQUEST = re.compile(r"\d+\.(up|down)\.([a-z0-9]+)")


def helper(lab: state.Lab) -> Background:
    """The helper process of a lab."""
    return Background(lab.folder / "power.pid", lab.folder / "power.log")


def start_helper(lab: state.Lab) -> None:
    """Start the helper of a lab. Harmless when it runs."""
    lab.power_requests.mkdir(parents=True, exist_ok=True)
    # Written by the account slurm of head.
    lab.power_requests.chmod(0o1777)
    if helper(lab).pid is None:
        repository = Path(__file__).resolve().parent.parent
        helper(lab).start(
            [sys.executable, "-m", "lab.power", lab.name],
            env={"PYTHONPATH": str(repository), "LAB_HOME": str(state.home())},
        )


def parse_request(name: str) -> tuple[str, str] | None:
    """Return (direction, node) of a request file's name, None for anything else."""
    match = _REQUEST.fullmatch(name)
    return (match.group(1), match.group(2)) if match else None


def carry_out(lab: state.Lab, direction: str, node: str) -> None:
    """Boot or stop a CLOUD machine; a node that only exists in Slurm's configuration is left to time out."""
    if node not in topology.BOOTABLE_CLOUD_NODES:
        _log(f"{node} {direction}: not one that boots, left alone")
        return
    machine = Container(lab, node)
    if direction == "up":
        # A new machine each time, as in a cloud.
        if not machine.running:
            machine.erase()
        machine.boot()
    else:
        machine.shut_down()
        machine.erase()
    _log(f"{node} {direction}: done")


def main(name: str) -> None:
    """Carry out requests in the order they were made, until ended."""
    lab = state.Lab(name)
    _log(f"helper of lab {name}, pid {os.getpid()}")
    while lab.exists:
        for request in sorted(lab.power_requests.iterdir()):
            parsed = parse_request(request.name)
            if parsed is not None:
                try:
                    carry_out(lab, *parsed)
                except (LabError, OSError) as error:
                    _log(f"{request.name}: {error}")
                request.unlink()
        time.sleep(_POLL_S)


def _log(text: str) -> None:
    print(time.strftime("%Y-%m-%dT%H:%M:%S"), text, flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
