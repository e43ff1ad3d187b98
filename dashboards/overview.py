"""Cluster overview: what is wrong, and what is going on."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.builders.stat import Panel as Stat
from grafana_foundation_sdk.builders.table import Panel as Table
from grafana_foundation_sdk.models import units

from .house import links, panels, style, uids, variables
from .house.alerts import alert_table
from .house.board import Row, board
from .house.queries import Query, of_jobs
from .house.tables import Column, table

# Two exporters, of two controllers, serve the same numbers: max() takes one of them.
FAILED_STATES = 'state!~"COMPLETED|CANCELLED|PREEMPTED|REQUEUED|RESIZING|REVOKED"'


def dashboard() -> Dashboard:
    """The page to open first."""
    return board(
        "Cluster overview",
        uids.OVERVIEW,
        "What is wrong on the cluster, and what it does. Names of nodes and partitions lead on.",
        variables=[variables.datasource()],
        rows=[
            Row("", _numbers()),
            Row("What is wrong", [_alerts(), _nodes_out_of_service()]),
            Row("Partitions", [_partitions()]),
            Row(
                "Nodes and GPUs",
                [
                    panels.timeseries(
                        "Nodes by state",
                        "Nodes in use, idle, and kept from jobs. One that is down as well as drained counts in both.",
                        units.Short,
                        Query("max(slurm_nodes_alloc) + max(slurm_nodes_mixed)", "in use", style.NEUTRAL),
                        Query("max(slurm_nodes_idle)", "idle", style.GOOD),
                        Query("max(slurm_nodes_drain)", "drained, draining", style.NOTICE),
                        Query("max(slurm_nodes_down)", "down", style.BAD),
                        Query("max(slurm_nodes_powered_down)", "powered down", style.OFF),
                        Query("max(slurm_nodes_powering_up)", "powering up", "purple"),
                    ),
                    panels.timeseries(
                        "GPUs by use",
                        "Each GPU once: held by jobs, free for one, or on a node that takes none.",
                        units.Short,
                        Query("max(slurm_gpus_alloc)", "allocated", style.NEUTRAL),
                        Query("max(slurm_gpus_idle)", "idle", style.GOOD),
                        Query("max(slurm_gpus_drain)", "drained", style.NOTICE),
                        Query("max(slurm_gpus_down)", "down", style.BAD),
                        Query("max(slurm_gpus_powered_down)", "powered down", style.OFF),
                        stacked=True,
                    ),
                    panels.timeseries(
                        "GPUs held by jobs",
                        "GPUs that jobs hold: those at work, and those that have done nothing for half an hour.",
                        units.Short,
                        Query(
                            "sum(partition:gpus_held:count) - sum(partition:gpus_idle:count)", "at work", style.NEUTRAL
                        ),
                        Query("sum(partition:gpus_idle:count)", "idle", style.NOTICE),
                        stacked=True,
                        link=links.Link("Waste, power and cost", uids.WASTE),
                    ),
                    panels.timeseries(
                        "GPU power",
                        "Power of all GPUs, and the most that their limits allow.",
                        units.Watt,
                        Query("sum(node:gpu_power:watts)", "power"),
                        Query("sum(node:gpu_power_limit:watts)", "limit"),
                    ),
                ],
            ),
            Row(
                "Jobs",
                [
                    panels.timeseries(
                        "Jobs in the queue",
                        "Jobs by state. Each task of an array counts.",
                        units.Short,
                        Query("max(slurm_jobs_running)", "running", style.NEUTRAL),
                        Query("max(slurm_jobs_pending)", "pending", style.NOTICE),
                        Query("max(slurm_jobs_configuring)", "configuring", style.GOOD),
                        Query("max(slurm_jobs_completing)", "completing", style.OFF),
                        link=links.Link("Queue", uids.QUEUE),
                    ),
                    panels.bargauge(
                        "Pending by reason",
                        "Why jobs wait, in Slurm's words.",
                        units.Short,
                        Query("sort_desc(max by (reason) (slurm_jobs_pending_reason) > 0)", "{{reason}}"),
                        width=12,
                        link=links.Link("Queue", uids.QUEUE),
                    ).no_value("none pending"),
                    panels.timeseries(
                        "Ended runs by state",
                        "Runs of jobs that ended in the hour before, by the state in which they ended.",
                        units.Short,
                        Query(
                            "sum by (state) (max by (partition, state) (increase(slurm_job_runs_ended_total[1h]))) > 0",
                            "{{state}}",
                        ),
                    ),
                    _largest_jobs(),
                ],
            ),
        ],
    )


def _numbers() -> list[Stat]:
    firing = 'count(ALERTS{{alertstate="firing",severity="{}"}}) or vector(0)'
    return [
        panels.stat(
            "Critical alerts",
            "Critical alerts that fire.",
            units.Short,
            Query(firing.format("critical"), "critical"),
            steps=style.ANY_IS_BAD,
        ),
        panels.stat(
            "Warnings",
            "Alerts of severity warning that fire.",
            units.Short,
            Query(firing.format("warning"), "warning"),
            steps=style.ANY_IS_NOTICED,
        ),
        panels.stat(
            "Nodes down",
            "Nodes that Slurm calls down.",
            units.Short,
            Query("max(slurm_nodes_down)", "down"),
            steps=style.ANY_IS_BAD,
        ),
        panels.stat(
            "Nodes drained",
            "Drained and draining nodes.",
            units.Short,
            Query("max(slurm_nodes_drain)", "drained"),
            steps=style.ANY_IS_NOTICED,
        ),
        panels.stat(
            "Longest wait",
            "For how long the pending job that waits longest could have started. Held and dependent ones do not count.",
            units.Seconds,
            Query("max(slurm_jobs_longest_wait_seconds)", "wait"),
            link=links.Link("Queue", uids.QUEUE),
        ),
        panels.stat(
            "Failed in an hour",
            "Runs of jobs that ended in the last hour and neither completed nor were cancelled.",
            units.Short,
            Query(
                f"sum(max by (partition, state) (increase(slurm_job_runs_ended_total{{{FAILED_STATES}}}[1h])))"
                " or vector(0)",
                "failed",
            ),
        ).decimals(0),
    ]


def _alerts() -> Table:
    return alert_table(
        "Firing alerts",
        "Alerts that fire, the worst first, and how many series of each. docs/alerts says what to do about them.",
        lambda firing: f'ALERTS{{{firing},alertname!="Watchdog"}}',
        [Column("node", "Node", link=links.NODE, width=110), Column("job_id", "Job", link=links.JOB, width=80)],
        counted=True,
        width=12,
        no_value="none fires",
    )


def _nodes_out_of_service() -> Table:
    return table(
        "Nodes with a reason",
        "Nodes that are down or drained, why, who said so, and since when.",
        [
            Query(
                "1000 * max by (node, reason, user) (slurm_node_reason_set_timestamp_seconds"
                " * on (instance, node) group_left (reason, user) slurm_node_reason_info)",
                "Since",
            )
        ],
        [
            Column("node", "Node", link=links.NODE, width=130),
            Column("reason", "Reason"),
            Column("user", "Set by", width=100),
            Column("Since", unit=units.DateTimeFromNow, width=130),
        ],
        width=12,
        sort_by="Since",
        no_value="no node has one",
    )


def _partitions() -> Table:
    shown = {
        "Nodes": "slurm_partition_nodes",
        "Idle": "slurm_partition_nodes_idle",
        "Down": "slurm_partition_nodes_down",
        "Drained": "slurm_partition_nodes_drain",
        "Running": "slurm_partition_jobs_running",
        "Pending": "slurm_partition_jobs_pending",
        "GPUs": "slurm_partition_gpus",
        "GPUs allocated": "slurm_partition_gpus_alloc",
    }
    colours = {"Down": style.ANY_IS_BAD, "Drained": style.ANY_IS_NOTICED}
    return table(
        "Partitions now",
        "Nodes, jobs and GPUs of each partition. A node or a GPU of two partitions counts in both.",
        [Query(f"max by (partition) ({name})", title) for title, name in shown.items()],
        [
            Column("partition", "Partition", link=(links.QUEUE, links.GPUS)),
            *(Column(title, unit=units.Short, steps=colours.get(title)) for title in shown),
        ],
    )


def _largest_jobs() -> Table:
    return table(
        "Largest jobs that run",
        "The ten running jobs with the most nodes. All jobs are on the page of the queue.",
        [
            Query(
                "topk(10, count by (job_id) (max by (job_id, node) (slurm_node_job))) "
                + of_jobs("name", "username", "partition"),
                "Nodes",
            )
        ],
        [
            Column("job_id", "Job", link=links.JOB, width=110),
            Column("name", "Name"),
            Column("username", "User"),
            Column("partition", "Partition", link=(links.QUEUE, links.GPUS)),
            Column("Nodes", unit=units.Short, width=80),
        ],
        width=12,
        sort_by="Nodes",
        no_value="no job runs",
    )
