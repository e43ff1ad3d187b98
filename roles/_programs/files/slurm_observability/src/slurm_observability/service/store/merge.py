"""How what is heard of a run comes together in its row, in whatever order and however often it is heard.

Fields are merged by who said them (facts); state and end follow from what is known then (conclusion).
"""

from __future__ import annotations

import re
from typing import Any

from ...jobs.event import CGROUP, EPILOG_SLURMCTLD, FINISHED, PROLOG_SLURMCTLD, STARTED, JobEvent
from ...jobs.sample import JobSample
from ..run import RunRecord
from ..states import FINAL
from .conclusion import settle
from .draft import Draft
from .facts import CONTROLLER, NODE, RANKED, SEEN, SLURM, Facts
from .texts import clean, clean_name

_EVENT_FIELDS = (
    *("sluid", "name", "user", "uid", "account", "partition", "qos", "nodes", "node_count"),
    *("array_job_id", "array_task_id", "het_job_id", "het_job_offset"),
)
_EXIT_FIELDS = ("exit_code", "exit_signal", "derived_exit_code")
_RECORD_FIELDS = tuple(name for name in RANKED if not name.endswith("_at"))
_RECORD_TIMES = {"submit_time": "submitted_at", "eligible_time": "eligible_at", "start_time": "started_at"}

# 16(x2),8
_CPUS = re.compile(r"(\d{1,6})(?:\(x(\d{1,6})\))?", re.ASCII)


def node_of(event: JobEvent) -> str:
    """Return the node that saw an event; empty for the controller."""
    return "" if _rank_of(event) == CONTROLLER else clean_name(event.node)


def add_event(draft: Draft, event: JobEvent) -> None:
    """Add what an event says."""
    row = draft.row
    facts = Facts(row)
    rank = _rank_of(event)
    for name in _EVENT_FIELDS:
        facts.add(name, getattr(event, name), rank)
    facts.add("cpus", _cpus(event.cpus_per_node), rank)
    if event.start_time is not None:
        facts.add("started_at", event.start_time, rank)
        if event.end_time_limit is not None:
            facts.add("time_limit", int(event.end_time_limit - event.start_time), rank)
    row["reported"] = True
    if event.kind == STARTED:
        row["heard_start"] = True
        facts.add("started_at", event.time, SEEN)
    else:
        for name in _EXIT_FIELDS:
            facts.add(name, getattr(event, name), rank)
    facts.keep()
    node = node_of(event)
    if node:
        _add_to_node(draft, node, event)
    if event.kind == FINISHED and event.origin != CGROUP:
        row["restart_at_end"] = _greater(row["restart_at_end"], event.restart)
        if not node:
            row["controller_ended_at"] = _greater(row["controller_ended_at"], event.time)
    settle(row)


def add_record(draft: Draft, record: RunRecord, now: float) -> None:
    """Add what Slurm said at ``now``. An end is the last word: what was asked before, and says less, is no news."""
    row = draft.row
    facts = Facts(row)
    final = record.state in FINAL
    latest = (final, now) >= (row["slurm_state"] in FINAL, row["slurm_at"] or 0.0)
    for name in _RECORD_FIELDS if final else (name for name in _RECORD_FIELDS if name not in _EXIT_FIELDS):
        facts.add(name, getattr(record, name), SLURM, latest)
    for theirs, ours in _RECORD_TIMES.items():
        facts.add(ours, _seconds(getattr(record, theirs)), SLURM, latest)
    if final:
        facts.add("ended_at", _seconds(record.end_time), SLURM, latest)
    facts.keep()
    if latest:
        row["slurm_state"], row["slurm_at"] = record.state, now
    settle(row)


def add_sample(draft: Draft, sample: JobSample) -> None:
    """Add what a sample says: that the run is there, and its totals."""
    row = draft.row
    facts = Facts(row)
    facts.add("sluid", sample.sluid, SEEN)
    facts.add("started_at", sample.time if sample.start_time is None else sample.start_time, SEEN)
    facts.keep()
    node = draft.node(clean_name(sample.node))
    if node["sampled_at"] is None or sample.time >= node["sampled_at"]:
        node["sampled_at"] = sample.time
        node["cpu_seconds"] = sample.cpu_seconds
        node["gpu_held_seconds"] = _sum([gpu.held_seconds for gpu in sample.gpus])
        node["gpu_busy_seconds"] = _sum([gpu.busy_seconds for gpu in sample.gpus])
    settle(row)


def _add_to_node(draft: Draft, name: str, event: JobEvent) -> None:
    row, node = draft.row, draft.node(name)
    gpus = ",".join(map(clean, event.gpus))
    if gpus > node["gpus"]:
        row["node_gpus"] += _count(gpus) - _count(node["gpus"])
        node["gpus"] = gpus
    if event.kind == STARTED:
        node["started_at"] = _lesser(node["started_at"], event.time)
        row["on_node_at"] = _lesser(row["on_node_at"], event.time)
    elif event.origin != CGROUP:  # a cgroup also goes between two steps
        row["nodes_ended"] += node["ended_at"] is None
        node["ended_at"] = _greater(node["ended_at"], event.time)
        row["nodes_ended_at"] = _greater(row["nodes_ended_at"], event.time)
        node["exit_code"] = _greater(node["exit_code"], event.exit_code)
        node["exit_signal"] = _greater(node["exit_signal"], event.exit_signal)


def _rank_of(event: JobEvent) -> int:
    if event.origin in (PROLOG_SLURMCTLD, EPILOG_SLURMCTLD):
        return CONTROLLER
    return SEEN if event.origin == CGROUP else NODE


def _cpus(text: str) -> int | None:
    """Return the sum of what Slurm writes as ``16(x2),8``; None where it is something else."""
    matches = [_CPUS.fullmatch(part) for part in text.split(",")]
    return sum(int(match[1]) * int(match[2] or 1) for match in matches if match) if all(matches) else None


def _count(gpus: str) -> int:
    return len(gpus.split(",")) if gpus else 0


def _greater(held: Any, value: Any) -> Any:
    return held if value is None else value if held is None else max(held, value)


def _lesser(held: float | None, value: float) -> float:
    return value if held is None else min(held, value)


def _seconds(time: int | None) -> float | None:
    return None if time is None else float(time)


def _sum(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None
