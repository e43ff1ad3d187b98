"""Which events go first where more wait than there is room for.

A job-started event whose job-finished waits too: the later one says all that it said, but for the moment of the start.
Then the oldest. What is dropped here the service learns from Slurm itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ...jobs.event import FINISHED, STARTED
from ...jobs.spool import parse_name


def surplus(waiting: Mapping[str, int], max_events: int, max_bytes: int) -> Iterator[str]:
    """Yield the names of the events to drop, given the names of those that wait, oldest first, and their bytes."""
    count, total = len(waiting), sum(waiting.values())
    if count <= max_events and total <= max_bytes:
        return
    for name in _least_first(waiting):
        if count <= max_events and total <= max_bytes:
            return
        count -= 1
        total -= waiting[name]
        yield name


def _least_first(waiting: Mapping[str, int]) -> Iterator[str]:
    """Yield the names, those that are missed least first."""
    finished: set[int] = set()
    told_again = set()
    for name in reversed(list(waiting)):
        if (parts := parse_name(name)) is None:
            continue
        if parts.kind == FINISHED:
            finished.add(parts.job_id)
        elif parts.kind == STARTED and parts.job_id in finished:
            told_again.add(name)
    yield from (name for name in waiting if name in told_again)
    yield from (name for name in waiting if name not in told_again)
