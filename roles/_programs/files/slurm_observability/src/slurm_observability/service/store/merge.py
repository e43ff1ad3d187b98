"""How what is heard of a run comes together in its row, in whatever order and however often it is heard.

Each field remembers who said it. The better informed wins: Slurm itself over slurmctld's hooks, these over the nodes'
hooks, these over what was only seen. Of equals, one is chosen by its value, and never by its arrival; of Slurm's words,
the latest. State and end are not merged but follow from what is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ...jobs.event import CGROUP, EPILOG_SLURMCTLD, FINISHED, PROLOG_SLURMCTLD, STARTED, JobEvent
from ...jobs.sample import JobSample
from ...slurm.hostlist import node_names
from ..run import RunRecord
from ..states import (
    ACTIVE,
    ENDED,
    ENDED_SOMEHOW,
    FAILED,
    FINAL,
    FROM_EVENTS,
    FROM_SLURM,
    OUT_OF_MEMORY,
    REQUEUED,
    RUNNING,
    UNKNOWN,
)
from .draft import Draft, Row
from .tables import NEVER

# The fields that are merged. A row keeps a digit for each, in this order: new ones go to the end.
RANKED = (
    *("sluid", "name", "user", "uid", "account", "partition", "qos", "nodes", "node_count", "cpus", "gpus"),
    *("memory_bytes", "time_limit", "array_job_id", "array_task_id", "het_job_id", "het_job_offset"),
    *("submitted_at", "eligible_at", "started_at", "ended_at", "exit_code", "exit_signal", "derived_exit_code"),
    *("reason", "energy_joules"),
)
_PLACE = {name: place for place, name in enumerate(RANKED)}

# The exit codes of shells whose command was ended by a signal are above it.
SHELL_SIGNAL = 128
# By this, which is no signal, Slurm's steps tell that their memory was not enough (SIG_OOM, as wait(2) would give it).
SIGNAL_OUT_OF_MEMORY = 125

# Who said it. A begin that is only the time of an event was SEEN: the run cannot have begun later.
NOBODY, SEEN, NODE, CONTROLLER, SLURM = range(5)

_EVENT_FIELDS = (
    *("sluid", "name", "user", "uid", "account", "partition", "qos", "nodes", "node_count"),
    *("array_job_id", "array_task_id", "het_job_id", "het_job_offset"),
)
_EXIT_FIELDS = ("exit_code", "exit_signal", "derived_exit_code")
_RECORD_FIELDS = tuple(name for name in RANKED if not name.endswith("_at"))
_RECORD_TIMES = {"submit_time": "submitted_at", "eligible_time": "eligible_at", "start_time": "started_at"}

# PostgreSQL's indices take 2,704 bytes: one text, or the names of a cluster and a node. Slurm's own are shorter.
MAX_TEXT, MAX_NAME = 512, 256
MAX_NODE_LIST = 1 << 16
_BAD_TEXT = re.compile("[\0\ud800-\udfff]")

# 16(x2),8
_CPUS = re.compile(r"(\d{1,6})(?:\(x(\d{1,6})\))?", re.ASCII)


def clean(text: str, limit: int = MAX_TEXT) -> str:
    """Return text as both databases can keep it: no NUL, no half of a character, not too long for an index."""
    return text[:limit] if text.isascii() and "\0" not in text else _BAD_TEXT.sub("\ufffd", text[:limit])


def clean_name(name: str) -> str:
    """Return the name of a cluster or a node as both databases can keep it."""
    return clean(name, MAX_NAME)


def is_exact(row: Mapping[str, Any], name: str) -> bool:
    """Return whether the field is Slurm's own word, by whatever way it came."""
    return _rank(row["sources"], name) > SEEN


def node_of(event: JobEvent) -> str:
    """Return the node that saw an event; empty for the controller."""
    return "" if _rank_of(event) == CONTROLLER else clean_name(event.node)


def add_event(draft: Draft, event: JobEvent) -> None:
    """Add what an event says."""
    row = draft.row
    facts = _Facts(row)
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
    facts = _Facts(row)
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
    facts = _Facts(row)
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


def settle(row: Row) -> None:
    """Draw the conclusions: state, end, and who has to be asked for more."""
    all_nodes = row["node_count"] or len(node_names(row["nodes"])) or 1
    heard_end = row["controller_ended_at"]
    if heard_end is None and row["nodes_ended"] >= all_nodes:
        heard_end = row["nodes_ended_at"]
    if _rank(row["sources"], "ended_at") < SLURM:
        row["ended_at"] = NEVER if heard_end is None else heard_end
    if _rank(row["sources"], "gpus") < SLURM:
        row["gpus"] = row["node_gpus"] or None
    slurm = row["slurm_state"]
    if slurm in FINAL:
        state, source = slurm, FROM_SLURM
    elif heard_end is not None:
        state, source = _outcome(row), FROM_EVENTS
    else:
        state, source = (slurm, FROM_SLURM) if slurm else (RUNNING, FROM_EVENTS)
    ended = state in ENDED
    row["state"], row["state_source"] = state, source
    began_unheard = row["started_at"] < NEVER and not row["heard_start"]
    row["reconciled"] = bool(slurm) and (began_unheard or (ended and heard_end is None))
    row["unsettled"] = state in ACTIVE or source == FROM_EVENTS


class _Facts:
    """The fields of a row, and who said them."""

    def __init__(self, row: Row) -> None:
        self._row = row
        self._ranks = [int(digit) for digit in row["sources"]]
        self._ranks += [NOBODY] * (len(RANKED) - len(self._ranks))

    def add(self, name: str, value: Any, rank: int, latest: bool = False) -> None:
        """Take a value if who says it knows better. ``latest`` is the word that replaces others of the same rank."""
        if value is None or value == "":
            return
        if isinstance(value, str):
            value = clean(value, MAX_NODE_LIST if name == "nodes" else MAX_TEXT)
        place = _PLACE[name]
        held = self._ranks[place]
        if name == "exit_code" and held and abs(value - self._row[name]) == SHELL_SIGNAL:
            # Of these two the greater is meant: up to 25.05 sacct shows codes from 128 on less 128.
            self._ranks[place] = max(rank, held)
            self._row[name] = max(value, self._row[name])
            return
        if rank < held or (rank == held and not latest and not self._preferred(name, value, rank)):
            return
        self._ranks[place] = rank
        self._row[name] = value

    def keep(self) -> None:
        self._row["sources"] = "".join(map(str, self._ranks))

    def _preferred(self, name: str, value: Any, rank: int) -> bool:
        """Choose among equals: the earliest begin, else the greatest value. Slurm's own earlier words stay."""
        if rank == SLURM:
            return False
        held = self._row[name]
        return bool(value < held if name == "started_at" else value > held)


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


def _rank(sources: str, name: str) -> int:
    place = _PLACE[name]
    return int(sources[place]) if place < len(sources) else NOBODY


def _rank_of(event: JobEvent) -> int:
    if event.origin in (PROLOG_SLURMCTLD, EPILOG_SLURMCTLD):
        return CONTROLLER
    return SEEN if event.origin == CGROUP else NODE


def _outcome(row: Row) -> str:
    """Return what the hooks tell of an end. The rest is Slurm's to say.

    Slurm ends runs that it cancels, preempts, requeues, or whose time is over, with exit code 0 (job_mgr.c there).
    """
    if row["restart_known"] and row["restart_at_end"] == row["restart"] + 1:
        return REQUEUED
    if row["exit_code"] is None and row["exit_signal"] is None:
        return UNKNOWN
    if row["exit_signal"] == SIGNAL_OUT_OF_MEMORY:
        return OUT_OF_MEMORY
    return FAILED if row["exit_code"] or row["exit_signal"] else ENDED_SOMEHOW


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
