"""What the rows of the tables mean, in the words of the model."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any, NamedTuple

from sqlalchemy import RowMapping

from ...jobs.event import JobEvent
from ...jobs.run_id import format_run_id
from ...jobs.sample import GpuSample, JobSample, NodeSample
from ..run import Run, RunNode, SlurmUsage
from .tables import NEVER, samples


class StoredEvent(NamedTuple):
    """An event, the name of the token that it came with, and when."""

    event: JobEvent
    sender: str
    received_at: float


_RUN_NAMES = {field.name for field in fields(Run)} - {"id", "on_nodes", "slurm_usage", "summary"}
_NODE_NAMES = [field.name for field in fields(NodeSample)]
# What has a column of its own, by the same name.
SAMPLE_NAMES = [field.name for field in fields(JobSample) if field.name in samples.c and field.name != "gpus"]


def to_run(row: RowMapping, on_nodes: Sequence[RunNode] = ()) -> Run:
    """Return the run in a row of runs, with the column ``superseded``: whether its job has a newer run."""
    values: dict[str, Any] = {name: row[name] for name in _RUN_NAMES}
    for name in ("submitted_at", "started_at", "ended_at"):
        values[name] = None if values[name] == NEVER else values[name]
    summary = None if row["summary"] is None else json.loads(row["summary"])
    usage = None if row["slurm_usage"] is None else SlurmUsage(**json.loads(row["slurm_usage"]))
    name = format_run_id(row["job_id"], row["restart"], row["era"], superseded=row["superseded"])
    return Run(id=name, on_nodes=tuple(on_nodes), slurm_usage=usage, summary=summary, **values)


def to_run_node(row: RowMapping) -> RunNode:
    """Return the node in a row of run_nodes."""
    names = ("node", "started_at", "ended_at", "exit_code", "exit_signal")
    gpus = tuple(row["gpus"].split(",")) if row["gpus"] else ()
    return RunNode(gpus=gpus, **{name: row[name] for name in names})


def to_sample(row: RowMapping, identity: Mapping[str, Any]) -> JobSample:
    """Return the sample in a row of samples, with the fields that identify its run."""
    values = {name: row[name] for name in SAMPLE_NAMES}
    gpus = tuple(GpuSample(**gpu) for gpu in json.loads(row["gpus"] or "[]"))
    return JobSample(gpus=gpus, **identity, **values)


def to_node_sample(row: RowMapping) -> NodeSample:
    """Return the sample in a row of nodes."""
    return NodeSample(**{name: row[name] for name in _NODE_NAMES})


def to_event(row: RowMapping) -> StoredEvent:
    """Return the event in a row of events."""
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in json.loads(row["document"]).items()
    }
    return StoredEvent(JobEvent(**values), row["sender"], row["received_at"])
