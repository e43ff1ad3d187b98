"""Waste, power and cost: GPU-hours that were held and not used, by whom, and what the GPUs took."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import Dashboard, TextBoxVariable
from grafana_foundation_sdk.builders.stat import Panel as Stat
from grafana_foundation_sdk.builders.table import Panel as Table
from grafana_foundation_sdk.builders.timeseries import Panel as TimeSeries
from grafana_foundation_sdk.models import units

from .house import links, panels, style, uids, variables
from .house.board import Row, board
from .house.queries import Query, of_jobs
from .house.tables import Column, table

HERE = f"{{{variables.IN_PARTITIONS}}}"
# Counts of GPUs and their power are recorded each minute.
HOURS = "/ 60"
KILOWATT_HOURS = "* 60 / 3.6e6"
HELD = f"sum(sum_over_time(partition:gpus_held:count{HERE}[$__range])) {HOURS}"
IDLE = f"sum(sum_over_time(partition:gpus_idle:count{HERE}[$__range])) {HOURS}"
OF_JOBS = of_jobs("username", "account", "name", info="last_over_time(slurm_job_info[$__range])")


def dashboard() -> Dashboard:
    """The time range is what is added up: a day at first."""
    return board(
        "Waste, power and cost",
        uids.WASTE,
        "GPU-hours of the time range: held, held and idle, out of service, and what they cost; energy of the GPUs.",
        variables=[
            variables.datasource(),
            variables.partition(),
            TextBoxVariable("price").label("Price of a GPU-hour").default_value("1"),
        ],
        rows=[
            Row("", _numbers()),
            Row("GPU-hours", [_course(), _out_of_service(), _users(), _jobs()]),
            Row("Power and energy", [_power(), _energy_of_jobs()]),
            Row("CPUs", [_cpu_efficiency()]),
        ],
        since="now-24h",
    )


def _numbers() -> list[Stat]:
    return [
        panels.stat(
            "GPU-hours held",
            "GPU-hours that jobs held in the time range, each GPU once.",
            units.Number,
            Query(f"{HELD} or vector(0)", "GPU-hours"),
        ).decimals(1),
        panels.stat(
            "GPU-hours idle",
            "GPU-hours in which a job held a GPU and had not used it for half an hour.",
            units.Number,
            Query(f"{IDLE} or vector(0)", "GPU-hours"),
            steps=style.ANY_IS_NOTICED,
        ).decimals(1),
        panels.stat(
            "Idle share",
            "Part of the held GPU-hours that was idle.",
            units.PercentUnit,
            Query(f"{IDLE} / ({HELD} > 0) or vector(0)", "idle"),
            steps=style.steps(style.GOOD, (0.1, style.NOTICE), (0.3, style.BAD)),
        ),
        panels.stat(
            "Cost of all held",
            "GPU-hours held, times the price that is given above, in its currency.",
            units.Number,
            Query(f"{HELD} * $price or vector(0)", "cost"),
        ).decimals(0),
        panels.stat(
            "Cost of idle GPUs",
            "GPU-hours held and idle, times the price that is given above, in its currency.",
            units.Number,
            Query(f"{IDLE} * $price or vector(0)", "cost"),
            steps=style.ANY_IS_NOTICED,
        ).decimals(0),
        panels.stat(
            "Energy of all GPUs",
            "Power of all GPUs of nodes that are up, added up over the time range. Hosts are not in it.",
            units.KiloWattHour,
            Query(f"sum(sum_over_time(partition:gpu_power:watts{HERE}[$__range])) {KILOWATT_HOURS}", "energy"),
        ).decimals(1),
    ]


def _course() -> TimeSeries:
    return panels.timeseries(
        "GPUs over the time range",
        "GPUs that nodes show, those that jobs hold, and those that are held and idle: the waste.",
        units.Short,
        Query(f"sum(node:gpus:count{HERE})", "shown"),
        Query(f"sum(partition:gpus_held:count{HERE}) or vector(0)", "held"),
        Query(f"sum(partition:gpus_idle:count{HERE}) or vector(0)", "held and idle"),
    )


def _out_of_service() -> TimeSeries:
    one = '{partition=~"$partition"}'
    return panels.timeseries(
        "GPUs that no job could have",
        "GPUs on nodes that are drained or down. A GPU of two partitions counts in both.",
        units.Short,
        Query(f"sum(max by (partition) (slurm_partition_gpus_drain{one}))", "drained"),
        Query(f"sum(max by (partition) (slurm_partition_gpus_down{one}))", "down"),
    )


def _users() -> Table:
    return table(
        "Users by idle GPU-hours",
        "GPU-hours of the time range, of all partitions. A GPU that two share counts for each.",
        [
            Query(f"sum by (username, account) (sum_over_time({series}[$__range])) {HOURS}", title)
            for title, series in {"Idle": "user:gpus_idle:count", "Held": "user:gpus_held:count"}.items()
        ],
        [
            Column("username", "User"),
            Column("account", "Account"),
            Column("Idle", "Idle GPU-hours", unit=units.Number),
            Column("Held", "Held GPU-hours", unit=units.Number),
        ],
        width=10,
        sort_by="Idle GPU-hours",
        no_value="no job held a GPU",
    )


def _jobs() -> Table:
    return table(
        "Worst jobs by idle GPU-hours",
        "The twenty jobs that left the most GPU-hours idle in the time range, of all partitions.",
        [
            Query(
                f"topk(20, sum by (job_id) (sum_over_time(job:gpus_idle:count[$__range])) {HOURS} > 0) {OF_JOBS}",
                "Idle",
            )
        ],
        [
            Column("job_id", "Job", link=links.JOB, width=110),
            Column("username", "User"),
            Column("account", "Account"),
            Column("name", "Name"),
            Column("Idle", "Idle GPU-hours", unit=units.Number),
        ],
        width=14,
        sort_by="Idle GPU-hours",
        no_value="no job left a GPU idle",
    )


def _power() -> TimeSeries:
    return panels.timeseries(
        "Power by partition",
        "Power of the GPUs. Nodes of several partitions are under the names of all of them.",
        units.Watt,
        Query(f"sum by (partition) (partition:gpu_power:watts{HERE})", "{{partition}}"),
        stacked=True,
    )


def _energy_of_jobs() -> Table:
    return table(
        "Jobs by energy of their GPUs",
        "The twenty jobs that took the most in the time range. Shared GPUs count as a whole.",
        [
            Query(
                f"topk(20, sum by (job_id) (sum_over_time(job:gpu_power:watts[$__range])) {KILOWATT_HOURS}) {OF_JOBS}",
                "Energy",
            )
        ],
        [
            Column("job_id", "Job", link=links.JOB, width=90),
            Column("username", "User"),
            Column("name", "Name"),
            Column("Energy", unit=units.KiloWattHour),
        ],
        width=12,
        sort_by="Energy",
        no_value="no job held a GPU",
    )


def _cpu_efficiency() -> TimeSeries:
    one = '{partition=~"$partition"}'
    return panels.timeseries(
        "CPU efficiency of ended jobs",
        "CPU time that jobs used, divided by that of the CPUs they held, of jobs that ended in the hour before. Absent "
        "where Slurm gathers nothing (JobAcctGatherType).",
        units.PercentUnit,
        Query(
            f"sum by (partition) (increase(slurm_job_cpu_used_seconds_total{one}[1h]))"
            f" / (sum by (partition) (increase(slurm_job_cpu_allocated_seconds_total{one}[1h])) > 0)",
            "{{partition}}",
        ),
        width=24,
    )
