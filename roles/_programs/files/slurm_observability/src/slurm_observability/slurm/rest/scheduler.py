"""Read slurmctld's statistics from slurmrestd: the same numbers as sdiag gives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..command import SlurmError
from ..scheduler import SUMS, Calls, SchedulerStatistics
from .client import RestClient
from .values import number, text

_NAMES = {
    **SUMS,
    "req_time": "sched_stats_timestamp",
    "req_time_start": "last_proc_req_start",
    "server_thread_count": "server_thread_cnt",
    "agent_queue_size": "agent_queue_size",
    "agent_count": "agent_cnt",
    "agent_thread_count": "agent_thread_cnt",
    "dbd_agent_queue_size": "slurmdbd_queue_size",
    "gettimeofday_latency": "sdiag_latency",
    "jobs_submitted": "sdiag_jobs_submitted",
    "jobs_started": "sdiag_jobs_started",
    "jobs_completed": "sdiag_jobs_completed",
    "jobs_canceled": "sdiag_jobs_canceled",
    "jobs_failed": "sdiag_jobs_failed",
    "jobs_pending": "sdiag_jobs_pending",
    "jobs_running": "sdiag_jobs_running",
    "job_states_ts": "sdiag_job_states_ts",
    "schedule_cycle_last": "schedule_cycle_last",
    "schedule_cycle_max": "schedule_cycle_max",
    "schedule_cycle_total": "schedule_cycle_cnt",
    "schedule_cycle_mean": "sched_mean_cycle",
    "schedule_cycle_mean_depth": "sched_mean_depth_cycle",
    "schedule_queue_length": "schedule_queue_len",
    "bf_active": "bf_active",
    "bf_backfilled_jobs": "backfilled_jobs",
    "bf_last_backfilled_jobs": "last_backfilled_jobs",
    "bf_backfilled_het_jobs": "backfilled_het_jobs",
    "bf_cycle_counter": "bf_cycle_cnt",
    "bf_when_last_cycle": "bf_when_last_cycle",
    "bf_cycle_last": "bf_cycle_last",
    "bf_cycle_max": "bf_cycle_max",
    "bf_cycle_mean": "bf_mean_cycle",
    "bf_last_depth": "bf_last_depth",
    "bf_last_depth_try": "bf_last_depth_try",
    "bf_depth_mean": "bf_depth_mean",
    "bf_depth_mean_try": "bf_try_depth_mean",
    "bf_queue_len": "bf_queue_len",
    "bf_queue_len_mean": "bf_queue_len_mean",
    "bf_table_size": "bf_table_size",
}
# Why cycles ended.
_EXITS = {
    "schedule_exit": {
        "end_job_queue": "sched_exit_end",
        "default_queue_depth": "sched_exit_max_depth",
        "max_job_start": "sched_exit_max_job_start",
        "licenses": "sched_exit_lic",
        "max_rpc_cnt": "sched_exit_rpc_cnt",
        "max_sched_time": "sched_exit_timeout",
    },
    "bf_exit": {
        "end_job_queue": "bf_exit_end",
        "bf_max_job_start": "bf_exit_max_job_start",
        "bf_max_job_test": "bf_exit_max_job_test",
        "state_changed": "bf_exit_state_changed",
        "bf_node_space_size": "bf_exit_table_limit",
        "bf_max_time": "bf_exit_timeout",
    },
}


def read_statistics(client: RestClient) -> SchedulerStatistics:
    """Ask slurmrestd. Raises SlurmError when it fails, or when what it answers is no statistics."""
    statistics = client.document("/diag").get("statistics")
    if not isinstance(statistics, Mapping) or number(statistics.get("req_time")) is None:
        raise SlurmError("slurmrestd shows no statistics of slurmctld")
    return parse_statistics(statistics)


def parse_statistics(statistics: Mapping[str, Any]) -> SchedulerStatistics:
    """Return the statistics in slurmrestd's record of them. What this version does not tell is left out."""
    values = _values(statistics, _NAMES)
    for key, names in _EXITS.items():
        values.update(_values(statistics.get(key), names))
    values.update(_mean_table_size(statistics))
    calls, bad_calls = _calls(statistics.get("rpcs_by_message_type"), "message_type", "type_id")
    user_calls, bad_users = _calls(statistics.get("rpcs_by_user"), "user", "user_id")
    pending, bad_pending = _calls(statistics.get("pending_rpcs"), "message_type", "type_id")
    return SchedulerStatistics(
        values,
        calls,
        user_calls,
        {name: call.count for name, call in pending.items()},
        bad_calls + bad_users + bad_pending,
    )


def _values(record: Any, names: Mapping[str, str]) -> dict[str, int]:
    if not isinstance(record, Mapping):
        return {}
    found = {name: _number(record.get(key)) for key, name in names.items()}
    return {name: value for name, value in found.items() if value is not None}


def _number(value: Any) -> int | None:
    return int(value) if isinstance(value, bool) else number(value)


def _mean_table_size(statistics: Mapping[str, Any]) -> dict[str, int]:
    """Return the mean size of the backfill table. From v0.0.40 on slurmrestd tells the mean queue length instead."""
    total, cycles = number(statistics.get("bf_table_size_sum")), number(statistics.get("bf_cycle_counter"))
    mean = number(statistics.get("bf_table_size_mean")) if "bf_exit" not in statistics else None
    if total is not None and cycles is not None:
        mean = total // cycles if cycles else 0
    return {} if mean is None else {"bf_mean_table_sz": mean}


def _calls(records: Any, name_key: str, id_key: str) -> tuple[dict[str, Calls], int]:
    """Return the calls by name, those of the same name added up, and the number of records that are none."""
    calls: dict[str, Calls] = {}
    rejected = 0
    for record in records if isinstance(records, Iterable) else ():
        found = _call(record, name_key, id_key)
        if found is None:
            rejected += 1
        else:
            name, count, microseconds = found
            before = calls.get(name, Calls(0, 0))
            calls[name] = Calls(before.count + count, before.microseconds + microseconds)
    return calls, rejected


def _call(record: Any, name_key: str, id_key: str) -> tuple[str, int, int] | None:
    if not isinstance(record, Mapping):
        return None
    name, count = text(record.get(name_key)), number(record.get("count"))
    if not name:
        identity = number(record.get(id_key))
        name = "" if identity is None else str(identity)
    return (name, count, number(record.get("total_time")) or 0) if name and count is not None else None
