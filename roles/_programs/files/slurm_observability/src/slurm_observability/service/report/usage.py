"""Usage, added up by what a report is about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..store.usage import UsageRow

USER, ACCOUNT, PARTITION = "user", "account", "partition"
GROUPS = (USER, ACCOUNT, PARTITION)

HOUR = 3600.0


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What some runs held and used, in hours. ``names`` say whose: the values of what the report is by.

    GPU-hours held are busy, idle or unmeasured; idle is what agents saw held and not busy. Of the CPU-hours held,
    ``cpu_hours_measured`` are those of runs that agents saw: only with these ``cpu_hours_used`` can be compared.
    """

    names: tuple[str, ...]
    runs: int
    failed: int
    gpu_hours_held: float
    gpu_hours_busy: float
    gpu_hours_idle: float
    gpu_hours_unmeasured: float
    cpu_hours_held: float
    cpu_hours_measured: float
    cpu_hours_used: float


def by_groups(rows: Iterable[UsageRow], groups: Sequence[str]) -> list[Usage]:
    """Return the usage by some of GROUPS, the most idle GPU-hours first."""
    found: dict[tuple[str, ...], list[UsageRow]] = {}
    for row in rows:
        found.setdefault(tuple(getattr(row, group) for group in groups), []).append(row)
    usages = [total(members, names) for names, members in found.items()]
    return sorted(usages, key=lambda usage: (-usage.gpu_hours_idle, -usage.gpu_hours_held, -usage.cpu_hours_held))


def total(rows: Iterable[UsageRow], names: tuple[str, ...] = ()) -> Usage:
    """Return the sum of rows."""
    rows = list(rows)
    held, sampled = (_hours(rows, name) for name in ("gpu_seconds_held", "gpu_seconds_sampled"))
    # The clocks of node and controller differ a little: what was busy can be more than was held.
    busy = min(_hours(rows, "gpu_seconds_busy"), sampled)
    return Usage(
        names=names,
        runs=sum(row.runs for row in rows),
        failed=sum(row.failed for row in rows),
        gpu_hours_held=held,
        gpu_hours_busy=busy,
        gpu_hours_idle=sampled - busy,
        gpu_hours_unmeasured=max(0.0, held - sampled),
        cpu_hours_held=_hours(rows, "cpu_seconds_held"),
        cpu_hours_measured=_hours(rows, "cpu_seconds_sampled"),
        cpu_hours_used=_hours(rows, "cpu_seconds_used"),
    )


def _hours(rows: Iterable[UsageRow], name: str) -> float:
    return float(sum(getattr(row, name) for row in rows)) / HOUR
