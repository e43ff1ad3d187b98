"""Queue, users and fair share: who waits for what, who has what, and who is next."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.builders.table import Panel as Table
from grafana_foundation_sdk.models import units

from .house import links, panels, uids, variables
from .house.board import Row, board
from .house.queries import Query, of_jobs
from .house.tables import Column, table

# Of the partitions that were chosen.
HERE = '{partition=~"$partition"}'


def dashboard() -> Dashboard:
    """The queue by partition; users and accounts of the whole cluster."""
    return board(
        "Queue, users and fair share",
        uids.QUEUE,
        "What waits and why, who holds what, and what fair share says. Users and accounts are those of all partitions.",
        variables=[variables.datasource(), variables.partition()],
        rows=[
            Row(
                "Queue",
                [
                    panels.timeseries(
                        "Pending jobs by reason",
                        "Why jobs wait, in Slurm's words. A job that waits for several partitions counts in each.",
                        units.Short,
                        Query(
                            "sum by (reason) (max by (partition, reason)"
                            f" (slurm_partition_jobs_pending_reason{HERE})) > 0",
                            "{{reason}}",
                        ),
                        stacked=True,
                    ),
                    panels.timeseries(
                        "Running jobs by partition",
                        "Jobs that run, by partition.",
                        units.Short,
                        Query(f"max by (partition) (slurm_partition_jobs_running{HERE})", "{{partition}}"),
                        stacked=True,
                        link=links.GPUS,
                    ),
                    _partitions(),
                    panels.timeseries(
                        "Wait of started jobs",
                        "How long runs that ended in the hour before had waited, from when they could have begun.",
                        units.Seconds,
                        Query(_quantile(0.5), "half waited less"),
                        Query(_quantile(0.9), "nine in ten waited less"),
                    ),
                    panels.timeseries(
                        "GPUs held and asked for",
                        "GPUs that jobs hold, and those that pending jobs ask for.",
                        units.Short,
                        Query(f"sum(max by (partition) (slurm_partition_jobs_gpus_alloc{HERE}))", "held"),
                        Query(f"sum(max by (partition) (slurm_partition_jobs_gpus_pending{HERE}))", "asked for"),
                    ),
                ],
            ),
            Row("Running jobs", [_running_jobs()]),
            Row(
                "Users and accounts",
                [
                    _users(),
                    panels.timeseries(
                        "CPUs by account",
                        "CPUs that jobs of each account hold: the ten accounts with the most.",
                        units.Short,
                        Query("topk(10, max by (account) (slurm_account_jobs_cpus_alloc))", "{{account}}"),
                        stacked=True,
                    ),
                    panels.timeseries(
                        "GPUs by account",
                        "GPUs that jobs of each account hold: the ten accounts with the most.",
                        units.Short,
                        Query("topk(10, max by (account) (slurm_account_jobs_gpus_alloc))", "{{account}}"),
                        stacked=True,
                    ),
                ],
            ),
            Row("Fair share and limits", [_fair_share(), _limits()]),
        ],
        since="now-24h",
    )


def _quantile(part: float) -> str:
    return f"histogram_quantile({part}, sum by (le) (increase(slurm_job_wait_seconds_bucket{HERE}[1h])))"


def _partitions() -> Table:
    shown = {
        "Running": ("slurm_partition_jobs_running", units.Short),
        "Pending": ("slurm_partition_jobs_pending", units.Short),
        "Held": ("slurm_partition_jobs_hold", units.Short),
        "Longest wait": ("slurm_partition_jobs_longest_wait_seconds", units.Seconds),
        "Largest job": ("slurm_partition_jobs_max_job_nodes_nohold", units.Short),
        "Idle nodes": ("slurm_partition_nodes_idle", units.Short),
        "GPUs asked for": ("slurm_partition_jobs_gpus_pending", units.Short),
        "Idle GPUs": ("slurm_partition_gpus_idle", units.Short),
    }
    return table(
        "Partitions: what waits and what is idle",
        "Pending jobs beside what could take them. The largest pending job is in nodes, and not a held one.",
        [Query(f"max by (partition) ({name}{HERE})", title) for title, (name, _) in shown.items()],
        [
            Column("partition", "Partition", link=links.GPUS),
            *(Column(title, unit=unit) for title, (_, unit) in shown.items()),
        ],
    )


def _running_jobs() -> Table:
    return table(
        "Jobs that run",
        "Jobs that run, each with the number of its nodes. The exporter's --max-running-jobs limits the list.",
        [
            Query(
                "count by (job_id) (max by (job_id, node) (slurm_node_job)) "
                + of_jobs("name", "username", "account", "partition", "qos", info=f"slurm_job_info{HERE}"),
                "Nodes",
            )
        ],
        [
            Column("job_id", "Job", link=links.JOB, width=110),
            Column("name", "Name"),
            Column("username", "User"),
            Column("account", "Account"),
            Column("partition", "Partition"),
            Column("qos", "QOS"),
            Column("Nodes", unit=units.Short),
        ],
        height=10,
        no_value="no job runs",
    )


def _users() -> Table:
    shown = {
        "Running": "slurm_user_jobs_running",
        "Pending": "slurm_user_jobs_pending",
        "CPUs": "slurm_user_jobs_cpus_alloc",
        "GPUs": "slurm_user_jobs_gpus_alloc",
        "CPUs asked for": "slurm_user_jobs_cpus_pending",
        "GPUs asked for": "slurm_user_jobs_gpus_pending",
    }
    return table(
        "Users with jobs",
        "What each user runs, holds, and waits for. The exporter's --max-label-values limits the list.",
        [Query(f"max by (username) ({name})", title) for title, name in shown.items()],
        [Column("username", "User"), *(Column(title, unit=units.Short) for title in shown)],
        sort_by="CPUs",
    )


def _fair_share() -> Table:
    shown = {
        "Shares": ("slurm_association_norm_shares", units.PercentUnit),
        "Usage": ("slurm_association_effective_usage", units.PercentUnit),
        "Factor": ("slurm_association_fairshare", units.Short),
    }
    return table(
        "Fair share of users",
        "Shares and usage as Slurm compares them, and the factor from 0 (used too much) to 1 that priority is made of.",
        [Query(f'max by (account, username) ({name}{{username!=""}})', title) for title, (name, _) in shown.items()],
        [
            Column("account", "Account"),
            Column("username", "User"),
            *(Column(title, unit=unit) for title, (_, unit) in shown.items()),
        ],
        width=12,
        sort_by="Usage",
    )


def _limits() -> Table:
    labels = "qos, account, username, limit, resource"
    return table(
        "Limits of QOS, fullest first",
        "How much of each limit of a QOS is used. A job that waits for QOSGrp... or QOSMax... waits for one of these.",
        [
            Query(
                f"sort_desc(max by ({labels}) (slurm_qos_usage)"
                f" / on ({labels}) (max by ({labels}) (slurm_qos_limit) > 0))",
                "Used",
            )
        ],
        [
            Column("qos", "QOS"),
            Column("account", "Account"),
            Column("username", "User"),
            Column("limit", "Limit"),
            Column("resource", "Resource"),
            Column("Used", unit=units.PercentUnit),
        ],
        width=12,
        no_value="no QOS has a limit",
    )
