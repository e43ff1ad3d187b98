"""Read the queue: one squeue, jobs counted by state and partition."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from .command import SlurmError, SlurmRunner
from .states import FINISHED_JOB_STATES

# No field that a user can type, one line per array task, and finished jobs too, as long as slurmctld remembers them.
SQUEUE = ("squeue", "--noheader", "--array", "--all", "--states=all", "--format=%T|%P")

_LINE = re.compile(rb"([A-Z_]+)\|([^\s|]+)")


class JobGroup(NamedTuple):
    """Jobs that are alike in all that is counted. Times in seconds since 1970, None where there is none.

    ``state`` is the word that squeue prints. ``reason`` is Slurm's word for why a job waits, without what follows it,
    which may be text. What a job holds is what it was given; of a pending job it is what it asks for, per job.
    """

    state: str
    partitions: tuple[str, ...]
    user: str = ""
    account: str = ""
    qos: str = ""
    reason: str = ""
    nodes: int = 0
    cpus: int = 0
    gpus: int = 0
    memory_bytes: int = 0
    submitted: int | None = None
    eligible: int | None = None


@dataclass(frozen=True)
class Queue:
    """Jobs that slurmctld knows: how many there are of each group. Each task of an array is a job."""

    jobs: Mapping[JobGroup, int]
    rejected_lines: int = 0

    @cached_property
    def by_state(self) -> Counter[str]:
        """Jobs per state; each job counts once, in however many partitions it waits."""
        counts: Counter[str] = Counter()
        for group, count in self.jobs.items():
            counts[group.state] += count
        return counts

    @cached_property
    def by_partition(self) -> dict[str, Counter[str]]:
        """Jobs per partition and state; a job that waits in several partitions counts once in each."""
        counts: dict[str, Counter[str]] = {}
        for group, count in self.jobs.items():
            for partition in set(group.partitions):
                counts.setdefault(partition, Counter())[group.state] += count
        return counts


def queued(by_state: Counter[str]) -> int:
    """Return how many jobs squeue lists when no state is asked for: all but the finished ones."""
    return sum(count for state, count in by_state.items() if state not in FINISHED_JOB_STATES)


def read_queue(runner: SlurmRunner) -> Queue:
    """Run squeue and count what it prints.

    Raises SlurmError when squeue fails, or when it prints lines and none of them can be read.
    """
    lines: Counter[bytes] = Counter()
    for chunk in runner.lines(SQUEUE):
        lines.update(chunk)
    return count_jobs(lines)


def count_jobs(lines: Counter[bytes]) -> Queue:
    """Return the queue from squeue's lines, each with the number of times it was printed."""
    jobs: dict[JobGroup, int] = {}
    rejected = 0
    for line, count in lines.items():
        match = _LINE.fullmatch(line)
        if match is None:
            rejected += count
            continue
        state, partitions = (group.decode("utf-8", "replace") for group in match.groups())
        group = JobGroup(state, tuple(filter(None, partitions.split(","))))
        jobs[group] = jobs.get(group, 0) + count
    if rejected and not jobs:
        raise SlurmError(f"squeue printed {rejected} lines, and none of them is a job")
    return Queue(jobs, rejected)
