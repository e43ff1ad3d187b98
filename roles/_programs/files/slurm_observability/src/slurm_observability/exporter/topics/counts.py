"""Kinds of jobs that are counted, by the same rule in the cluster and in each partition."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..job_tally import Tally

PARTITION = ("partition",)


@dataclass(frozen=True)
class StateCount:
    """A state of jobs, by the name it has in metrics and in Slurm; what is counted, and what to know about it."""

    metric: str
    state: str
    what: str
    note: str = ""


@dataclass(frozen=True)
class JobCount:
    """A number about some jobs: the end of its metric's name, what it is, what to know about it, a query.

    A ``rare`` one is 0 for most users at most times. In a query {name} is the metric, {jobs} what its name begins with.
    """

    metric: str
    what: str
    value: Callable[[Tally], float]
    note: str = ""
    rare: bool = False
    query: str = ""


def help_text(count: StateCount | JobCount, where: str = "") -> str:
    """Return the HELP text of what is counted, in the cluster or ``where``."""
    first = f"{where}: {count.what}." if where else f"{count.what[0].upper()}{count.what[1:]}."
    return f"{first} {count.note}".rstrip()
