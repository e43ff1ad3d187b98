"""Queries for samples."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, func, select

from ...jobs.sample import JobSample, NodeSample
from ..run import Run
from .batch import chunks
from .rows import to_node_sample, to_run, to_sample
from .runs import WHOLE_RUNS
from .tables import nodes, runs, samples


class RunSample(NamedTuple):
    """A sample, and the run that it is of."""

    run: Run
    sample: JobSample


_IDENTITY = ("cluster", "job_id", "restart", "sluid")


def of_run(connection: Connection, key: int, since: float | None, until: float | None, limit: int) -> list[JobSample]:
    """Return up to ``limit`` samples of a run, the newest of them, in the order of time."""
    query = select(samples).where(samples.c.run_key == key)
    if since is not None:
        query = query.where(samples.c.time >= since)
    if until is not None:
        query = query.where(samples.c.time < until)
    query = query.order_by(samples.c.time.desc(), samples.c.node.desc()).limit(limit)
    return _samples(connection, key, query)[::-1]


def newest_of_run(connection: Connection, key: int) -> list[JobSample]:
    """Return the newest sample of each node of a run: its totals."""
    newest = (
        select(samples.c.node, func.max(samples.c.time).label("time"))
        .where(samples.c.run_key == key)
        .group_by(samples.c.node)
        .subquery()
    )
    query = (
        select(samples)
        .join(newest, (samples.c.node == newest.c.node) & (samples.c.time == newest.c.time))
        .where(samples.c.run_key == key)
        .order_by(samples.c.node)
    )
    return _samples(connection, key, query)


def newest(connection: Connection, since: float) -> list[RunSample]:
    """Return the newest sample of each run on each node, of those taken since then and not its last there."""
    rows = {}
    for row in connection.execute(select(samples).where(samples.c.time >= since).order_by(samples.c.time)).mappings():
        rows[row["run_key"], row["node"]] = row
    found = _runs(connection, {key for key, _node in rows})
    return [
        RunSample(run, to_sample(row, _identity(run)))
        for (key, _node), row in sorted(rows.items())
        if not row["final"] and (run := found.get(key)) is not None
    ]


def _runs(connection: Connection, keys: Iterable[int]) -> dict[int, Run]:
    found = {}
    for few in chunks(keys):
        for row in connection.execute(WHOLE_RUNS.where(runs.c.key.in_(few))).mappings():
            found[row["key"]] = to_run(row)
    return found


def _samples(connection: Connection, key: int, query: Select[Any]) -> list[JobSample]:
    run = _runs(connection, [key]).get(key)
    return [] if run is None else [to_sample(row, _identity(run)) for row in connection.execute(query).mappings()]


def _identity(run: Run) -> dict[str, Any]:
    return {name: getattr(run, name) for name in _IDENTITY}


def of_nodes(connection: Connection) -> list[NodeSample]:
    """Return the newest sample of each node."""
    query = select(nodes).order_by(nodes.c.cluster, nodes.c.node)
    return [to_node_sample(row) for row in connection.execute(query).mappings()]
