"""Read the queue: one squeue, jobs that are alike counted together."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from .command import SlurmError, SlurmRunner
from .marks import Mark, texts_of
from .reasons import reason_word
from .states import ALLOCATED_JOB_STATES
from .tres import parse_tres

# What differs from job to job comes first, so that the rest of the line is the same for jobs that are alike.
FACTS = ("EligibleTime", "NodeList", "State", "Partition", "UserName", "MaxNodes", "tres-alloc")
TEXTS = ("Reason", "Account")

# One line per array task, and finished jobs too, as long as slurmctld remembers them. Without --array squeue joins
# tasks that wait for different reasons. --noconvert: 2048 and not 2K. --local: this cluster's jobs in a federation too.
SQUEUE = ("squeue", "--local", "--noheader", "--array", "--all", "--states=all", "--noconvert")

# As many as any number of Slurm has.
_MAX_DIGITS = 18
_STATE = re.compile(rb"[A-Z_]+")


class JobGroup(NamedTuple):
    """Jobs that are alike in all that is counted.

    ``state`` is the word that squeue prints. ``reason`` is Slurm's word for why a job waits, or Other. What a job holds
    is what it was given; of a pending job it is what it asks for. ``max_nodes`` is the most nodes a job takes.
    """

    state: str
    partitions: tuple[str, ...]
    user: str = ""
    account: str = ""
    reason: str = ""
    nodes: int = 0
    max_nodes: int = 0
    cpus: int = 0
    gpus: int = 0
    memory_bytes: int = 0


@dataclass
class Members:
    """The jobs of a group: how many, since when the first of them could start, and the lists of nodes they hold.

    ``eligible`` is in seconds since 1970, None when no job has such a time, as one that is held. It may lie ahead.
    """

    count: int = 0
    eligible: int | None = None
    node_lists: set[str] = field(default_factory=set)


@dataclass
class Queue:
    """The jobs that slurmctld knows, by group, at a time in seconds since 1970. Each task of an array is a job."""

    jobs: dict[JobGroup, Members] = field(default_factory=dict)
    rejected_lines: int = 0
    asked: float = field(default_factory=time.time, compare=False)

    def add(self, group: JobGroup, count: int = 1, eligible: int | None = None, node_list: str = "") -> None:
        """Add jobs that are alike in all of this. The nodes of a job that holds none any more are passed over."""
        members = self.jobs.get(group)
        if members is None:
            members = self.jobs[group] = Members()
        members.count += count
        if eligible is not None and (members.eligible is None or eligible < members.eligible):
            members.eligible = eligible
        if node_list and group.state in ALLOCATED_JOB_STATES:
            members.node_lists.add(node_list)

    @property
    def partitions(self) -> Collection[str]:
        """The names of all partitions where a job is."""
        return {partition for group in self.jobs for partition in group.partitions}


class QueueReader:
    """Reads the queue; remembers what each kind of line means, because most stay the same from one time to the next."""

    def __init__(self, runner: SlurmRunner) -> None:
        self._runner = runner
        self._known: dict[bytes, JobGroup | None] = {}

    def read(self) -> Queue:
        """Run squeue and count what it prints.

        Raises SlurmError when squeue fails, or when it prints lines and none of them can be read.
        """
        mark = Mark()
        lines = self._runner.lines((*SQUEUE, mark.option(FACTS, TEXTS)))
        queue, self._known = count_jobs(lines, mark, self._known)
        return queue


def count_jobs(
    chunks: Iterable[Iterable[bytes]], mark: Mark, known: dict[bytes, JobGroup | None]
) -> tuple[Queue, dict[bytes, JobGroup | None]]:
    """Return the queue in squeue's lines, and the meaning of each kind of line for the next time."""
    queue = Queue()
    meaning: dict[bytes, JobGroup | None] = {}
    for chunk in chunks:
        for line, count in Counter(chunk).items():  # tasks of an array follow each other, and give the same line
            eligible, rest = mark.split(line)
            node_list, _bar, kind = rest.partition(b"|")
            if kind not in meaning:
                meaning[kind] = known[kind] if kind in known else parse_kind(kind)
            group = meaning[kind]
            if group is None:
                queue.rejected_lines += count
            else:
                queue.add(group, count, _number(eligible), node_list.decode("utf-8", "replace"))
    if queue.rejected_lines and not queue.jobs:
        raise SlurmError(f"squeue printed {queue.rejected_lines} lines, and none of them is a job")
    return queue, meaning


def parse_kind(kind: bytes) -> JobGroup | None:
    """Return what a line says from its state on, NUL bytes for marks, or None when it is not about a job."""
    facts, mark, texts = kind.partition(b"\0")
    fields = facts.split(b"|")
    if not mark or len(fields) != len(FACTS) - 2 or not _STATE.fullmatch(fields[0]):
        return None
    max_nodes = _number(fields[3])
    state, partitions, user, _most, resources = (field.decode("utf-8", "replace") for field in fields)
    names = tuple(dict.fromkeys(filter(None, partitions.split(","))))
    if not names or max_nodes is None:
        return None
    reason, account = texts_of(texts, len(TEXTS))
    tres = parse_tres(resources)
    return JobGroup(
        state=state,
        partitions=names,
        user=user,
        account=account,
        reason=reason_word(reason),
        nodes=tres.nodes,
        max_nodes=max_nodes,
        cpus=tres.cpus,
        gpus=tres.gpus,
        memory_bytes=tres.memory_bytes,
    )


def _number(value: bytes) -> int | None:
    return int(value) if value.isdigit() and len(value) <= _MAX_DIGITS else None
