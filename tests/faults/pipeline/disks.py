"""Faults of the file systems on which a program keeps what it must not lose."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.integration.lab.support import Lab

SPOOL = "/run/slurm-observability/spool"
DATABASE = "/var/lib/job-observability"
_SMALL = "/run/job-faults"

# The directory moves to a small file system, which has room for something else beside it, and back.
_MOVE = """
set -e
systemctl stop {unit}
size=$(($(du --summarize --block-size=1M {directory} | cut -f1) + {spare_mib}))
mkdir -p {small}
mount -t tmpfs -o size=${{size}}m tmpfs {small}
cp -a {directory} {small}/held
mount --bind {small}/held {directory}
systemctl start {unit}
"""
_MOVE_BACK = """
set -e
systemctl stop {unit}
umount {directory}
cp -a --remove-destination {small}/held/. {directory}/
umount {small}
systemctl start {unit}
"""


@contextmanager
def small(lab: Lab, machine: str, unit: str, directory: str, spare_mib: int) -> Iterator[None]:
    """A directory of a program is on a file system of its own meanwhile, with so many MiB left."""
    names = {"unit": unit, "directory": directory, "small": _SMALL, "spare_mib": spare_mib}
    lab.run(machine, _MOVE.format(**names))
    yield
    lab.run(machine, _MOVE_BACK.format(**names))


@contextmanager
def full(lab: Lab, machine: str) -> Iterator[None]:
    """Something else takes all the room there meanwhile."""
    lab.run(machine, f"cat /dev/zero >{_SMALL}/filler 2>/dev/null; test -s {_SMALL}/filler")
    yield
    lab.run(machine, f"rm {_SMALL}/filler")


@contextmanager
def read_only(lab: Lab, machine: str) -> Iterator[None]:
    """Nothing can be written there meanwhile."""
    lab.run(machine, f"for attempt in $(seq 100); do mount -o remount,ro {_SMALL} && exit; sleep 0.1; done; exit 1")
    yield
    lab.run(machine, f"mount -o remount,rw {_SMALL}")
