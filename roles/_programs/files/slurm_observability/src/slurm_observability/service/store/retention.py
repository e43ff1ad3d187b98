"""What is kept, and for how long. Everything is done in small transactions, and goes on where it was broken off.

Samples are thinned out, not averaged: what only grows is a total, so that the last sample of an hour says what was used
in all of it, and peaks are totals too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from sqlalchemy import Connection, Select, delete, exists, func, select, tuple_

from ..states import ACTIVE
from . import marks
from .batch import chunks
from .engine import Database
from .tables import NEVER, events, nodes, runs, samples

DAY = 86400.0
# So many rows go in one transaction: writers wait for it.
ROWS = 1000


@dataclass(frozen=True, kw_only=True)
class Thinning:
    """From this age on, one sample is kept of each run on each node in each ``step``, the last one. In seconds."""

    age: float
    step: float


@dataclass(frozen=True, kw_only=True)
class Retention:
    """How long things are kept, in seconds after they arrived, were taken, or ended."""

    samples: float = 30 * DAY
    events: float = 90 * DAY
    runs: float = 400 * DAY
    thinnings: tuple[Thinning, ...] = (Thinning(age=DAY, step=300), Thinning(age=7 * DAY, step=3600))


def clean(database: Database, now: float, keep: Retention) -> None:
    """Remove what is too old, and thin out samples. Raises StoreError; what was done until then stays done."""
    _repeat(database, ROWS, lambda connection: _delete_samples(connection, now - keep.samples))
    for thinning in keep.thinnings:
        _repeat(database, 1, partial(_thin, now=now, thinning=thinning))
    _repeat(database, ROWS, lambda connection: _delete_events(connection, now - keep.events))
    _repeat(database, ROWS, lambda connection: _delete_ended(connection, now - keep.runs))
    _repeat(database, ROWS, lambda connection: _delete_lost(connection, now - keep.runs))
    with database.writing() as connection:
        connection.execute(delete(nodes).where(nodes.c.time < now - keep.samples))


def _repeat(database: Database, full: int, work: Callable[[Connection], int]) -> None:
    """Do work, a transaction at a time, until it did less than it could."""
    done = full
    while done >= full:
        with database.writing() as connection:
            done = work(connection)


def _delete_samples(connection: Connection, before: float) -> int:
    place = (samples.c.run_key, samples.c.node, samples.c.time)
    old = select(*place).where(samples.c.time < before).order_by(samples.c.time).limit(ROWS)
    return connection.execute(delete(samples).where(tuple_(*place).in_(old))).rowcount


def _thin(connection: Connection, now: float, thinning: Thinning) -> int:
    """Thin out the next step that has samples. Return 0 where there is none of that age."""
    step = thinning.step
    name = f"samples.thinned.{step:g}"
    since = float(marks.get(connection, name) or 0.0)
    first = connection.scalar(select(func.min(samples.c.time)).where(samples.c.time >= since))
    if first is None or (begin := first // step * step) + step > now - thinning.age:
        return 0
    later = samples.alias("later")
    is_followed = exists().where(
        later.c.run_key == samples.c.run_key,
        later.c.node == samples.c.node,
        later.c.time > samples.c.time,
        later.c.time < begin + step,
    )
    connection.execute(delete(samples).where(samples.c.time >= begin, samples.c.time < begin + step, is_followed))
    marks.put(connection, name, repr(begin + step))
    return 1


def _delete_events(connection: Connection, before: float) -> int:
    """Events have come in the order of their keys: the oldest are looked at, and no index of times is needed."""
    oldest = connection.execute(select(events.c.key, events.c.received_at).order_by(events.c.key).limit(ROWS)).all()
    old = [key for key, received_at in oldest if received_at < before]
    for keys in chunks(old):
        connection.execute(delete(events).where(events.c.key.in_(keys)))
    return len(old)


def _delete_ended(connection: Connection, before: float) -> int:
    """Remove runs with all that is known of them."""
    return _delete_runs(connection, select(runs.c.key).where(runs.c.ended_at < before).order_by(runs.c.ended_at))


def _delete_lost(connection: Connection, before: float) -> int:
    """Remove runs whose end nobody knows, and of which nothing new was heard for as long."""
    lost = select(runs.c.key).where(runs.c.started_at < before, runs.c.updated_at < before)
    return _delete_runs(connection, lost.where(runs.c.ended_at == NEVER, runs.c.state.not_in(ACTIVE)))


def _delete_runs(connection: Connection, which: Select[tuple[int]]) -> int:
    old = connection.scalars(which.limit(ROWS)).all()
    for keys in chunks(old):
        connection.execute(delete(runs).where(runs.c.key.in_(keys)))
    return len(old)
