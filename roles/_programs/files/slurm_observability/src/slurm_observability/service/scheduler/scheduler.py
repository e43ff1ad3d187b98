"""What the service wants to know of Slurm, whoever is asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from ..run import RunRecord


class Scheduler(Protocol):
    """Answers about runs. Each method raises SlurmError where Slurm gives no answer: that is not an empty one."""

    def cluster(self) -> str:
        """Return the name of the cluster that is asked."""

    def active(self) -> Sequence[RunRecord]:
        """Return the runs that hold resources now, or are being cleaned up. Runs that wait are not among them."""

    def ended(self, since: int, until: int) -> Iterator[RunRecord]:
        """Yield the runs that ended from ``since`` to ``until``, seconds since 1970, both included.

        Where there is no accounting: those of them that slurmctld still remembers.
        """

    def known(self, job_ids: Sequence[int]) -> Sequence[RunRecord]:
        """Return all runs of these jobs that Slurm has on record, whatever their state."""

    @property
    def rejected(self) -> int:
        """How many rows or records so far could not be read and were passed over."""
