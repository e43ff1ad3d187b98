"""Read what ended jobs made of their resources: one bounded sacct, with the steps in which Slurm measures."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from .accounting import ENDED_STATES
from .command import SlurmError, SlurmRunner
from .printed import decode, epoch
from .tres import parse_tres

# With steps: Slurm measures there, and with --allocations the memory would be empty. No field that a user types.
_SACCT = (
    "sacct",
    "--allusers",
    "--duplicates",
    "--noheader",
    "--noconvert",
    "--parsable2",
    f"--state={','.join(ENDED_STATES)}",
    "--format=JobIDRaw,Start,End,ElapsedRaw,AllocCPUS,TotalCPU,AllocTRES,ReqTRES,TRESUsageInTot,Partition",
)
_LINE = re.compile(
    rb"(\d{1,10})(\.[^|]+)?\|(\d{1,12}|[A-Z][a-z]+)\|(\d{1,12}|[A-Z][a-z]+)\|(\d{1,12})\|(\d{1,10})\|([^|]*)\|([^|]*)"
    rb"\|([^|]*)\|([^|]*)\|(.*)"
)
# In bytes, because of --noconvert.
_MEMORY = re.compile(r"(?:^|,)mem=(\d{1,18})(?:,|$)", re.ASCII)
_DURATION = re.compile(rb"(?:(?:(\d{1,6})-)?(\d{1,6}):)?(\d{1,2}):(\d{1,2}(?:\.\d{1,6})?)")


class EndedJob(NamedTuple):
    """One run of a job that has ended, and what it used. Times in seconds since 1970.

    ``cpu_seconds`` and ``memory_bytes`` are None where Slurm measured nothing, as in a job without steps. The memory is
    that of the step that used most, all its tasks together, each at its peak. ``memory_limit_bytes`` is what the job
    was allocated, or where memory is not allocated, what it asked for; None where neither is known.
    """

    job_id: int
    start: int
    end: int
    partition: str
    elapsed_seconds: int
    cpus: int
    cpu_seconds: float | None
    memory_bytes: int | None
    memory_limit_bytes: int | None


class _Row(NamedTuple):
    """A line of sacct: a job, or with a ``step`` one of its steps."""

    job_id: int
    step: bytes
    start: int | None
    end: int | None
    elapsed_seconds: int
    cpus: int
    cpu_seconds: float | None
    allocated: str
    requested: str
    usage: str
    partition: str


@dataclass
class EndedJobReader:
    """Runs sacct. Counts the lines that are neither job nor step, which it passes over."""

    runner: SlurmRunner
    rejected_lines: int = 0

    def ended(self, start: int, end: int) -> Iterator[EndedJob]:
        """Yield the runs that ended from ``start`` to ``end``, both included. Raises SlurmError."""
        lines = (
            line
            for chunk in self.runner.lines([*_SACCT, f"--starttime=uts{start}", f"--endtime=uts{end}"])
            for line in chunk
        )
        return self.parse(lines)

    def parse(self, lines: Iterable[bytes]) -> Iterator[EndedJob]:
        """Yield the runs in sacct's lines, where the steps of a run follow it.

        A run that never started or has no known end is passed over. Raises SlurmError when no line can be read.
        """
        good, bad = False, 0
        job: _Row | None = None
        steps: list[_Row] = []
        for line in lines:
            row = _parse_row(line)
            if row is None:
                bad += 1
                continue
            good = True
            if not row.step:
                yield from _ended_job(job, steps)
                job, steps = row, []
            elif job is not None and row.job_id == job.job_id:
                steps.append(row)
        yield from _ended_job(job, steps)
        self.rejected_lines += bad
        if bad and not good:
            raise SlurmError(f"sacct printed {bad} lines, and none of them is a job")


def _ended_job(job: _Row | None, steps: Iterable[_Row]) -> Iterator[EndedJob]:
    if job is None or job.start is None or job.end is None:
        return
    # A step that was lost with its node has no usage, and its job the time of the other steps only.
    usages = [step.usage for step in steps]
    measured = bool(usages) and all(usages)
    memory = [int(found[1]) for found in map(_MEMORY.search, usages) if found]
    limit = parse_tres(job.allocated).memory_bytes or parse_tres(job.requested).memory_bytes
    yield EndedJob(
        job_id=job.job_id,
        start=job.start,
        end=job.end,
        partition=job.partition,
        elapsed_seconds=job.elapsed_seconds,
        cpus=job.cpus,
        cpu_seconds=job.cpu_seconds if measured else None,
        memory_bytes=max(memory) if memory else None,
        memory_limit_bytes=limit or None,
    )


def _parse_row(line: bytes) -> _Row | None:
    match = _LINE.fullmatch(line)
    if match is None:
        return None
    job_id, step, start, end, elapsed, cpus, cpu_time, allocated, requested, usage, partition = match.groups()
    return _Row(
        int(job_id),
        step or b"",
        epoch(start),
        epoch(end),
        int(elapsed),
        int(cpus),
        seconds(cpu_time),
        decode(allocated),
        decode(requested),
        decode(usage),
        decode(partition),
    )


def seconds(text: bytes) -> float | None:
    """Return the seconds in a duration such as ``1-02:03:04``, ``02:03:04`` or ``00:14.343``; None when it is none."""
    match = _DURATION.fullmatch(text)
    if match is None:
        return None
    days, hours, minutes, rest = match.groups(b"0")
    return (int(days) * 24 + int(hours)) * 3600 + int(minutes) * 60 + float(rest)
