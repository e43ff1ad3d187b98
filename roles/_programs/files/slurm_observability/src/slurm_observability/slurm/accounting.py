"""Read the accounting database: one bounded sacct, every run of every job it selects."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from .command import SlurmError, SlurmRunner
from .states import FINISHED_JOB_STATES

# States in which slurmdbd stores a run that has ended. Asked for by name, sacct selects by the time of the end; asked
# for none, it selects the runs that were eligible and not ended before the window.
ENDED_STATES = tuple(sorted(FINISHED_JOB_STATES | {"REQUEUED", "RESIZING"}))

# Nothing that a user can type. The partition comes last, so that no character in it can shift another field.
_SACCT = (
    "sacct",
    "--allusers",
    "--allocations",
    "--duplicates",
    "--noheader",
    "--parsable2",
    "--format=JobIDRaw,Eligible,End,State,Partition",
)
_LINE = re.compile(rb"(\d{1,10})\|(\d{1,12}|[A-Z][a-z]+)\|(\d{1,12}|[A-Z][a-z]+)\|([A-Z_]+|\?)(?: by \d+)?\|(.*)")


class Run(NamedTuple):
    """One run of a job: a row of the accounting database. Times in seconds since 1970, None where there is none yet."""

    job_id: int
    eligible: int | None
    end: int | None
    state: str
    partition: str


@dataclass
class RunReader:
    """Runs sacct. Counts the lines that are no run, which it passes over."""

    runner: SlurmRunner
    rejected_lines: int = 0

    def ended(self, start: int, end: int) -> Iterator[Run]:
        """Yield the runs that ended from ``start`` to ``end``, both included. Raises SlurmError."""
        return self._read(start, end, f"--state={','.join(ENDED_STATES)}")

    def active(self, start: int, end: int) -> Iterator[Run]:
        """Yield the runs that became eligible before ``end`` and had not ended before ``start``. Raises SlurmError."""
        return self._read(start, end)

    def _read(self, start: int, end: int, *options: str) -> Iterator[Run]:
        good = bad = 0
        for chunk in self.runner.lines([*_SACCT, f"--starttime=uts{start}", f"--endtime=uts{end}", *options]):
            for line in chunk:
                run = parse_run(line)
                if run is None:
                    bad += 1
                else:
                    good += 1
                    yield run
        self.rejected_lines += bad
        if bad and not good:
            raise SlurmError(f"sacct printed {bad} lines, and none of them is a job")


def parse_run(line: bytes) -> Run | None:
    """Return the run in one line of sacct, or None when it is not one.

    ``CANCELLED by 1000`` is ``CANCELLED``; ``?`` is a state that this sacct has no word for.
    """
    match = _LINE.fullmatch(line)
    if match is None:
        return None
    job_id, eligible, end, state, partition = match.groups()
    return Run(
        int(job_id),
        _epoch(eligible),
        _epoch(end),
        state.decode("ascii"),
        partition.decode("utf-8", "replace"),
    )


def _epoch(value: bytes) -> int | None:
    # Slurm prints Unknown or None for a time that is not set.
    return int(value) if value.isdigit() and value != b"0" else None
