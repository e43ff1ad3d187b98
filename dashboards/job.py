"""One job: who runs it, on which nodes, what they do, which of them is slow, and what is wrong with them.

A job that has ended shows what it did as long as the time range reaches back to it.
"""

from __future__ import annotations

from grafana_foundation_sdk.builders.bargauge import Panel as BarGauge
from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.builders.stat import Panel as Stat
from grafana_foundation_sdk.builders.statetimeline import Panel as StateTimeline
from grafana_foundation_sdk.builders.table import Panel as Table
from grafana_foundation_sdk.builders.timeseries import Panel as TimeSeries
from grafana_foundation_sdk.models import units

from .house import links, panels, problems, style, uids, variables
from .house.alerts import alert_table
from .house.board import Row, board
from .house.queries import Query
from .house.tables import Column, table

JOB = '{job_id="$job_id"}'
# The nodes of the job at each moment, and all that it had in the time range.
ON_ITS_NODES = f"and on (node) slurm_node_job{JOB}"
ITS_NODES = f"max by (node) (last_over_time(slurm_node_job{JOB}[$__range]))"
SLOW = style.steps(style.BAD, (0.7, style.GOOD))


def dashboard() -> Dashboard:
    """All that is known of one job."""
    return board(
        "Job",
        uids.JOB,
        "One job: its nodes and GPUs, what they do, which are slow, and what is wrong with them.",
        variables=[variables.datasource(), variables.job()],
        rows=[
            Row("", [_facts(), *_numbers()]),
            Row("Nodes", [_nodes(), _straggler(), _alerts()]),
            Row("GPUs", [_gpu_spread(), _by_node(), _sm_active(), _memory(), _power(), _gpus(), _problems()]),
            Row("CPU and memory", [_as_slurm_counts(), _cpu(), _node_memory(), _pressure("cpu"), _pressure("memory")]),
            Row("Disk and fabric by node", [_disk(), _pressure("io"), _fabric(), _oom_kills()]),
        ],
    )


def _facts() -> Table:
    labels = "name, username, account, partition, qos, array_job_id, array_task_id"
    return table(
        "The job",
        "As Slurm told it while the job ran in the time range.",
        [Query(f"max by ({labels}) (last_over_time(slurm_job_info{JOB}[$__range]))", "Runs")],
        [
            Column("username", "User"),
            Column("account", "Account"),
            Column("name", "Name"),
            Column("partition", "Partition", link=(links.QUEUE, links.GPUS)),
            Column("qos", "QOS"),
            Column("array_job_id", "Array"),
            Column("array_task_id", "Task"),
        ],
        height=4,
        no_value="this job did not run in the time range",
    )


def _numbers() -> list[Stat]:
    return [
        panels.stat(
            "Run time",
            "Time since the job began, or for which it ran.",
            units.Seconds,
            Query(f"max(last_over_time(hpc_job_runtime_seconds{JOB}[$__range]))", "run time"),
        ),
        panels.stat(
            "Nodes of the job",
            "Nodes that the job had in the time range.",
            units.Short,
            Query(f"count({ITS_NODES})", "nodes"),
        ),
        panels.stat(
            "GPUs of the job",
            "GPUs that the job held.",
            units.Short,
            Query(f"max(max_over_time(job:gpus:count{JOB}[$__range])) or vector(0)", "GPUs"),
        ),
        panels.stat(
            "Efficiency of GPUs",
            "Mean utilization of its GPUs over the time range.",
            units.PercentUnit,
            Query(f"avg(avg_over_time(job:gpu_utilization:ratio{JOB}[$__range]))", "utilization"),
            steps=style.steps(style.NOTICE, (0.3, style.GOOD)),
        ).no_value("no GPU"),
        panels.stat(
            "GPUs idle now",
            "GPUs that the job has not used for half an hour.",
            units.Short,
            Query(f"max(job:gpus_idle:count{JOB}) or vector(0)", "idle"),
            steps=style.ANY_IS_NOTICED,
        ),
        panels.stat(
            "Energy of its GPUs",
            "What its GPUs took in the time range. GPUs that it shares count as a whole.",
            units.WattHour,
            Query(f"sum(increase(job_gpu:energy:joules_total{JOB}[$__range])) / 3600", "energy"),
        ).no_value("no GPU"),
    ]


def _nodes() -> Table:
    counted = ("GPUs", "Alerts now")
    shown = {
        "CPUs used": (f"max by (node) (last_over_time(hpc_job_cpu_usage_percent{JOB}[$__range])) / 100", units.Short),
        "Memory": (
            f"max by (node) (last_over_time(hpc_job_memory_working_set_bytes{JOB}[$__range]))",
            units.BytesIEC,
        ),
        "GPUs": (f"count by (node) (last_over_time(job_gpu:held:bool{JOB}[$__range]))", units.Short),
        "GPU utilization": (
            f"max by (node) (avg_over_time(job_node:gpu_utilization:ratio{JOB}[$__range]))",
            units.PercentUnit,
        ),
        "Alerts now": (f'count by (node) (ALERTS{{alertstate="firing"}} {ON_ITS_NODES})', units.Short),
    }
    return table(
        "What each node does for the job",
        "CPUs and memory as seen last, utilization as the mean of the time range.",
        [
            Query(f"{query} or {0 if title in counted else 'NaN'} * {ITS_NODES}", title)
            for title, (query, _) in shown.items()
        ],
        [
            Column("node", "Node", link=links.NODE),
            *(
                Column(title, unit=unit, steps=style.ANY_IS_NOTICED if title == "Alerts now" else None)
                for title, (_, unit) in shown.items()
            ),
        ],
        width=16,
    )


def _straggler() -> BarGauge:
    return panels.bargauge(
        "Pace of nodes",
        "Work of a node's GPUs in five minutes against the median of the job's nodes: 1 is the median, below 0.7 the "
        "others wait for it. Of jobs on two nodes or more.",
        units.PercentUnit,
        Query(f"sort(min by (node) (last_over_time(job_node:straggler_score:ratio{JOB}[$__range])))", "{{node}}"),
        steps=SLOW,
        link=links.NODE,
    ).no_value("one node, or idle: nothing to compare")


def _alerts() -> Table:
    return alert_table(
        "Alerts of the job and its nodes",
        "Alerts that fired in the time range, about the job or about one of its nodes: before and after it, too.",
        lambda firing: (
            f'last_over_time(ALERTS{{{firing},job_id="$job_id"}}[$__range])'
            f" or last_over_time(ALERTS{{{firing}}}[$__range]) and on (node) {ITS_NODES}"
        ),
        [Column("node", "Node", link=links.NODE), Column("gpu", "GPU", width=60)],
    )


def _gpu_spread() -> TimeSeries:
    return (
        panels.timeseries(
            "Utilization of its GPUs",
            "The busiest, the mean and the idlest of the job's GPUs.",
            units.PercentUnit,
            Query(f"max(job_gpu:utilization:ratio{JOB})", "max"),
            Query(f"avg(job_gpu:utilization:ratio{JOB})", "mean"),
            Query(f"min(job_gpu:utilization:ratio{JOB})", "min"),
        )
        .min(0)
        .max(1)
    )


def _by_node() -> TimeSeries:
    return (
        _of_nodes(
            "GPU utilization by node",
            "Mean of the job's GPUs on each node.",
            units.PercentUnit,
            f"max by (node) (job_node:gpu_utilization:ratio{JOB})",
        )
        .min(0)
        .max(1)
    )


def _sm_active() -> TimeSeries:
    return (
        _of_nodes(
            "SM activity by node",
            "How many of the SMs worked: profiling only. A straggler shows here before it does in utilization.",
            units.PercentUnit,
            f"max by (node) (job_node:gpu_sm_active:ratio{JOB})",
        )
        .min(0)
        .max(1)
    )


def _memory() -> TimeSeries:
    return (
        panels.timeseries(
            "Memory of its GPUs",
            "The fullest, the mean and the emptiest of the job's GPUs.",
            units.PercentUnit,
            Query(f"max(job_gpu:memory_used:ratio{JOB})", "max"),
            Query(f"avg(job_gpu:memory_used:ratio{JOB})", "mean"),
            Query(f"min(job_gpu:memory_used:ratio{JOB})", "min"),
        )
        .min(0)
        .max(1)
    )


def _power() -> TimeSeries:
    return panels.timeseries(
        "Power of its GPUs",
        "What all GPUs of the job take together.",
        units.Watt,
        Query(f"sum(job_gpu:power:watts{JOB})", "power"),
    )


def _gpus() -> Table:
    shown = {
        "Utilization": ("job_gpu:utilization:ratio", units.PercentUnit),
        "Memory used": ("job_gpu:memory_used:ratio", units.PercentUnit),
        "Power": ("job_gpu:power:watts", units.Watt),
    }
    return table(
        "GPUs of the job, mean of the time range",
        "A row for each GPU that the job held.",
        [
            Query(f"max by (node, gpu, GPU_I_ID) (avg_over_time({series}{JOB}[$__range]))", title)
            for title, (series, _) in shown.items()
        ],
        [
            Column("node", "Node", link=links.NODE),
            Column("gpu", "GPU", width=60),
            Column("GPU_I_ID", "MIG instance", width=110),
            *(Column(title, unit=unit) for title, (_, unit) in shown.items()),
        ],
        width=12,
        no_value="no GPU",
    )


def _problems() -> StateTimeline:
    return problems.of_gpus(
        "Problems of its GPUs",
        "XIDs, throttling, memory and link errors while the job held the GPU.",
        f" and on (node, gpu) job_gpu:held:bool{JOB}",
    )


def _as_slurm_counts() -> Table:
    measured = {"CPU time": ("cpu_seconds", units.Seconds), "Memory": ("memory_bytes", units.BytesIEC)}
    return table(
        "What Slurm measured",
        "What the job used by sstat while it ran, and by sacct after its end. Memory is the most that a step had.",
        [
            Query(f"max by (source) (last_over_time(hpc_job_slurm_{name}{JOB}[$__range]))", title)
            for title, (name, _) in measured.items()
        ],
        [Column("source", "Source"), *(Column(title, unit=unit) for title, (_, unit) in measured.items())],
        height=4,
        no_value="Slurm gathers nothing, or has not told yet",
    )


def _cpu() -> TimeSeries:
    return _of_nodes(
        "CPUs used by node",
        "CPUs that the job keeps busy on each node.",
        units.Short,
        f"max by (node) (hpc_job_cpu_usage_percent{JOB}) / 100",
    )


def _node_memory() -> TimeSeries:
    return panels.timeseries(
        "Memory by node",
        "Memory of the job that the kernel cannot simply take back, on each node, and the least limit of any node.",
        units.BytesIEC,
        Query(f"max by (node) (hpc_job_memory_working_set_bytes{JOB})", "{{node}}"),
        Query(f"min(hpc_job_memory_limit_bytes{JOB})", "limit"),
        link=links.NODE,
    )


def _pressure(of: str) -> TimeSeries:
    what = {"cpu": "a CPU", "memory": "memory", "io": "a block device"}[of]
    return _of_nodes(
        f"Pressure: waits for {what}",
        f"Part of the time in which some process of the job waited for {what}.",
        units.PercentUnit,
        f"max by (node) (rate(hpc_job_{of}_pressure_seconds_total{JOB}[$__rate_interval]))",
    )


def _disk() -> TimeSeries:
    return panels.timeseries(
        "Block devices by node",
        "Bytes that the job read and wrote on block devices. Network file systems are none: see the page of the node.",
        units.BytesPerSecondSI,
        Query(f"max by (node) (rate(hpc_job_io_read_bytes_total{JOB}[$__rate_interval]))", "{{node}} read"),
        Query(f"max by (node) (rate(hpc_job_io_write_bytes_total{JOB}[$__rate_interval]))", "{{node}} written"),
        link=links.NODE,
    )


def _fabric() -> TimeSeries:
    return panels.timeseries(
        "InfiniBand of its nodes",
        "Bytes over all ports of the node, of all jobs there.",
        units.BytesPerSecondSI,
        Query(f"max by (node) (node:infiniband_transmit:bytes_per_second) {ON_ITS_NODES}", "{{node}} sent"),
        Query(f"max by (node) (node:infiniband_receive:bytes_per_second) {ON_ITS_NODES}", "{{node}} received"),
        link=links.NODE,
    )


def _oom_kills() -> TimeSeries:
    return _of_nodes(
        "Processes killed for want of memory",
        "Processes of the job that the kernel killed, on each node.",
        units.Short,
        f"max by (node) (increase(hpc_job_oom_kills_total{JOB}[$__rate_interval]))",
    )


def _of_nodes(title: str, description: str, unit: str, query: str) -> TimeSeries:
    """A line for each node of the job."""
    return panels.timeseries(title, description, unit, Query(query, "{{node}}"), link=links.NODE)
