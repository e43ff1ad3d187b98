"""Events, samples and Slurm's records on their way into the database."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import NamedTuple

from sqlalchemy import Connection, func, select, update

from ...jobs.document import document
from ...jobs.event import JobEvent
from ...jobs.sample import JobSample, NodeSample
from ..run import RunRecord
from ..states import ENDED
from . import mention
from .batch import Batch, Job, chunks
from .draft import Row
from .merge import add_event, add_record, add_sample
from .rows import SAMPLE_NAMES
from .tables import events, nodes, runs, samples
from .texts import clean, clean_name
from .upsert import insert_or_ignore, insert_or_replace

STORED, REPEATED = "stored", "repeated"


class Arrival(NamedTuple):
    """An event, who sent it, and when it arrived."""

    event: JobEvent
    sender: str
    time: float


class Reconciled(NamedTuple):
    """How many of Slurm's records were of new runs, changed one, said nothing new, and were refused by the database."""

    new: int = 0
    changed: int = 0
    same: int = 0
    refused: int = 0


def store_events(connection: Connection, arrivals: Sequence[Arrival], cluster: str) -> list[str]:
    """Store events and what they say of runs; for each return STORED, or REPEATED where it was stored before.

    Events that name no cluster are of the one given.
    """
    known: set[str] = set()
    for ids in chunks({clean(arrival.event.event_id) for arrival in arrivals}):
        known.update(connection.scalars(select(events.c.event_id).where(events.c.event_id.in_(ids))))
    new, outcomes = [], []
    for arrival in arrivals:
        event_id = clean(arrival.event.event_id)
        outcomes.append(REPEATED if event_id in known else STORED)
        if event_id not in known:
            known.add(event_id)
            new.append(arrival)
    if not new:
        return outcomes
    batch = Batch(connection, max(arrival.time for arrival in new))
    jobs = [_job(arrival.event, cluster) for arrival in new]
    batch.load(jobs, {arrival.event.restart for arrival in new}, {clean_name(arrival.event.node) for arrival in new})
    key = connection.scalar(select(func.max(events.c.key))) or 0
    rows = []
    for number, (job, (event, sender, time)) in enumerate(zip(jobs, new, strict=True), key + 1):
        draft = batch.draft(job, mention.of_event(event))
        add_event(draft, event)
        row = {"key": number, "event_id": clean(event.event_id), "run_key": draft.row["key"]}
        rows.append({**row, "sender": clean(sender), "received_at": time, "document": json.dumps(document(event))})
    batch.save()
    connection.execute(events.insert(), rows)
    return outcomes


def store_records(connection: Connection, records: Sequence[RunRecord], now: float, cluster: str) -> Reconciled:
    """Store what Slurm said of runs at ``now``."""
    batch = Batch(connection, now)
    jobs = [_job(record, cluster) for record in records]
    batch.load(jobs, {record.restart for record in records})
    drafts = {}
    for job, record in zip(jobs, records, strict=True):
        draft = batch.draft(job, mention.of_record(record))
        add_record(draft, record, now)
        drafts[draft.row["key"]] = draft
    batch.save()
    new = sum(draft.is_new for draft in drafts.values())
    changed = sum(draft.is_changed for draft in drafts.values()) - new
    return Reconciled(new, changed, len(records) - new - changed)


def store_samples(connection: Connection, taken: Sequence[JobSample], cluster: str) -> int:
    """Store samples of runs, and return how many are there now. A run that is only known by them is on record too."""
    batch = Batch(connection, max((sample.time for sample in taken), default=0.0))
    jobs = [_job(sample, cluster) for sample in taken]
    batch.load(jobs, {sample.restart for sample in taken}, {clean_name(sample.node) for sample in taken})
    rows: dict[tuple[int, str, float], Row] = {}
    for job, sample in zip(jobs, taken, strict=True):
        draft = batch.draft(job, mention.of_sample(sample))
        add_sample(draft, sample)
        row = {name: getattr(sample, name) for name in SAMPLE_NAMES}
        gpus = json.dumps([document(gpu) for gpu in sample.gpus]) if sample.gpus else None
        row.update(run_key=draft.row["key"], node=clean_name(sample.node), gpus=gpus)
        rows[row["run_key"], row["node"], row["time"]] = row
    batch.save()
    if rows:
        connection.execute(insert_or_ignore(connection, samples), list(rows.values()))
    _summarise_anew(connection, {row[0] for row in rows})
    return len(rows)


def store_nodes(connection: Connection, taken: Iterable[NodeSample], cluster: str) -> int:
    """Keep the newest sample of each node, and return how many nodes were given."""
    newest: dict[tuple[str, str], Row] = {}
    for sample in taken:
        row = asdict(sample)
        row.update(cluster=clean_name(sample.cluster) or cluster, node=clean_name(sample.node))
        row["agent_version"] = clean(sample.agent_version)
        held = newest.get((row["cluster"], row["node"]))
        if held is None or held["time"] <= row["time"]:
            newest[row["cluster"], row["node"]] = row
    if newest:
        connection.execute(insert_or_replace(connection, nodes, unless_newer="time"), list(newest.values()))
    return len(newest)


def _job(told: JobEvent | JobSample | RunRecord, cluster: str) -> Job:
    return Job(clean_name(told.cluster) or cluster, told.job_id)


def _summarise_anew(connection: Connection, keys: Iterable[int]) -> None:
    for few in chunks(keys):
        late = update(runs).where(runs.c.key.in_(few), runs.c.state.in_(ENDED)).values(unsummarised=True)
        connection.execute(late)
