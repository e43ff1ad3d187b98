"""slurmctld's statistics: its scheduler, its threads and queues, and the remote procedure calls (RPCs) to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from ...metrics.metric import Family, Metric
from ...slurm.scheduler import Calls, SchedulerStatistics
from ..topic import Scene

NAME = "scheduler"

_MICROSECONDS = 1_000_000
_SINCE = "Begins again when slurmctld starts, at midnight UTC, and after sdiag --reset."
_NOT_DAILY = "Begins again when slurmctld starts and after sdiag --reset."
_TIME = "in microseconds"
_SUM = "Absent where sdiag has no --json, as before Slurm 23.02."
_OLD = "Absent before Slurm 23.11, which does not tell it."

# Names, types and units are those of slurmctld's own endpoint: gauges, for most of them begin again each day.
_NUMBERS = {
    "server_thread_cnt": "Threads of slurmctld that answer RPCs, with the one that answers the exporter.",
    "agent_cnt": "Agents that send RPCs to nodes now.",
    "agent_queue_size": "RPCs that wait to be sent to nodes.",
    "agent_thread_cnt": "Threads of the agents that send RPCs to nodes.",
    "slurmdbd_queue_size": "Records that wait to be sent to slurmdbd. It rises while slurmdbd is away.",
    "rpc_queue_enabled": "1 when slurmctld queues RPCs (enable_rpc_queue), else 0. Absent where this Slurm has none.",
    "sdiag_jobs_submitted": f"Jobs submitted. {_SINCE}",
    "sdiag_jobs_started": f"Jobs started. {_SINCE}",
    "sdiag_jobs_completed": f"Jobs completed. {_SINCE}",
    "sdiag_jobs_canceled": f"Jobs cancelled. {_SINCE}",
    "sdiag_jobs_failed": f"Jobs that failed because of Slurm itself, not by an exit code. {_SINCE}",
    "sdiag_jobs_pending": "Pending jobs at slurm_sdiag_job_states_ts, each task of a job array counted.",
    "sdiag_jobs_running": "Running jobs at slurm_sdiag_job_states_ts.",
    "sdiag_job_states_ts": "When slurmctld last counted jobs by state, in seconds since 1970.",
    "sdiag_latency": f"How long 1000 calls of gettimeofday() took when slurmctld started, {_TIME}.",
    "schedule_cycle_last": f"How long the last cycle of the main scheduler took, {_TIME}.",
    "schedule_cycle_max": f"How long the longest cycle of the main scheduler took, {_TIME}. {_SINCE}",
    "schedule_cycle_cnt": f"Cycles of the main scheduler. {_SINCE}",
    "schedule_cycle_tot": f"How long all cycles of the main scheduler took, {_TIME}. {_SINCE} {_SUM}",
    "schedule_cycle_depth": f"Jobs that all cycles of the main scheduler looked at. {_SINCE} {_SUM}",
    "schedule_queue_len": "Jobs that waited in the last cycle of the main scheduler.",
    "sched_mean_cycle": f"How long a cycle of the main scheduler took on average, {_TIME}. {_SINCE}",
    "sched_mean_depth_cycle": f"Jobs that a cycle of the main scheduler looked at on average. {_SINCE}",
    "sched_exit_end": f"Cycles of the main scheduler that ended with the queue. {_SINCE} {_OLD}",
    "sched_exit_max_depth": f"Cycles of the main scheduler that default_queue_depth ended. {_SINCE} {_OLD}",
    "sched_exit_max_job_start": f"Cycles of the main scheduler that sched_max_job_start ended. {_SINCE} {_OLD}",
    "sched_exit_lic": f"Cycles of the main scheduler that ended for want of licenses. {_SINCE} {_OLD}",
    "sched_exit_rpc_cnt": f"Cycles of the main scheduler that max_rpc_cnt ended. {_SINCE} {_OLD}",
    "sched_exit_timeout": f"Cycles of the main scheduler that max_sched_time ended. {_SINCE} {_OLD}",
    "backfilled_jobs": f"Jobs that the backfill scheduler started. {_NOT_DAILY}",
    "last_backfilled_jobs": f"Jobs that the backfill scheduler started. {_SINCE}",
    "backfilled_het_jobs": f"Components of heterogeneous jobs that the backfill scheduler started. {_SINCE}",
    "bf_active": "1 when a cycle of the backfill scheduler was running, else 0.",
    "bf_cycle_cnt": f"Cycles of the backfill scheduler. {_SINCE}",
    "bf_cycle_last": f"How long the last cycle of the backfill scheduler took, {_TIME}, without the time it slept.",
    "bf_cycle_max": f"How long the longest cycle of the backfill scheduler took, {_TIME}. {_SINCE}",
    "bf_cycle_tot": f"How long all cycles of the backfill scheduler took, {_TIME}. {_SINCE} {_SUM}",
    "bf_mean_cycle": f"How long a cycle of the backfill scheduler took on average, {_TIME}. {_SINCE}",
    "bf_when_last_cycle": "When the backfill scheduler last ran, in seconds since 1970. 0 before the first cycle.",
    "bf_last_depth": "Jobs that the last cycle of the backfill scheduler looked at.",
    "bf_last_depth_try": "Jobs that the last cycle of the backfill scheduler tried to place.",
    "bf_depth_tot": f"Jobs that all cycles of the backfill scheduler looked at. {_SINCE} {_SUM}",
    "bf_depth_try_tot": f"Jobs that all cycles of the backfill scheduler tried to place. {_SINCE} {_SUM}",
    "bf_depth_mean": f"Jobs that a cycle of the backfill scheduler looked at on average. {_SINCE}",
    "bf_try_depth_mean": f"Jobs that a cycle of the backfill scheduler tried to place on average. {_SINCE}",
    "bf_queue_len": "Jobs that waited for the last cycle of the backfill scheduler, once for each of their partitions.",
    "bf_queue_len_tot": f"Jobs that waited for cycles of the backfill scheduler, added up. {_SINCE} {_SUM}",
    "bf_queue_len_mean": f"Jobs that waited for a cycle of the backfill scheduler on average. {_SINCE}",
    "bf_table_size": "Time slots that the last cycle of the backfill scheduler tested.",
    "bf_table_size_tot": f"Time slots that all cycles of the backfill scheduler tested. {_SINCE} {_SUM}",
    "bf_mean_table_sz": f"Time slots that a cycle of the backfill scheduler tested on average. {_SINCE}",
    "bf_exit_end": f"Cycles of the backfill scheduler that ended with the queue. {_SINCE} {_OLD}",
    "bf_exit_max_job_start": f"Cycles of the backfill scheduler that bf_max_job_start ended. {_SINCE} {_OLD}",
    "bf_exit_max_job_test": f"Cycles of the backfill scheduler that bf_max_job_test ended. {_SINCE} {_OLD}",
    "bf_exit_state_changed": f"Cycles of the backfill scheduler that a change of the system ended. {_SINCE} {_OLD}",
    "bf_exit_table_limit": f"Cycles of the backfill scheduler that bf_node_space_size ended. {_SINCE} {_OLD}",
    "bf_exit_timeout": f"Cycles of the backfill scheduler that bf_max_time ended. {_SINCE} {_OLD}",
    "last_proc_req_start": "When slurmctld last began its statistics again, in seconds since 1970.",
    "sched_stats_timestamp": "When slurmctld gave the statistics, in seconds since 1970.",
}
_QUERIES = {
    "slurmdbd_queue_size": "slurm_slurmdbd_queue_size > 1000",
    "schedule_cycle_max": "slurm_schedule_cycle_max / 1e6 > 10",
    "bf_cycle_last": "slurm_bf_cycle_last / 1e6",
    "schedule_cycle_tot": "rate(slurm_schedule_cycle_tot[10m]) / 1e6",
    "sdiag_jobs_started": "rate(slurm_sdiag_jobs_started[10m])",
    "bf_when_last_cycle": "time() - slurm_bf_when_last_cycle",
}
NUMBERS = {name: Metric(f"slurm_{name}", text, query=_QUERIES.get(name, "")) for name, text in _NUMBERS.items()}

_RPC, _USER = ("rpc",), ("username",)
CALLS = Metric(
    "slurm_rpcs_total",
    f"RPCs that slurmctld has answered, by type; Slurm keeps 100 types. {_NOT_DAILY}",
    _RPC,
    "counter",
    "topk(10, rate(slurm_rpcs_total[10m]))",
)
CALL_SECONDS = Metric(
    "slurm_rpc_seconds_total",
    f"Time that slurmctld spent on RPCs, by type. {_NOT_DAILY}",
    _RPC,
    "counter",
    "rate(slurm_rpc_seconds_total[10m]) / rate(slurm_rpcs_total[10m])",
)
USER_CALLS = Metric(
    "slurm_user_rpcs_total",
    f"RPCs that slurmctld has answered, by user; Slurm keeps 200 users. {_NOT_DAILY}",
    _USER,
    "counter",
    "topk(10, rate(slurm_user_rpcs_total[10m]))",
)
USER_CALL_SECONDS = Metric(
    "slurm_user_rpc_seconds_total",
    f"Time that slurmctld spent on RPCs, by user. {_NOT_DAILY}",
    _USER,
    "counter",
    "topk(10, rate(slurm_user_rpc_seconds_total[10m]))",
)
_WITH_QUEUE = "Absent unless slurmctld queues RPCs (enable_rpc_queue). The rate limit (rl_enable) counts nowhere."
CALLS_QUEUED = Metric("slurm_rpcs_queued", f"RPCs that wait for slurmctld, by type. {_WITH_QUEUE}", _RPC)
CALLS_DROPPED = Metric(
    "slurm_rpcs_dropped_total",
    f"RPCs that slurmctld dropped because too many waited, by type. {_NOT_DAILY} {_WITH_QUEUE}",
    _RPC,
    "counter",
    "rate(slurm_rpcs_dropped_total[10m]) > 0",
)
CALLS_PENDING = Metric(
    "slurm_rpcs_pending", "RPCs that slurmctld has yet to send to nodes, by type, at most 30 seconds old.", _RPC
)

METRICS = (
    *NUMBERS.values(),
    CALLS,
    CALL_SECONDS,
    USER_CALLS,
    USER_CALL_SECONDS,
    CALLS_QUEUED,
    CALLS_DROPPED,
    CALLS_PENDING,
)


def families(answer: SchedulerStatistics, scene: Scene) -> Iterator[Family]:
    """Yield what slurmctld told; a number that this version does not tell is absent."""
    for name, metric in NUMBERS.items():
        yield Family(metric, [((), answer.values[name])] if name in answer.values else ())
    yield _by_name(CALLS, answer.calls, lambda calls: calls.count)
    yield _by_name(CALL_SECONDS, answer.calls, lambda calls: calls.microseconds / _MICROSECONDS)
    yield _by_name(USER_CALLS, answer.user_calls, lambda calls: calls.count)
    yield _by_name(USER_CALL_SECONDS, answer.user_calls, lambda calls: calls.microseconds / _MICROSECONDS)
    yield _by_name(CALLS_QUEUED, answer.calls, lambda calls: calls.queued)
    yield _by_name(CALLS_DROPPED, answer.calls, lambda calls: calls.dropped)
    yield Family(CALLS_PENDING, (((name,), count) for name, count in answer.pending_calls.items()))


def _by_name(metric: Metric, calls: Mapping[str, Calls], value: Callable[[Calls], float | None]) -> Family:
    values = ((name, value(item)) for name, item in calls.items())
    return Family(metric, [((name,), number) for name, number in values if number is not None])
