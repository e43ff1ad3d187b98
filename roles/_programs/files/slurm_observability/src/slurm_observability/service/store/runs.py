"""Queries for runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    and_,
    exists,
    func,
    literal,
    or_,
    select,
    tuple_,
    union_all,
)

from ...jobs.run_id import RunId
from ..run import OpenRun, Run
from ..states import ACTIVE
from .cursor import Cursor, read_cursor
from .errors import AmbiguousError
from .rows import StoredEvent, to_event, to_run, to_run_node
from .tables import NEVER, events, run_nodes, runs

SUBMITTED, STARTED, ENDED = SORTS = ("submitted", "started", "ended")


@dataclass(frozen=True, kw_only=True)
class RunFilter:
    """Which runs are wanted, and in what order. Empty, or None, is any.

    Times are seconds since 1970; ``after`` includes its second, ``before`` does not. Runs whose time is not known are
    in no such range, and sort as if it were yet to come.
    """

    cluster: str = ""
    user: str = ""
    account: str = ""
    partition: str = ""
    qos: str = ""
    name: str = ""
    node: str = ""
    states: tuple[str, ...] = ()
    job_id: int | None = None
    array_job_id: int | None = None
    het_job_id: int | None = None
    submitted_after: float | None = None
    submitted_before: float | None = None
    started_after: float | None = None
    started_before: float | None = None
    ended_after: float | None = None
    ended_before: float | None = None
    sort: str = STARTED
    descending: bool = True


class RunPage(NamedTuple):
    """A page of runs, and the cursor of the next one; None after the last."""

    runs: list[Run]
    cursor: str | None


_newer = runs.alias("newer")
_SUPERSEDED = exists().where(
    and_(
        _newer.c.cluster == runs.c.cluster,
        _newer.c.job_id == runs.c.job_id,
        tuple_(_newer.c.era, _newer.c.restart) > tuple_(runs.c.era, runs.c.restart),
    )
)
_OPEN_RUN = [runs.c[field.name] for field in fields(OpenRun)]
WHOLE_RUNS = select(*runs.c, _SUPERSEDED.label("superseded"))


def page(connection: Connection, wanted: RunFilter, cursor: str | None, limit: int) -> RunPage:
    """Return the runs after a cursor. Runs that come in meanwhile move no other out of place. Raises CursorError."""
    rows = connection.execute(page_query(wanted, cursor, limit)).mappings().all()
    if len(rows) <= limit:
        return RunPage([to_run(row) for row in rows], None)
    last = rows[limit - 1]
    end = Cursor(wanted.sort, wanted.descending, last[f"{wanted.sort}_at"], last["key"])
    return RunPage([to_run(row) for row in rows[:limit]], str(end))


def page_query(wanted: RunFilter, cursor: str | None, limit: int) -> Select[Any]:
    """Return the query for a page, and one run more."""
    begin = None if cursor is None else read_cursor(cursor, wanted.sort, wanted.descending)
    order: list[ColumnElement[Any]] = [runs.c[f"{wanted.sort}_at"], runs.c.key]
    walks = [_walk(wanted, state, begin, limit + 1).subquery() for state in wanted.states or ("",)]
    keys = union_all(*(select(walk.c.key) for walk in walks))
    return WHOLE_RUNS.where(runs.c.key.in_(keys)).order_by(*_directed(order, wanted)).limit(limit + 1)


def _walk(wanted: RunFilter, state: str, begin: Cursor | None, limit: int) -> Select[Any]:
    """Return the query for the keys of the next runs, of one state where one is given.

    It walks along an index in the order that is asked for, and stops. Of several states at once, all runs would be
    sorted first.
    """
    times: dict[str, ColumnElement[Any]] = {sort: runs.c[f"{sort}_at"] for sort in SORTS}
    key: ColumnElement[Any] = runs.c.key
    query = select(runs.c.key).where(*_conditions(wanted))
    if state:
        query = query.where(runs.c.state == state)
    if wanted.node:
        query = query.join(run_nodes, run_nodes.c.run_key == runs.c.key).where(run_nodes.c.node == wanted.node)
        times[STARTED], key = run_nodes.c.run_started_at, run_nodes.c.run_key
    place = [times[wanted.sort], key]
    is_beyond = begin is not None and _goes_further(wanted, begin)
    for sort, column in times.items():
        after, before = getattr(wanted, f"{sort}_after"), getattr(wanted, f"{sort}_before")
        if after is not None and before is None:
            before = NEVER
        if begin is not None and is_beyond and sort == wanted.sort:
            start = tuple_(literal(begin.time), literal(begin.key))
            query = query.where(tuple_(*place) < start if wanted.descending else tuple_(*place) > start)
            after, before = (after, None) if wanted.descending else (None, before)
        if after is not None:
            query = query.where(column >= after)
        if before is not None:
            query = query.where(column < before)
    return query.order_by(*_directed(place, wanted)).limit(limit)


def _goes_further(wanted: RunFilter, begin: Cursor) -> bool:
    """Return whether a cursor lies within the period that is wanted, and leaves less of it.

    SQLite walks from one bound only, and reads and drops what lies between it and another one.
    """
    if wanted.descending:
        before = getattr(wanted, f"{wanted.sort}_before")
        return before is None or begin.time < before
    after = getattr(wanted, f"{wanted.sort}_after")
    return after is None or begin.time >= after


def _directed(order: Sequence[ColumnElement[Any]], wanted: RunFilter) -> list[ColumnElement[Any]]:
    return [part.desc() if wanted.descending else part.asc() for part in order]


def _conditions(wanted: RunFilter) -> list[ColumnElement[bool]]:
    conditions = [
        runs.c[name] == value
        for name in ("cluster", "user", "account", "partition", "qos", "name")
        if (value := getattr(wanted, name))
    ]
    conditions += [
        runs.c[name] == value
        for name in ("job_id", "array_job_id", "het_job_id")
        if (value := getattr(wanted, name)) is not None
    ]
    return conditions


def by_id(connection: Connection, run_id: RunId, cluster: str | None) -> Run | None:
    """Return the run that a name means, the newest one where it leaves that open, with its nodes.

    Raises AmbiguousError where none is given, and runs of several clusters have this name.
    """
    if run_id.task is not None:
        named = [runs.c.array_job_id == run_id.job_id, runs.c.array_task_id == run_id.task]
    elif run_id.component is not None:
        named = [runs.c.het_job_id == run_id.job_id, runs.c.het_job_offset == run_id.component]
    else:
        named = [runs.c.job_id == run_id.job_id]
    if run_id.restart is not None:
        named.append(runs.c.restart == run_id.restart)
    if run_id.restart is not None or run_id.era:
        named.append(runs.c.era == run_id.era)
    if cluster is None:
        clusters = connection.scalars(select(runs.c.cluster).where(*named).distinct().order_by(runs.c.cluster)).all()
        if len(clusters) > 1:
            raise AmbiguousError(clusters)
    else:
        named.append(runs.c.cluster == cluster)
    newest = WHOLE_RUNS.where(*named).order_by(runs.c.era.desc(), runs.c.restart.desc(), runs.c.key.desc()).limit(1)
    return _with_nodes(connection, connection.execute(newest).mappings().first())


def by_key(connection: Connection, key: int) -> Run | None:
    """Return the run with this key, with its nodes."""
    return _with_nodes(connection, connection.execute(WHOLE_RUNS.where(runs.c.key == key)).mappings().first())


def _with_nodes(connection: Connection, row: RowMapping | None) -> Run | None:
    if row is None:
        return None
    on = select(run_nodes).where(run_nodes.c.run_key == row["key"]).order_by(run_nodes.c.node)
    return to_run(row, [to_run_node(node) for node in connection.execute(on).mappings()])


def unsettled(connection: Connection, since: float, before: float, limit: int, after_key: int) -> list[OpenRun]:
    """Return runs that go on, or whose end is not Slurm's word, and of which nothing new was heard since ``before``.

    Of those that have ended, what was heard last is not from before ``since``.
    """
    query = select(*_OPEN_RUN).where(runs.c.unsettled, runs.c.updated_at < before, runs.c.key > after_key)
    query = query.where(or_(runs.c.state.in_(ACTIVE), runs.c.updated_at >= since))
    rows = connection.execute(query.order_by(runs.c.key).limit(limit)).mappings()
    return [OpenRun(**row) for row in rows]


def unsummarised(connection: Connection, limit: int) -> list[Run]:
    """Return ended runs that have no summary, or of which more was heard since."""
    return _runs(connection, WHOLE_RUNS.where(runs.c.unsummarised).order_by(runs.c.key).limit(limit))


def _runs(connection: Connection, query: Select[Any]) -> list[Run]:
    return [to_run(row) for row in connection.execute(query).mappings()]


def audit_trail(connection: Connection, key: int) -> list[StoredEvent]:
    """Return the events of a run, in the order of their arrival."""
    query = select(events).where(events.c.run_key == key).order_by(events.c.key)
    return [to_event(row) for row in connection.execute(query).mappings()]


def count_by_state(connection: Connection) -> dict[str, int]:
    """Return how many runs go on, by state."""
    query = select(runs.c.state, func.count()).where(runs.c.state.in_(ACTIVE)).group_by(runs.c.state)
    return dict(connection.execute(query).tuples().all())
