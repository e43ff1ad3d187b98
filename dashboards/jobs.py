"""Jobs: what ran, from the database of the job service. It remembers what Prometheus has long forgotten."""

from __future__ import annotations

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.builders.table import Panel as Table
from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.dashboard import VariableOption

from .house import style, uids, variables
from .house.board import Row, board
from .house.links import Link
from .house.queries import Sql
from .house.tables import Column, sql_table

# The page of the job, at the time when it ran.
JOB = Link("Job", uids.JOB, renamed=(("job_id", "Job"),), keep_datasource=False, times=("from", "to"))
# The words of the job service; a run that is pending has not begun, and is in no time range.
STATES = {
    "running": style.NEUTRAL,
    "suspended": style.NEUTRAL,
    "completing": style.NEUTRAL,
    "completed": style.GOOD,
    "ended": style.GOOD,
    "failed": style.BAD,
    "out_of_memory": style.BAD,
    "timeout": style.NOTICE,
    "node_fail": style.BAD,
    "boot_fail": style.BAD,
    "cancelled": style.NOTICE,
    "preempted": style.NOTICE,
    "deadline": style.NOTICE,
    "requeued": style.OFF,
    "resizing": style.OFF,
    "revoked": style.OFF,
    "unknown": style.OFF,
}
FAILED = "'failed', 'out_of_memory', 'timeout', 'deadline', 'node_fail', 'boot_fail'"
# Runs that went on within the time range. What has not begun, or not ended, has a time beyond all others.
CHOSEN = """WHERE started_at < $__unixEpochTo() AND ended_at > $__unixEpochFrom()
  AND state IN (${job_state:sqlstring})
  AND ${job_user:sqlstring} IN ('', "user")
  AND ${job_account:sqlstring} IN ('', account)
  AND ${job_partition:sqlstring} IN ('', partition)"""
UNTIL_NOW = "LEAST(ended_at, EXTRACT(EPOCH FROM now()))"
# The part of a run that is within the time range, in hours.
HOURS = f"((LEAST({UNTIL_NOW}, $__unixEpochTo()) - GREATEST(started_at, $__unixEpochFrom())) / 3600)"
# The time range of a job's page, in milliseconds: the run and a minute on either side.
FROM_TO = f'((started_at - 60) * 1000)::bigint AS "from", (({UNTIL_NOW} + 60) * 1000)::bigint AS "to"'
# What sstat or sacct said.
OF_SLURM = """(slurm_usage::json ->> 'cpu_seconds')::float AS "CPU time",
  (slurm_usage::json ->> 'memory_bytes')::float AS "Memory\""""
TIMES = [Column("from", hidden=True), Column("to", hidden=True)]
STATE = Column("State", names=style.names({state: (state, color) for state, color in STATES.items()}))


def dashboard() -> Dashboard:
    """Runs of jobs, and what they add up to."""
    return board(
        "Jobs",
        uids.JOBS,
        "Runs of jobs in the time range, from the job service's PostgreSQL. A job's number leads to its page.",
        variables=[
            variables.postgres_datasource(),
            _states(),
            _text("job_user", "User"),
            _text("job_account", "Account"),
            _text("job_partition", "Partition"),
        ],
        rows=[
            Row("", [_runs()]),
            Row("Sums", [_by_user(), _by_state()]),
            Row("Idle GPUs", [_idle_gpus()]),
        ],
        since="now-24h",
    )


def _states() -> builders.CustomVariable:
    variable = builders.CustomVariable("job_state").label("State").values(",".join(STATES))
    variable.options([VariableOption(selected=False, text=state, value=state) for state in STATES])
    all_of_them = VariableOption(selected=True, text=["All"], value=["$__all"])
    return variable.multi(True).include_all(True).current(all_of_them)


def _text(name: str, label: str) -> builders.TextBoxVariable:
    return builders.TextBoxVariable(name).label(label).default_value("")


def _runs() -> Table:
    return sql_table(
        "Runs",
        "The thousand runs that began last. A requeued job has several runs. CPU time and memory are those that Slurm "
        "measured.",
        Sql(
            f"""SELECT job_id::text AS "Job", name AS "Name", state AS "State", "user" AS "User", account AS "Account",
  partition AS "Partition", nodes AS "Nodes", cpus AS "CPUs", gpus AS "GPUs", to_timestamp(started_at) AS "Begin",
  {UNTIL_NOW} - started_at AS "Runtime", exit_code AS "Exit code", energy_joules AS "Energy",
  {OF_SLURM}, {FROM_TO}
FROM runs {CHOSEN}
ORDER BY started_at DESC LIMIT 1000"""
        ),
        [
            Column("Job", link=JOB, width=110),
            STATE,
            Column("CPUs", unit=units.Short),
            Column("GPUs", unit=units.Short),
            Column("Begin", unit=units.DatetimeDefault),
            Column("Runtime", unit=units.Seconds),
            Column("Exit code", unit=units.Number),
            Column("Energy", unit=units.Joule),
            Column("CPU time", unit=units.Seconds),
            Column("Memory", unit=units.BytesIEC),
            *TIMES,
        ],
        height=14,
    )


def _by_user() -> Table:
    return sql_table(
        "Users",
        "What the runs of each user add up to within the time range.",
        Sql(
            f"""SELECT "user" AS "User", account AS "Account", COUNT(*) AS "Runs",
  COUNT(*) FILTER (WHERE state IN ({FAILED})) AS "Failed",
  SUM(cpus * {HOURS}) AS "CPU hours", SUM(gpus * {HOURS}) AS "GPU hours"
FROM runs {CHOSEN}
GROUP BY "user", account ORDER BY SUM(cpus * {HOURS}) DESC NULLS LAST LIMIT 200"""
        ),
        [Column(title, unit=units.Short) for title in ("Runs", "Failed", "CPU hours", "GPU hours")],
        width=16,
    )


def _by_state() -> Table:
    return sql_table(
        "States",
        "How many of the runs are in each state.",
        Sql(
            f"""SELECT state AS "State", COUNT(*) AS "Runs"
FROM runs {CHOSEN}
GROUP BY state ORDER BY COUNT(*) DESC"""
        ),
        [STATE, Column("Runs", unit=units.Short)],
        width=8,
    )


def _idle_gpus() -> Table:
    return sql_table(
        "Runs with the most idle GPU hours",
        "GPU hours that a run held and did not use, as the agents on its nodes saw it. The whole run counts.",
        Sql(
            f"""SELECT job_id::text AS "Job", "user" AS "User", name AS "Name", held / 3600 AS "GPU hours held",
  (held - busy) / 3600 AS "Idle GPU hours", busy / NULLIF(held, 0) AS "Busy", {FROM_TO}
FROM runs JOIN LATERAL (
  SELECT SUM(gpu_held_seconds) AS held, SUM(gpu_busy_seconds) AS busy FROM run_nodes WHERE run_key = key
) AS used ON held > 0
{CHOSEN}
ORDER BY held - busy DESC LIMIT 50"""
        ),
        [
            Column("Job", link=JOB, width=110),
            Column("GPU hours held", unit=units.Short),
            Column("Idle GPU hours", unit=units.Short),
            Column("Busy", unit=units.PercentUnit),
            *TIMES,
        ],
    )
