"""Runs in the records of slurmrestd, which changed from one version of its API to the next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...slurm.rest.client import API_VERSIONS
from ...slurm.rest.jobs import squeue_state
from ...slurm.rest.values import number, text, time_of, words
from ...slurm.tres import Tres, parse_tres
from .. import states
from ..run import RunRecord
from .queue import shown_state
from .words import Exit, State, exit_of_status, reason_of, state_of

_MINUTE = 60
_MEGABYTE = 1 << 20
_NO_NODES = ("None assigned",)
# Before it accounting has the time at which a run could have begun in place of that at which it did.
FIRST_VERSION_WITH_STARTS = "v0.0.38"
# Before it the exit codes of accounting are all 0.
FIRST_VERSION_WITH_EXIT_CODES = "v0.0.39"
# What accounting says beside the state that a run had when it ended as this one.
_FLAGS = ("REQUEUED", "RESIZING")


def parse_queued(cluster: str, record: Any) -> RunRecord | None:
    """Return the run in a record of slurmctld's queue; None where it is none."""
    if not isinstance(record, Mapping):
        return None
    job_id = number(record.get("job_id"))
    state = shown_state(squeue_state(words(record.get("job_state"))))
    if job_id is None or state is None:
        return None
    finished = state.state in states.ENDED
    array, het = number(record.get("array_job_id")), number(record.get("het_job_id"))
    ended = _exit(record.get("exit_code")) if finished else Exit()
    nodes = text(record.get("nodes"))
    allocated = parse_tres(text(record.get("tres_alloc_str")))
    return RunRecord(
        cluster=cluster,
        job_id=job_id,
        array_job_id=array or None,
        array_task_id=number(record.get("array_task_id")) if array else None,
        het_job_id=het or None,
        het_job_offset=number(record.get("het_job_offset")) if het else None,
        state=state.state,
        restart=number(record.get("restart_cnt")),
        sluid=text(record.get("sluid")),
        submit_time=time_of(record.get("submit_time")),
        eligible_time=time_of(record.get("eligible_time")),
        start_time=time_of(record.get("start_time")) if nodes else None,
        # Of a run that goes on it is when its time limit will end it.
        end_time=time_of(record.get("end_time")) if finished else None,
        time_limit=_minutes(record.get("time_limit")),
        name=text(record.get("name")),
        user=text(record.get("user_name")),
        uid=number(record.get("user_id")),
        account=text(record.get("account")),
        partition=text(record.get("partition")),
        qos=text(record.get("qos")),
        nodes=nodes,
        node_count=number(record.get("node_count")) if nodes else None,
        cpus=allocated.cpus if nodes else None,
        gpus=allocated.gpus if nodes else None,
        memory_bytes=allocated.memory_bytes or None,
        exit_code=ended.code,
        exit_signal=ended.signal,
        derived_exit_code=_exit(record.get("derived_exit_code")).code if finished else None,
        reason=reason_of(text(record.get("state_reason")), state),
    )


def parse_accounted(record: Any, version: str = API_VERSIONS[0]) -> RunRecord | None:
    """Return the run in a record of accounting, in a version of the API; None where it is none."""
    if not isinstance(record, Mapping):
        return None
    times, told, array, het, tres = (_part(record, name) for name in ("time", "state", "array", "het", "tres"))
    job_id = number(record.get("job_id"))
    current = words(told.get("current"))
    state = state_of(next((flag for flag in _FLAGS if flag in current), current[0] if current else ""))
    if job_id is None or state is None:
        return None
    finished, end = state.state in states.ENDED, time_of(times.get("end"))
    allocated, requested = _tres(tres.get("allocated")), _tres(tres.get("requested"))
    begun = allocated.cpus > 0
    ended = _exit(record.get("exit_code")) if finished else Exit()
    derived = _exit(record.get("derived_exit_code")) if finished else Exit()
    exit_codes = version >= FIRST_VERSION_WITH_EXIT_CODES
    if not exit_codes and state.state != states.COMPLETED and not ended.signal:
        ended = Exit()
    array_id, het_id = number(array.get("job_id")), number(het.get("job_id"))
    return RunRecord(
        cluster=text(record.get("cluster")),
        job_id=job_id,
        array_job_id=array_id or None,
        array_task_id=number(array.get("task_id")) if array_id else None,
        het_job_id=het_id or None,
        het_job_offset=number(het.get("job_offset")) if het_id else None,
        # The state of a run that is still being cleaned up can be a final one; its end is not known yet.
        state=states.COMPLETING if finished and end is None else state.state,
        restart=number(record.get("restart_cnt")),
        sluid=text(record.get("sluid")),
        submit_time=time_of(times.get("submission")),
        eligible_time=time_of(times.get("eligible")),
        start_time=time_of(times.get("start")) if begun and version >= FIRST_VERSION_WITH_STARTS else None,
        end_time=end if finished else None,
        time_limit=_minutes(times.get("limit")),
        name=text(record.get("name")),
        user=text(record.get("user")),
        account=text(record.get("account")),
        partition=text(record.get("partition")),
        qos=text(record.get("qos")),
        nodes="" if record.get("nodes") in _NO_NODES else text(record.get("nodes")),
        node_count=number(record.get("allocation_nodes")) if begun else None,
        cpus=allocated.cpus if begun else None,
        gpus=allocated.gpus if begun else None,
        memory_bytes=allocated.memory_bytes or requested.memory_bytes or None,
        exit_code=ended.code,
        exit_signal=ended.signal,
        derived_exit_code=derived.code if exit_codes else None,
        reason=_reason(record, state, text(told.get("reason"))),
        energy_joules=float(_count(tres.get("allocated"), "energy")) or None,
    )


def _part(record: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = record.get(name)
    return value if isinstance(value, Mapping) else {}


def _reason(record: Mapping[str, Any], state: State, reason: str) -> str:
    canceller = text(record.get("kill_request_user"))
    if canceller and state.state == states.CANCELLED:
        return f"cancelled by {canceller}"
    return reason_of(reason, state, text(record.get("failed_node")))


def _exit(value: Any) -> Exit:
    """Return how a process ended: a wait status before v0.0.39, in accounting and since then an object."""
    if isinstance(value, Mapping):
        signal = _part(value, "signal")
        number_of = signal["id"] if "id" in signal else signal.get("signal_id")
        return Exit(number(value.get("return_code")) or 0, number(number_of) or 0)
    status = number(value)
    return Exit() if status is None else exit_of_status(status)


def _minutes(value: Any) -> int | None:
    limit = number(value)
    return None if limit is None else limit * _MINUTE


def _tres(listed: Any) -> Tres:
    return Tres(
        cpus=_count(listed, "cpu"),
        nodes=_count(listed, "node"),
        gpus=_count(listed, "gres", "gpu") or _count(listed, "gres", "gpu:"),
        memory_bytes=_count(listed, "mem") * _MEGABYTE,
    )


def _count(listed: Any, kind: str, name: str = "") -> int:
    """Return how much of a resource a list names; for a name that ends in a colon, of all whose names begin so."""
    total = 0
    for item in listed if isinstance(listed, list) else ():
        if isinstance(item, Mapping) and item.get("type") == kind:
            named = text(item.get("name"))
            if named == name or (name.endswith(":") and named.startswith(name)):
                total += max(number(item.get("count")) or 0, 0)
    return total
