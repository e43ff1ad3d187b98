"""Control groups of version 1, a tree for each controller: Slurm before 22.05, or with cgroup/v1.

/sys/fs/cgroup/memory/slurm/uid_1000/job_7/step_batch/task_0, and ``slurm_node1`` where several slurmd run on one host.
Which trees have the groups of jobs depends on Slurm's plugins: proctrack/cgroup uses ``freezer``, task/cgroup
``cpuset``, ``memory`` and ``devices`` as they are constrained, jobacct_gather/cgroup ``memory`` and ``cpuacct``.
Slurm uses no blkio, and there is no pressure by group.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from ..kernel_files import KernelFiles
from .cpu_list import count_cpus
from .group import JobGroup, Processes, StepGroup
from .usage import Usage

_FREEZER = "freezer"
CONTROLLERS = (_FREEZER, "cpuset", "memory", "cpuacct", "devices")

_TOP = re.compile(r"slurm(?:_(?P<node>.+))?")
_UID = re.compile(r"uid_(\d{1,10})", re.ASCII)
_JOB = re.compile(r"job_([1-9]\d{0,9})", re.ASCII)
_STEP = "step_"

_NANOSECONDS = 1e9
# What cpuacct.stat counts in (USER_HZ).
_TICKS = os.sysconf("SC_CLK_TCK")
# What the kernel says for no limit: the largest number of whole pages.
_NO_LIMIT = 1 << 62


class CgroupV1:
    """Reads control groups of version 1. A group's path is that below its controller."""

    version = 1

    def __init__(self, root: Path, files: KernelFiles) -> None:
        self._root = root
        self._files = files

    def jobs(self) -> list[JobGroup]:
        """Return the groups of the jobs, those left empty too. A job need not be in the tree of every controller."""
        found: dict[str, JobGroup] = {}
        for controller in CONTROLLERS:
            for group in self._jobs(controller):
                found.setdefault(group.path, group)
        return list(found.values())

    def steps(self, job: JobGroup) -> list[StepGroup]:
        """Return the groups of a job's steps."""
        names = {entry.name: None for tree in self._trees(job.path) for entry in self._files.directories(tree)}
        return [StepGroup(name.removeprefix(_STEP), f"{job.path}/{name}") for name in names if name.startswith(_STEP)]

    def scopes(self) -> list[str]:
        """Return none: version 1 does not tell that a group has become empty."""
        return []

    def ends(self, step: StepGroup) -> None:
        """Return none, for the same reason."""

    def usage(self, group: JobGroup | StepGroup) -> Usage:
        """Return what a job or a step has used."""
        cpu, memory = f"{self._root}/cpuacct/{group.path}", f"{self._root}/memory/{group.path}"
        read = self._files
        nanoseconds = read.number(f"{cpu}/cpuacct.usage")
        ticks = read.numbers(f"{cpu}/cpuacct.stat")
        stat = read.numbers(f"{memory}/memory.stat")
        current = read.number(f"{memory}/memory.usage_in_bytes")
        limit = read.number(f"{memory}/memory.limit_in_bytes")
        inactive = stat.get("total_inactive_file")
        return Usage(
            cpu_seconds=None if nanoseconds is None else nanoseconds / _NANOSECONDS,
            cpu_user_seconds=ticks["user"] / _TICKS if "user" in ticks else None,
            cpu_system_seconds=ticks["system"] / _TICKS if "system" in ticks else None,
            memory_bytes=current,
            memory_working_set_bytes=None if current is None or inactive is None else max(0, current - inactive),
            memory_anon_bytes=stat.get("total_rss"),
            memory_shmem_bytes=stat.get("total_shmem"),
            memory_peak_bytes=read.number(f"{memory}/memory.max_usage_in_bytes"),
            memory_limit_bytes=None if limit is None or limit >= _NO_LIMIT else limit,
            oom_kills=self._oom_kills(memory),
        )

    def processes(self, step: StepGroup) -> Processes:
        """Return the processes of a step.

        In the tree of the freezer slurmstepd is in the group of the job and a user's processes are in that of the
        step, in the other trees slurmstepd is in that of the step and they are in those of the tasks.
        """
        for controller in CONTROLLERS:
            own, *below = self._levels(f"{self._root}/{controller}/{step.path}")
            direct = [pid for group in own for pid in self._files.pids(group)]
            tasks = [pid for group in chain(*below) for pid in self._files.pids(group)]
            if controller == _FREEZER and direct:
                return Processes((), direct + tasks)
            if direct or tasks:
                return Processes(direct, tasks)
        return Processes()

    def cpus(self, job: JobGroup) -> int | None:
        """Return the number of CPUs that the job is confined to, None where it is not confined."""
        return count_cpus(self._files.text(f"{self._root}/cpuset/{job.path}/cpuset.cpus") or "")

    def _jobs(self, controller: str) -> Iterator[JobGroup]:
        tree = f"{self._root}/{controller}"
        for top in self._files.directories(tree):
            if not (named := _TOP.fullmatch(top.name)):
                continue
            for user in self._files.directories(top.path):
                if not (uid := _UID.fullmatch(user.name)):
                    continue
                for entry in self._files.directories(user.path):
                    if job := _JOB.fullmatch(entry.name):
                        path = f"{top.name}/{user.name}/{entry.name}"
                        yield JobGroup(
                            path=path,
                            inode=entry.inode(),
                            populated=self._populated(path),
                            job_id=int(job[1]),
                            uid=int(uid[1]),
                            node=named["node"] or "",
                        )

    def _populated(self, path: str) -> bool:
        levels = (level for tree in self._trees(path) for level in self._levels(tree))
        return any(self._files.pids(group) for level in levels for group in level)

    def _trees(self, path: str) -> Iterator[str]:
        return (f"{self._root}/{controller}/{path}" for controller in CONTROLLERS)

    def _levels(self, path: str) -> Iterator[list[str]]:
        """Yield a job's group, those of its steps, and those of their tasks; or those of a step and of its tasks."""
        level = [path]
        while level:
            yield level
            level = [entry.path for group in level for entry in self._files.directories(group)]

    def _oom_kills(self, path: str) -> int | None:
        """Return the kills of the group and those below it: version 1 counts each where it happened."""
        groups = (group for level in self._levels(path) for group in level)
        counts = [self._files.numbers(f"{group}/memory.oom_control").get("oom_kill") for group in groups]
        known = [count for count in counts if count is not None]
        return sum(known) if known else None
