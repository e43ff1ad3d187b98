"""A model of slurmdbd and sacct: the job table, and what a query selects from it.

The conditions are those of Slurm's as_mysql_jobacct_process.c, which 21.08 to 26.05 share.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from slurm_observability.slurm.accounting import ENDED_STATES, Run, RunKind
from slurm_observability.slurm.command import SlurmError
from slurm_observability.slurm.tres import Tres

TRES = Tres(cpus=4, nodes=2, gpus=1)


@dataclass
class Row:
    """A row of the job table: one run of a job, or one piece of a run that was resized. 0 is no time."""

    job_id: int
    submit: int
    eligible: int
    end: int
    state: str
    partition: str
    start: int = 0
    user: str = "alice"
    account: str = "research"
    tres: Tres = TRES

    def run(self) -> Run:
        """Return the row as RunReader gives it."""
        elapsed = self.end - self.start if self.start and self.end else 0
        kind = RunKind(self.state, self.partition, self.tres, self.user, self.account)
        times = (self.submit, self.eligible or None, self.start or None, self.end or None)
        return Run(self.job_id, *times, elapsed, kind)


@dataclass
class Slurmdbd:
    """The table, the moment, and what goes wrong. It has the methods of RunReader."""

    now: int
    rows: list[Row] = field(default_factory=list)
    down: bool = False
    queries: list[tuple[str, int, int]] = field(default_factory=list)
    rejected_lines: int = 0

    def clock(self) -> float:
        return float(self.now)

    def ended(self, start: int, end: int) -> Iterator[Run]:
        yield from self._answer("ended", start, end, lambda row: row.state in ENDED_STATES and _ended(row, start, end))

    def active(self, start: int, end: int) -> Iterator[Run]:
        yield from self._answer("active", start, end, lambda row: _selected(row, start, end))

    def count(self, start: int, state: str | None, partition: str | None = None) -> int:
        """``sacct -a -X -n -S start -E now [-s state] [-r partition] | wc -l``."""
        selected = [
            row
            for row in self.rows
            if (partition is None or row.partition == partition)
            and (
                _selected(row, start, self.now)
                if state is None
                else row.state == state and _ended(row, start, self.now)
            )
        ]
        shown = 0
        last = None
        for row in sorted(selected, key=lambda row: (row.job_id, -row.submit)):
            if row.job_id != last or row.state == "RESIZING":
                shown += 1
            last = row.job_id
        return shown

    def ended_runs(self, start: int, cursor: int) -> list[Run]:
        """Return the rows of ``sacct -a -X -D -S start -E cursor`` that have ended, whatever state they ended in."""
        return [row.run() for row in self.rows if _ended(row, start, cursor)]

    def _answer(self, kind, start, end, condition) -> Iterator[Run]:
        self.queries.append((kind, start, end))
        if self.down:
            raise SlurmError("sacct failed")
        for row in self.rows:
            if condition(row):
                yield row.run()


def _ended(row: Row, start: int, end: int) -> bool:
    return row.end != 0 and start <= row.end <= end


def _selected(row: Row, start: int, end: int) -> bool:
    return row.eligible != 0 and row.eligible < end and (row.end >= start or row.end == 0)
