"""Read what running jobs use: one sstat for many jobs. Slurm answers root, SlurmUser, and owners for their own jobs."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from .command import SlurmError, SlurmRunner
from .efficiency import seconds

# Of all steps, the batch script's among them. What their tasks use together, and the memory of each at its peak.
_SSTAT = ("sstat", "--allsteps", "--noheader", "--noconvert", "--parsable2", "--format=JobID,TRESUsageInTot")
# More of a job is not printed: a step prints one line.
MAX_OUTPUT_BYTES = 16 << 20

_LINE = re.compile(rb"(\d{1,10})(?:\+\d{1,6})?\.[\w+]{1,30}\|([^|]{0,2000})")
_CPU = re.compile(rb"(?:^|,)cpu=([\d:.-]{1,30})(?:,|$)")
_MEMORY = re.compile(rb"(?:^|,)mem=(\d{1,18})(?:,|$)")
_SLURM_USER = re.compile(r"[^(]*\((\d{1,10})\)", re.ASCII)


class StepUsage(NamedTuple):
    """What the steps of a job that run now have used. None is what was not measured.

    The memory is that of the step that used most.
    """

    cpu_seconds: float | None
    memory_bytes: int | None


def may_ask(parameters: Mapping[str, str]) -> bool:
    """Return whether this process may ask for other users' jobs: else slurmd refuses it, and logs an error."""
    user = _SLURM_USER.fullmatch(parameters.get("SlurmUser", ""))
    return os.geteuid() == 0 or (user is not None and int(user[1]) == os.geteuid())


def read_usage(runner: SlurmRunner, job_ids: Sequence[int]) -> dict[int, StepUsage]:
    """Return what these jobs use, as far as they have steps that run. Raises SlurmError."""
    if not job_ids:
        return {}
    limited = runner.limited(None, MAX_OUTPUT_BYTES)
    return parse_usage(
        line for chunk in limited.lines((*_SSTAT, f"--jobs={','.join(map(str, job_ids))}")) for line in chunk
    )


def parse_usage(lines: Iterable[bytes]) -> dict[int, StepUsage]:
    """Return what sstat's lines say of each job. Raises SlurmError when there are lines and none can be read."""
    cpu: dict[int, list[float]] = {}
    memory: dict[int, list[int]] = {}
    bad = 0
    for line in lines:
        match = _LINE.fullmatch(line)
        if match is None:
            bad += 1
            continue
        job_id = int(match[1])
        measured, peak = _CPU.search(match[2]), _MEMORY.search(match[2])
        spent = None if measured is None else seconds(measured[1])
        cpu.setdefault(job_id, []).extend([] if spent is None else [spent])
        memory.setdefault(job_id, []).extend([] if peak is None else [int(peak[1])])
    if bad and not cpu:
        raise SlurmError(f"sstat printed {bad} lines, and none of them is a step")
    return {
        job_id: StepUsage(sum(spent) if spent else None, max(memory[job_id], default=None))
        for job_id, spent in cpu.items()
    }
