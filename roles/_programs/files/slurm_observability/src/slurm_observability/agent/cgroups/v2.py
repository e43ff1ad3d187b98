"""Control groups of version 2, one tree for everything, in each place where Slurm has put the groups of jobs.

    system.slice/slurmstepd.scope/job_7/step_batch/user/task_0        Slurm 22.05 and later
    system.slice/node1_slurmstepd.scope/job_7/...                     several slurmd on one host
    other.slice/slurmstepd.scope/job_7/...                            CgroupSlice, 25.11 and later
    system.slice/slurmstepd.scope/sEKNKTV3WPV500/step_batch/...       by SLUID, the default of 26.05

Slurm's documentation: cgroup_v2.html. What the files say: the kernel's admin-guide/cgroup-v2.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from ..kernel_files import KernelFiles
from .cpu_list import count_cpus
from .group import JobGroup, Processes, StepGroup
from .usage import Usage

_SCOPE = re.compile(r"(?:(?P<node>.+)_)?slurmstepd\.scope")
_JOB = re.compile(r"job_(?P<job_id>[1-9]\d{0,9})|(?P<sluid>s[0-9A-HJKMNP-TV-Z]{13})", re.ASCII)
_STEP = "step_"
# The slurmstepd of a step has a group of its own beside that of the user's processes.
_SLURMSTEPD = "slurm"

# A slice within a slice within a container's scope: Slurm's groups are not deeper.
MAX_DEPTH = 8
# Scopes come and go with slurmd, jobs within them all the time.
SCOPE_SECONDS = 60.0
# Groups below a step: a task has one.
MAX_GROUPS = 4096

_MICROSECONDS = 1e6


class CgroupV2:
    """Reads control groups of version 2."""

    version = 2

    def __init__(self, root: Path, files: KernelFiles, clock: Callable[[], float] = time.monotonic) -> None:
        self._root = root
        self._files = files
        self._clock = clock
        self._scopes: list[tuple[str, str]] = []
        self._scopes_read = -SCOPE_SECONDS

    def jobs(self) -> list[JobGroup]:
        """Return the groups of the jobs, those left empty too."""
        return [
            self._job(entry, match, node)
            for path, node in self._current_scopes()
            for entry in self._files.directories(path)
            if (match := _JOB.fullmatch(entry.name))
        ]

    def steps(self, job: JobGroup) -> list[StepGroup]:
        """Return the groups of a job's steps."""
        return [
            StepGroup(entry.name.removeprefix(_STEP), entry.path)
            for entry in self._files.directories(job.path)
            if entry.name.startswith(_STEP)
        ]

    def scopes(self) -> list[str]:
        """Return the directories in which the groups of jobs appear."""
        return [path for path, _node in self._current_scopes()]

    def ends(self, step: StepGroup) -> str:
        """Return the file that changes when the last process of a step has ended; slurmstepd is still there then."""
        return f"{step.path}/user/cgroup.events"

    def usage(self, group: JobGroup | StepGroup) -> Usage:
        """Return what a job or a step has used. Each number is that of the group and all below it."""
        path, read = group.path, self._files
        cpu = read.numbers(f"{path}/cpu.stat")
        memory = read.numbers(f"{path}/memory.stat")
        current = read.number(f"{path}/memory.current")
        reads, writes = self._io(path)
        return Usage(
            cpu_seconds=_seconds(cpu.get("usage_usec")),
            cpu_user_seconds=_seconds(cpu.get("user_usec")),
            cpu_system_seconds=_seconds(cpu.get("system_usec")),
            memory_bytes=current,
            memory_working_set_bytes=_working_set(current, memory.get("inactive_file")),
            memory_anon_bytes=memory.get("anon"),
            memory_shmem_bytes=memory.get("shmem"),
            memory_peak_bytes=read.number(f"{path}/memory.peak"),
            memory_limit_bytes=read.number(f"{path}/memory.max"),
            oom_kills=read.numbers(f"{path}/memory.events").get("oom_kill"),
            io_read_bytes=reads,
            io_write_bytes=writes,
            cpu_pressure_seconds=self._pressure(f"{path}/cpu.pressure"),
            memory_pressure_seconds=self._pressure(f"{path}/memory.pressure"),
            io_pressure_seconds=self._pressure(f"{path}/io.pressure"),
        )

    def processes(self, step: StepGroup) -> Processes:
        """Return the processes of a step."""
        tasks = [pid for path in self._below(f"{step.path}/user") for pid in self._files.pids(path)]
        return Processes(self._files.pids(f"{step.path}/{_SLURMSTEPD}"), tasks)

    def cpus(self, job: JobGroup) -> int | None:
        """Return the number of CPUs that the job is confined to, None where it is not confined."""
        return count_cpus(self._files.text(f"{job.path}/cpuset.cpus") or "")

    def _job(self, entry: os.DirEntry[str], match: re.Match[str], node: str) -> JobGroup:
        job_id = match["job_id"]
        return JobGroup(
            path=entry.path,
            inode=entry.inode(),
            populated=self._files.numbers(f"{entry.path}/cgroup.events").get("populated") != 0,
            job_id=int(job_id) if job_id else None,
            sluid=match["sluid"] or "",
            node=node,
        )

    def _current_scopes(self) -> list[tuple[str, str]]:
        """Return the scopes of slurmstepd with the nodes that they name. The tree is searched now and then only."""
        now = self._clock()
        if not self._scopes or now - self._scopes_read >= SCOPE_SECONDS:
            self._scopes, self._scopes_read = list(self._find_scopes()), now
        return self._scopes

    def _find_scopes(self) -> Iterator[tuple[str, str]]:
        # A user may have a part of the tree for his own, with any names in it. Slurm's scopes belong to root.
        owner = self._files.owner(self._root)
        waiting = [(str(self._root), 0)]
        while waiting:
            path, depth = waiting.pop()
            for entry in self._files.directories(path):
                if not entry.name.endswith((".slice", ".scope")) or self._files.owner(entry.path) != owner:
                    continue
                if match := _SCOPE.fullmatch(entry.name):
                    yield entry.path, match["node"] or ""
                elif depth < MAX_DEPTH:
                    waiting.append((entry.path, depth + 1))

    def _below(self, path: str) -> Iterator[str]:
        """Yield a group and all groups below it, up to a number of them."""
        waiting = [path]
        for _group in range(MAX_GROUPS):
            if not waiting:
                return
            path = waiting.pop()
            yield path
            waiting += [entry.path for entry in self._files.directories(path)]

    def _io(self, path: str) -> tuple[int | None, int | None]:
        """Return the bytes read and written, of all devices. Without the io controller there are none."""
        text = self._files.text(f"{path}/io.stat")
        if text is None:
            return None, None
        words = text.split()
        return _sum(words, "rbytes="), _sum(words, "wbytes=")

    def _pressure(self, path: str) -> float | None:
        """Return the total of the line ``some``. A kernel without PSI has no such file, or refuses to read it."""
        for line in self._files.lines(path):
            if line.startswith("some "):
                return _seconds(self._files.parsed(path, line.rpartition("total=")[2]))
        return None


def _seconds(microseconds: int | None) -> float | None:
    return None if microseconds is None else microseconds / _MICROSECONDS


def _working_set(current: int | None, inactive_file: int | None) -> int | None:
    if current is None or inactive_file is None:
        return None
    return max(0, current - inactive_file)


def _sum(words: list[str], prefix: str) -> int:
    numbers = [word.removeprefix(prefix) for word in words if word.startswith(prefix)]
    return sum(int(number) for number in numbers if number.isascii() and number.isdigit())
