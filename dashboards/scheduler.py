"""Scheduler and stack: slurmctld and slurmdbd, and whether the numbers on all other dashboards can be believed."""

from __future__ import annotations

from collections.abc import Sequence

from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.dashboard import Panel

from .house import links, panels, style, uids, variables
from .house.board import Row, board
from .house.queries import Query
from .house.tables import Column, table


def dashboard() -> Dashboard:
    """From slurmctld, by the exporters, to Prometheus and Alertmanager."""
    return board(
        "Scheduler and stack",
        uids.SCHEDULER,
        "How slurmctld and slurmdbd keep up, and whether what measures them does.",
        variables=[variables.datasource()],
        rows=[
            Row("slurmctld and slurmdbd", _daemons()),
            Row("Schedulers", _schedulers()),
            Row("Scrapes", _scrapes()),
            Row("Exporter of Slurm", _exporter()),
            Row("Job service and agents", _jobs()),
            Row("Prometheus and Alertmanager", _prometheus()),
        ],
    )


def _daemons() -> Sequence[Builder[Panel]]:
    return [
        table(
            "Controllers",
            "Which slurmctld answers a ping. One that is a standby answers too.",
            [Query("max by (controller, role) (slurm_controller_up)", "Answers")],
            [Column("controller", "Controller"), Column("role", "Role"), Column("Answers", names=style.UP)],
            width=8,
        ),
        panels.timeseries(
            "Queues of slurmctld",
            "Threads that answer RPCs (256 at most), RPCs that wait for nodes, records that wait for slurmdbd.",
            units.Short,
            Query("max(slurm_server_thread_cnt)", "server threads"),
            Query("max(slurm_agent_queue_size)", "for nodes"),
            Query("max(slurm_slurmdbd_queue_size)", "for slurmdbd"),
            width=16,
        ),
        panels.timeseries(
            "RPCs by type",
            "RPCs that slurmctld answers: the ten types with the most.",
            units.RequestsPerSecond,
            Query("topk(10, max by (rpc) (rate(slurm_rpcs_total[$__rate_interval])))", "{{rpc}}"),
        ),
        panels.timeseries(
            "Time for RPCs by type",
            "Time that slurmctld spends on RPCs, in each second: the ten types with the most.",
            units.Seconds,
            Query("topk(10, max by (rpc) (rate(slurm_rpc_seconds_total[$__rate_interval])))", "{{rpc}}"),
        ),
        panels.timeseries(
            "RPCs by user",
            "The ten users with the most RPCs. A script that runs squeue in a loop shows here.",
            units.RequestsPerSecond,
            Query("topk(10, max by (username) (rate(slurm_user_rpcs_total[$__rate_interval])))", "{{username}}"),
        ),
        panels.timeseries(
            "Jobs submitted, started and ended",
            "As slurmctld counts them. The counts begin again at midnight UTC.",
            units.OpsPerMinute,
            Query("60 * max(rate(slurm_sdiag_jobs_submitted[$__rate_interval]))", "submitted"),
            Query("60 * max(rate(slurm_sdiag_jobs_started[$__rate_interval]))", "started"),
            Query("60 * max(rate(slurm_sdiag_jobs_completed[$__rate_interval]))", "completed"),
            Query("60 * max(rate(slurm_last_backfilled_jobs[$__rate_interval]))", "started by backfill"),
        ),
    ]


def _schedulers() -> Sequence[Builder[Panel]]:
    return [
        panels.timeseries(
            "Length of cycles",
            "How long the last cycle of each scheduler took. slurmctld answers slowly while one runs.",
            units.Seconds,
            Query("max(slurm_schedule_cycle_last) / 1e6", "main"),
            Query("max(slurm_bf_cycle_last) / 1e6", "backfill"),
        ),
        panels.timeseries(
            "Depth of backfill",
            "Jobs that waited for the last cycle, and those that it came to try. The rest it never reached.",
            units.Short,
            Query("max(slurm_bf_queue_len)", "waited"),
            Query("max(slurm_bf_last_depth_try)", "tried"),
        ),
        panels.timeseries(
            "Since the last backfill",
            "Time since the backfill scheduler last ran. It grows while nothing waits, or when it is stuck.",
            units.Seconds,
            Query("time() - max(slurm_bf_when_last_cycle > 0)", "since the last cycle"),
        ),
        panels.timeseries(
            "Why cycles of backfill end",
            "Cycles of the hour before by what ended them: the end of the queue, or a limit.",
            units.Short,
            Query("max(increase(slurm_bf_exit_end[1h]))", "end of the queue"),
            Query("max(increase(slurm_bf_exit_timeout[1h]))", "bf_max_time"),
            Query("max(increase(slurm_bf_exit_max_job_test[1h]))", "bf_max_job_test"),
            Query("max(increase(slurm_bf_exit_max_job_start[1h]))", "bf_max_job_start"),
            Query("max(increase(slurm_bf_exit_state_changed[1h]))", "state changed"),
            Query("max(increase(slurm_bf_exit_table_limit[1h]))", "bf_node_space_size"),
        ),
    ]


def _scrapes() -> Sequence[Builder[Panel]]:
    return [
        table(
            "Scrape jobs",
            "Targets of each job, those that answer, and the slowest.",
            [
                Query("count by (job) (up)", "Targets"),
                Query("sum by (job) (up)", "Answer"),
                Query("max by (job) (scrape_duration_seconds)", "Slowest"),
                Query("sum by (job) (scrape_samples_scraped)", "Samples"),
            ],
            [
                Column("job", "Job"),
                Column("Targets", unit=units.Short),
                Column("Answer", unit=units.Short),
                Column("Slowest", unit=units.Seconds),
                Column("Samples", unit=units.Short),
            ],
            width=12,
        ),
        table(
            "Targets that do not answer",
            "Powered-down nodes are no targets, and not in this list.",
            [Query("min by (job, instance, node) (up) == 0", "Answers")],
            [
                Column("job", "Job"),
                Column("instance", "Target"),
                Column("node", "Node", link=links.NODE),
                Column("Answers", names=style.UP),
            ],
            width=12,
            no_value="all answer",
        ),
    ]


def _exporter() -> Sequence[Builder[Panel]]:
    return [
        panels.stat(
            "Active exporters",
            "Exporters that serve the numbers of the cluster. One is right, others are its standby.",
            units.Short,
            Query("sum(slurm_exporter_active)", "active"),
            steps=style.steps(style.BAD, (1, style.GOOD), (2, style.BAD)),
            width=8,
        ),
        panels.stat(
            "History read",
            "How much of the history since the reset time has been read from slurmdbd.",
            units.PercentUnit,
            Query("max(slurm_exporter_history_backfill_ratio)", "read"),
            steps=style.steps(style.NOTICE, (1, style.GOOD)),
            width=8,
        ),
        panels.stat(
            "Series left out",
            "Values of labels without a series, for there are more than --max-label-values.",
            units.Short,
            Query("sum(max by (metric) (slurm_exporter_cut_label_values)) or vector(0)", "left out"),
            steps=style.ANY_IS_NOTICED,
            width=8,
        ),
        panels.timeseries(
            "Age of what Slurm said",
            "Time since each source last answered. The exporter shows its last answer meanwhile.",
            units.Seconds,
            Query("min by (source) (slurm_exporter_source_age_seconds)", "{{source}}"),
            width=8,
        ),
        panels.timeseries(
            "Time for a refresh",
            "Time that Slurm took for the last answer to each source.",
            units.Seconds,
            Query("max by (source) (slurm_exporter_source_duration_seconds)", "{{source}}"),
            width=8,
        ),
        panels.timeseries(
            "Failed refreshes",
            "Refreshes of each source that failed in the hour before.",
            units.Short,
            Query("max by (source) (increase(slurm_exporter_source_errors_total[1h]))", "{{source}}"),
            width=8,
        ),
    ]


def _jobs() -> Sequence[Builder[Panel]]:
    return [
        panels.stat(
            "Job database",
            "Whether the database of the job service answers.",
            units.Short,
            Query("min(job_observability_database_up)", "answers"),
            width=8,
        ).mappings([style.UP]),
        panels.stat(
            "Accounting is behind by",
            "Time since the moment up to which the job service has read ended runs from Slurm.",
            units.Seconds,
            Query("max(job_observability_accounting_lag_seconds)", "behind"),
            steps=style.steps(style.GOOD, (600, style.NOTICE)),
            width=8,
        ),
        panels.stat(
            "Agents without service",
            "Nodes whose job-agent cannot reach the job service.",
            units.Short,
            Query("count(job_agent_service_up == 0) or 0 * count(job_agent_service_up)", "agents"),
            steps=style.ANY_IS_BAD,
            width=8,
        ),
        panels.timeseries(
            "Events that wait on nodes",
            "Events of jobs that the service has not got yet, on all nodes.",
            units.Short,
            Query("sum(job_agent_events_waiting)", "waiting"),
        ),
        panels.timeseries(
            "Requests to the job service",
            "Requests by the status of the answer.",
            units.RequestsPerSecond,
            Query("sum by (status) (rate(job_observability_requests_total[$__rate_interval]))", "{{status}}"),
        ),
    ]


def _prometheus() -> Sequence[Builder[Panel]]:
    return [
        panels.timeseries(
            "Rule evaluation",
            "Time that the last evaluation of each group took, as part of its interval: the ten slowest.",
            units.PercentUnit,
            Query(
                "topk(10, max by (rule_group)"
                " (prometheus_rule_group_last_duration_seconds / prometheus_rule_group_interval_seconds))",
                "{{rule_group}}",
            ),
        ),
        panels.timeseries(
            "Samples and series",
            "Series in memory, and samples that come in.",
            units.Short,
            Query("sum(prometheus_tsdb_head_series)", "series"),
            Query("sum(rate(prometheus_tsdb_head_samples_appended_total[$__rate_interval]))", "samples per second"),
        ),
        panels.timeseries(
            "Failures of Prometheus",
            "Rules that could not be evaluated, alerts that could not be sent, in the hour before.",
            units.Short,
            Query("sum(increase(prometheus_rule_evaluation_failures_total[1h]))", "rules"),
            Query("sum(increase(prometheus_notifications_errors_total[1h]))", "alerts"),
        ),
        panels.timeseries(
            "Notifications",
            "Notifications that Alertmanager sent in the hour before, and those that failed, by integration.",
            units.Short,
            Query("sum by (integration) (increase(alertmanager_notifications_total[1h])) > 0", "{{integration}}"),
            Query(
                "sum by (integration) (increase(alertmanager_notifications_failed_total[1h]))"
                " and on (integration) sum by (integration) (increase(alertmanager_notifications_total[1h])) > 0",
                "{{integration}} failed",
            ),
        ).no_value("nothing was sent"),
        panels.timeseries(
            "Disk of Prometheus",
            "What Prometheus has stored, and the part of it that is not in blocks yet.",
            units.BytesIEC,
            Query("sum(prometheus_tsdb_storage_blocks_bytes)", "blocks"),
            Query("sum(prometheus_tsdb_wal_storage_size_bytes)", "write-ahead log"),
        ),
        panels.timeseries(
            "Remote write: samples that wait",
            "Samples that wait to be sent, by receiver, where Prometheus sends to one.",
            units.Short,
            Query("sum by (remote_name) (prometheus_remote_storage_samples_pending)", "{{remote_name}}"),
        ).no_value("nothing is sent on"),
    ]
