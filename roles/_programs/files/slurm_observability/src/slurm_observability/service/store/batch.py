"""Runs that are read, changed and written together, in a handful of statements however many there are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Connection, Select, bindparam, delete, false, func, or_, select, update

from ...slurm.hostlist import node_names
from ..states import ENDED
from .draft import Draft, Row, new_node, new_run
from .mention import Mention, end_of, find
from .tables import run_nodes, runs
from .texts import clean_name
from .upsert import insert_or_ignore, insert_or_replace

# SQLite before 3.32 takes no more than 999 values in a statement.
CHUNK = 400
# A run on more nodes than this is found by those of its nodes that report for themselves.
MAX_LISTED_NODES = 4096

Value = TypeVar("Value")

# What is told of a run. What is made of it afterwards is written by itself.
RUN_COLUMNS = [column for column in runs.c if column.name not in ("summary", "slurm_usage")]
_CHANGING = [column.name for column in RUN_COLUMNS if column.name not in ("key", "cluster", "job_id")]
_ALL_RUNS, _ALL_NODES = select(*RUN_COLUMNS), select(run_nodes)
# Names with a mark: a parameter must not have the name of a column.
_UPDATE_RUNS = (
    update(runs).where(runs.c.key == bindparam("_key")).values({name: bindparam(f"_{name}") for name in _CHANGING})
)
_LEAVE_PLACES = update(runs).where(runs.c.key == bindparam("_key")).values(restart=bindparam("_restart"))
_UPDATE_BEGINS = (
    update(run_nodes).where(run_nodes.c.run_key == bindparam("_key")).values(run_started_at=bindparam("_started_at"))
)


class Job(NamedTuple):
    """A job id; the runs that used it are found by it."""

    cluster: str
    job_id: int


def chunks(values: Iterable[Value]) -> Iterator[Sequence[Value]]:
    """Return values in groups that fit a statement."""
    everything = list(values)
    return (everything[first : first + CHUNK] for first in range(0, len(everything), CHUNK))


class Batch:
    """The runs of some jobs, within a transaction that writes."""

    def __init__(self, connection: Connection, now: float) -> None:
        self._connection = connection
        self._now = now
        self._drafts: defaultdict[Job, list[Draft]] = defaultdict(list)
        self._read_keys: set[int] = set()
        self._next_key = 1 + (connection.scalar(select(func.max(runs.c.key))) or 0)

    def load(self, jobs: Collection[Job], restarts: Collection[int | None], nodes: Collection[str] = ()) -> None:
        """Read the runs of these jobs, and their rows of these nodes.

        Runs of other restarts, but for the ones before, are left out, for a job may be requeued thousands of times;
        unless one of these is None.
        """
        wanted = _ALL_RUNS
        if None not in restarts:
            near = {restart - step for restart in restarts if restart is not None for step in (0, 1)}
            wanted = wanted.where(or_(runs.c.restart.in_(near), runs.c.restart_known == false()))
        for cluster in {job.cluster for job in jobs}:
            for job_ids in chunks(job.job_id for job in set(jobs) if job.cluster == cluster):
                self._read(wanted.where(runs.c.cluster == cluster, runs.c.job_id.in_(job_ids)))
        by_key = {draft.row["key"]: draft for drafts in self._drafts.values() for draft in drafts}
        for keys in chunks(by_key):
            for names in chunks(set(nodes)):
                touched = _ALL_NODES.where(run_nodes.c.run_key.in_(keys), run_nodes.c.node.in_(names))
                for row in self._connection.execute(touched).mappings():
                    by_key[row["run_key"]].load_node(dict(row))

    def _read(self, wanted: Select[Any]) -> None:
        for row in self._connection.execute(wanted).mappings():
            if row["key"] not in self._read_keys:
                self._read_keys.add(row["key"])
                self._drafts[Job(row["cluster"], row["job_id"])].append(Draft(dict(row), dict(row)))

    def draft(self, job: Job, mention: Mention) -> Draft:
        """Return the run of a loaded job that is meant; a new one where there is none yet."""
        drafts = self._drafts[job]
        draft = find(drafts, mention)
        if draft is None:
            draft = Draft(self._create(job, mention))
            drafts.append(draft)
        elif mention.restart is not None and not mention.or_before and not draft.row["restart_known"]:
            draft.row.update(restart_known=True, **self._place(job, mention.restart, draft.row))
        return draft

    def _create(self, job: Job, mention: Mention) -> Row:
        rows = [draft.row for draft in self._drafts[job]]
        restart = mention.restart
        if restart is None:
            restart = max((row["restart"] + 1 for row in rows), default=0)
        # Of two runs that say the same number, the later one is the one that has it.
        later = [
            row
            for row in rows
            if row["restart"] == restart and min(row["started_at"], end_of(row)) > (mention.end or 0.0)
        ]
        if mention.or_before and later:
            restart -= 1
        # Before 23.02 there is no begin by which the run would be found when more is heard of it.
        is_sure = not mention.or_before or (mention.began is None and any(row["restart_known"] for row in later))
        known = mention.restart is not None and is_sure
        key, self._next_key = self._next_key, self._next_key + 1
        place = self._place(job, restart)
        return new_run(key, *job, place["restart"], place["era"], restart_known=known)

    def _place(self, job: Job, restart: int, mine: Row | None = None) -> dict[str, int]:
        """Return restart and era for a run. One that holds this restart without being known to has to make room."""
        others = [draft.row for draft in self._drafts[job] if draft.row is not mine]
        for row in others:
            if restart and row["restart"] == restart and not row["restart_known"]:
                before = _ALL_RUNS.where(runs.c.cluster == job.cluster, runs.c.job_id == job.job_id)
                self._read(before.where(runs.c.restart == restart - 1))
                row.update(self._place(job, restart - 1, row))
        eras = [row["era"] for row in others if row["restart"] == restart]
        return {"restart": restart, "era": max(eras, default=-1) + 1}

    def save(self) -> None:
        """Write what was changed."""
        drafts = [draft for drafts in self._drafts.values() for draft in drafts]
        changed = [draft for draft in drafts if draft.is_changed]
        for draft in changed:
            draft.row.update(updated_at=self._now, unsummarised=draft.row["state"] in ENDED)
        # Two may have changed places: first they leave them.
        moved = [draft.row["key"] for draft in changed if draft.has_moved]
        self._execute(_LEAVE_PLACES, [{"_key": key, "_restart": -number} for number, key in enumerate(moved, 1)])
        self._execute(_UPDATE_RUNS, [_marked(draft.row) for draft in changed if draft.before is not None])
        self._execute(runs.insert(), [draft.row for draft in changed if draft.before is None])
        self._save_nodes(drafts)

    def _save_nodes(self, drafts: Sequence[Draft]) -> None:
        listed, moved = [], []
        for draft in drafts:
            before = draft.before or {"nodes": "", "started_at": draft.row["started_at"]}
            if draft.row["nodes"] != before["nodes"]:
                listed.append(draft)
            if draft.row["started_at"] != before["started_at"]:
                moved.append(draft.row)
        # Slurm's list has the last word on nodes that never reported for themselves.
        for keys in chunks(draft.row["key"] for draft in listed if draft.before is not None and draft.before["nodes"]):
            silent = delete(run_nodes).where(run_nodes.c.run_key.in_(keys), run_nodes.c.heard == false())
            self._connection.execute(silent)
        self._execute(_UPDATE_BEGINS, [{"_key": row["key"], "_started_at": row["started_at"]} for row in moved])
        changed = [row for draft in drafts for row in _changed_nodes(draft)]
        self._execute(insert_or_replace(self._connection, run_nodes), changed)
        rows = [
            new_node(draft.row, name, heard=False)
            for draft in listed
            for name in map(clean_name, node_names(draft.row["nodes"])[:MAX_LISTED_NODES])
            if name not in draft.nodes
        ]
        self._execute(insert_or_ignore(self._connection, run_nodes), rows)

    def _execute(self, statement: Any, rows: Sequence[Row]) -> None:
        if rows:
            self._connection.execute(statement, rows)


def _changed_nodes(draft: Draft) -> Iterator[Row]:
    for name, row in draft.nodes.items():
        row["run_started_at"] = draft.row["started_at"]
        if row != draft.nodes_before.get(name) and row["heard"]:
            yield row


def _marked(row: Row) -> Row:
    return {"_key": row["key"], **{f"_{name}": row[name] for name in _CHANGING}}
