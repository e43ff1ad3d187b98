"""What users and accounts held, and what they used of it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Double, case, cast, func, literal, select

from ..states import ACTIVE, CANCELLED, COMPLETED, ENDED_SOMEHOW
from .tables import NEVER, run_nodes, runs


@dataclass(frozen=True, kw_only=True)
class UsageRow:
    """The runs of a user, an account and a partition in a period, as far as they lie in it.

    ``failed`` counts those that ended badly: not completed, not cancelled, and not just with exit code 0. Of what was
    ``held``, ``sampled`` is the part of runs that agents have read: only that can be compared with what was ``used``,
    or ``busy``. Of a run that lies in the period in part, this part of its totals counts.
    """

    user: str
    account: str
    partition: str
    runs: int
    failed: int
    cpu_seconds_held: float
    cpu_seconds_sampled: float
    cpu_seconds_used: float
    gpu_seconds_held: float
    gpu_seconds_sampled: float
    gpu_seconds_busy: float


def usage(connection: Connection, since: float, until: float) -> list[UsageRow]:
    """Return what was held and used between two times. Of a run that goes on, the totals are those at ``until``."""
    known_end = case((runs.c.ended_at < NEVER, runs.c.ended_at), else_=until)
    ended = cast(known_end, Double)
    elapsed = _greatest(ended - runs.c.started_at, literal(0.0))
    overlap = _greatest(_least(ended, literal(until)) - _greatest(runs.c.started_at, literal(since)), literal(0.0))
    part = case((elapsed > 0, overlap / elapsed), else_=0.0)
    totals = (
        select(
            run_nodes.c.run_key,
            *(func.sum(run_nodes.c[name]).label(name) for name in ("cpu_seconds", "gpu_held_seconds")),
            func.sum(run_nodes.c.gpu_busy_seconds).label("gpu_busy_seconds"),
        )
        .where(run_nodes.c.sampled_at.is_not(None))
        .group_by(run_nodes.c.run_key)
        .subquery()
    )
    cpus, gpus = (cast(func.coalesce(runs.c[name], 0), Double) * overlap for name in ("cpus", "gpus"))
    groups = (runs.c.user, runs.c.account, runs.c.partition)
    badly = runs.c.state.not_in((*ACTIVE, COMPLETED, CANCELLED, ENDED_SOMEHOW))
    query = (
        select(
            *groups,
            func.count().label("runs"),
            func.sum(case((badly, 1), else_=0)).label("failed"),
            func.sum(cpus).label("cpu_seconds_held"),
            func.sum(case((totals.c.cpu_seconds.is_not(None), cpus), else_=0.0)).label("cpu_seconds_sampled"),
            func.sum(func.coalesce(totals.c.cpu_seconds, 0.0) * part).label("cpu_seconds_used"),
            func.sum(gpus).label("gpu_seconds_held"),
            func.sum(case((totals.c.gpu_busy_seconds.is_not(None), gpus), else_=0.0)).label("gpu_seconds_sampled"),
            func.sum(func.coalesce(totals.c.gpu_busy_seconds, 0.0) * part).label("gpu_seconds_busy"),
        )
        .outerjoin(totals, totals.c.run_key == runs.c.key)
        .where(runs.c.ended_at >= since, runs.c.started_at < until)
        .group_by(*groups)
        .order_by(*groups)
    )
    return [UsageRow(**row) for row in connection.execute(query).mappings()]


def _least(one: ColumnElement[float], other: ColumnElement[float]) -> ColumnElement[float]:
    return case((one < other, one), else_=other)


def _greatest(one: ColumnElement[float], other: ColumnElement[float]) -> ColumnElement[float]:
    return case((one > other, one), else_=other)
