"""What a piece of work costs: time, CPU of its own, of its children and of Slurm's daemons, processes, RPCs."""

from __future__ import annotations

import os
import re
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from simulated_cluster.command import run

T = TypeVar("T")

DAEMONS = ("slurmctld", "slurmdbd", "mariadbd")
# sdiag counts the RPCs of each user. Nobody but the measurement runs commands as this one.
_RPCS_OF_SLURM = re.compile(r"^\s+slurm\s+\(\s*\d+\) count:(\d+)", re.MULTILINE)


@dataclass(frozen=True)
class Cost:
    """Seconds of wall clock and CPU, processes started, RPCs that slurmctld received."""

    wall: float
    own_cpu: float
    child_cpu: float
    daemon_cpu: float
    processes: int
    rpcs: int

    def __add__(self, other: Cost) -> Cost:
        return Cost(*(getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__))


class Meter:
    """Measures calls. One per process, because Python's audit hooks stay for ever."""

    def __init__(self) -> None:
        self._started = 0
        names = {
            int(entry.name): (entry / "comm").read_text().strip()
            for entry in Path("/proc").iterdir()
            if entry.name.isdigit()
        }
        self._daemons = [process for process, name in names.items() if name in DAEMONS]
        sys.addaudithook(self._count)

    def cost(self, work: Callable[[], T]) -> tuple[T, Cost]:
        """Call `work` and return its result with its cost."""
        rpcs = _rpcs()
        started, own, children, daemons = self._started, _cpu(), _cpu(resource.RUSAGE_CHILDREN), self._daemon_cpu()
        began = time.perf_counter()
        result = work()
        wall = time.perf_counter() - began
        cost = Cost(
            wall=wall,
            own_cpu=_cpu() - own,
            child_cpu=_cpu(resource.RUSAGE_CHILDREN) - children,
            daemon_cpu=self._daemon_cpu() - daemons,
            processes=self._started - started,
            rpcs=_rpcs() - rpcs - 1,  # the sdiag before it
        )
        return result, cost

    def _count(self, event: str, _: object) -> None:
        self._started += event == "subprocess.Popen"

    def _daemon_cpu(self) -> float:
        ticks = 0
        for process in self._daemons:
            fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")


def _cpu(who: int = resource.RUSAGE_SELF) -> float:
    usage = resource.getrusage(who)
    return usage.ru_utime + usage.ru_stime


def _rpcs() -> int:
    match = _RPCS_OF_SLURM.search(run("sdiag"))
    return int(match[1]) if match else 0
