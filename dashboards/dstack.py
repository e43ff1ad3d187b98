"""dstack: its instances, runs and jobs, and what they cost."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.builders.dashboard import QueryVariable as Variable
from grafana_foundation_sdk.builders.stat import Panel as Stat
from grafana_foundation_sdk.builders.table import Panel as Table
from grafana_foundation_sdk.builders.timeseries import Panel as TimeSeries
from grafana_foundation_sdk.models import units

from .house import panels, style, uids, variables
from .house.alerts import alert_table
from .house.board import Row, board
from .house.queries import Query
from .house.tables import Column, table

PROJECT = 'dstack_project_name=~"$dstack_project_name"'
# Two servers of one database, or two pollers, serve the same numbers: max() takes one of them.
INSTANCE = "dstack_project_name, dstack_fleet_name, dstack_instance_name"
JOB = "dstack_project_name, dstack_user_name, dstack_run_name, dstack_job_name"
PRICE = f"max by ({INSTANCE}) (dstack_instance_price_dollars_per_hour{{{PROJECT}}})"
IDLE = f'{PRICE} and on ({INSTANCE}) dstack_instance_status_info{{{PROJECT},dstack_status="idle"}}'
HEALTH = style.names(
    {"0": ("healthy", style.GOOD), "1": ("warning", style.NOTICE), "2": ("failure", style.BAD)},
)


def dashboard() -> Dashboard:
    """All projects at first."""
    return board(
        "dstack",
        uids.DSTACK,
        "Instances, runs and jobs of a dstack server, and what they cost. More is in docs/dstack.md.",
        variables=[variables.datasource(), _project()],
        rows=[
            Row("", _numbers()),
            Row("Instances", [_alerts(), _instances(), *_instances_over_time()]),
            Row("Jobs that run", [_jobs(), *_jobs_over_time()]),
            Row("Runs", _runs()),
            Row("The server and dstack-poller", _server()),
        ],
    )


def _project() -> Variable:
    return variables.several(
        "dstack_project_name", "Project", "label_values(dstack_instance_status_info, dstack_project_name)"
    )


def _numbers() -> list[Stat]:
    return [
        panels.stat(
            "Server",
            "Whether its metrics and its API answer. Without the API, the state of instances is what was last seen.",
            units.Short,
            Query('max(up{job="dstack"})', "metrics"),
            Query("max(dstack_poller_up)", "API"),
        ).mappings([style.UP]),
        panels.stat(
            "Instances now",
            "Instances in any state, those that are pending or terminating too.",
            units.Short,
            Query(f"count(count by ({INSTANCE}) (dstack_instance_status_info{{{PROJECT}}}))", "instances"),
        ),
        panels.stat(
            "Unhealthy or unreachable",
            "Instances whose health checks fail, or that the server does not reach.",
            units.Short,
            Query(
                f"count(count by ({INSTANCE}) (dstack_instance_health_status{{{PROJECT}}} == 2"
                f" or dstack_instance_unreachable{{{PROJECT}}} == 1)) or vector(0)",
                "instances",
            ),
            steps=style.ANY_IS_BAD,
        ),
        panels.stat(
            "Dollars per hour", "What all instances cost an hour.", units.Dollars, Query(f"sum({PRICE})", "all")
        ),
        panels.stat(
            "Dollars per hour, idle",
            "What instances cost that have no job.",
            units.Dollars,
            Query(f"sum({IDLE}) or vector(0)", "idle"),
            steps=style.steps(style.GOOD, (0.01, style.NOTICE)),
        ),
        panels.stat(
            "GPUs held",
            "GPUs of jobs that run.",
            units.Short,
            Query(f"sum(max by ({JOB}) (dstack_job_gpu_count{{{PROJECT}}})) or vector(0)", "GPUs"),
        ),
    ]


def _alerts() -> Table:
    return alert_table(
        "Alerts of dstack",
        "Alerts about server, instances and jobs that fire; of all projects. docs/alerts/dstack.md says what to do.",
        lambda firing: f'ALERTS{{{firing},alertname=~"Dstack.+"}}',
        [
            Column("dstack_fleet_name", "Fleet"),
            Column("dstack_instance_name", "Instance"),
            Column("dstack_job_name", "Job"),
            Column("dstack_user_name", "User"),
        ],
        height=6,
    )


def _instances() -> Table:
    status = f"dstack_instance_status_info{{{PROJECT}}}"
    shown = {
        "dstack_instance_health_status": Column("Health", names=HEALTH),
        "dstack_instance_unreachable": Column("Unreachable", names=style.YES_IS_BAD),
        "dstack_instance_busy_blocks": Column("Busy blocks", unit=units.Short),
        "dstack_instance_total_blocks": Column("Blocks", unit=units.Short),
        "dstack_instance_price_dollars_per_hour": Column("Dollars per hour", unit=units.Dollars),
    }
    return table(
        "State of instances",
        "Every instance. A block is what a job can get of it. A host of an SSH fleet costs nothing here.",
        [
            Query(f"max by ({INSTANCE}, dstack_status, dstack_backend, dstack_hostname) ({status})", "There"),
            *(Query(f"max by ({INSTANCE}) ({name}{{{PROJECT}}})", column.source) for name, column in shown.items()),
        ],
        [
            Column("dstack_project_name", "Project"),
            Column("dstack_fleet_name", "Fleet"),
            Column("dstack_instance_name", "Instance"),
            Column("dstack_hostname", "Host"),
            Column("dstack_backend", "Backend"),
            Column("dstack_status", "Status"),
            *shown.values(),
        ],
    )


def _instances_over_time() -> list[TimeSeries]:
    return [
        panels.timeseries(
            "Instances by status",
            "How many instances are in each of dstack's states.",
            units.Short,
            Query(
                "count by (dstack_status) (count by (dstack_instance_id, dstack_status)"
                f" (dstack_instance_status_info{{{PROJECT}}}))",
                "{{dstack_status}}",
            ),
            stacked=True,
        ),
        panels.timeseries(
            "Dollars per hour by fleet",
            "What the instances of each fleet cost an hour.",
            units.Dollars,
            Query(f"sum by (dstack_fleet_name) ({PRICE})", "{{dstack_fleet_name}}"),
            stacked=True,
        ),
        panels.timeseries(
            "Dollars per hour, busy and idle",
            "The part of the cost that jobs have something of, and the part that they have not.",
            units.Dollars,
            Query(f"sum({PRICE})", "all"),
            Query(f"sum({IDLE}) or 0 * sum({PRICE})", "idle"),
        ),
        panels.timeseries(
            "Instances in trouble",
            "Instances that health checks warn of or fail on, and those that the server does not reach.",
            units.Short,
            Query(_how_many("dstack_instance_health_status", 1), "warning"),
            Query(_how_many("dstack_instance_health_status", 2), "failure"),
            Query(_how_many("dstack_instance_unreachable", 1), "unreachable"),
        ),
    ]


def _how_many(metric: str, value: int) -> str:
    """How many instances have the value; 0 and not nothing where none has."""
    return f"sum(max by ({INSTANCE}) ({metric}{{{PROJECT}}}) == bool {value})"


def _jobs() -> Table:
    shown = {
        "GPUs": ("max", "dstack_job_gpu_count", units.Short),
        "GPU usage": ("avg", "dstack_job_gpu_usage_ratio", units.PercentUnit),
        "GPU memory": ("sum", "dstack_job_gpu_memory_usage_bytes", units.BytesIEC),
        "CPUs": ("max", "dstack_job_cpu_count", units.Short),
        "Working set": ("max", "dstack_job_memory_working_set_bytes", units.BytesIEC),
        "Dollars per hour": ("max", "dstack_job_price_dollars_per_hour", units.Dollars),
    }
    return table(
        "Jobs now",
        "Jobs from provisioning to their end. Their usage is what dstack's runner last saw.",
        [Query(f"{how} by ({JOB}) ({name}{{{PROJECT}}})", title) for title, (how, name, _) in shown.items()],
        [
            Column("dstack_project_name", "Project"),
            Column("dstack_user_name", "User"),
            Column("dstack_run_name", "Run"),
            Column("dstack_job_name", "Job"),
            *(Column(title, unit=unit) for title, (_, _, unit) in shown.items()),
        ],
        no_value="no job runs",
    )


def _jobs_over_time() -> list[TimeSeries]:
    of_job = "by (dstack_project_name, dstack_job_name)"
    name = "{{dstack_project_name}} {{dstack_job_name}}"
    return [
        panels.timeseries(
            "GPU usage of jobs",
            "Mean over the GPUs of each job.",
            units.PercentUnit,
            Query(f"avg {of_job} (dstack_job_gpu_usage_ratio{{{PROJECT}}})", name),
        ),
        panels.timeseries(
            "GPU memory of jobs",
            "Part of the memory of a job's GPUs that is in use.",
            units.PercentUnit,
            Query(
                f"sum {of_job} (dstack_job_gpu_memory_usage_bytes{{{PROJECT}}})"
                f" / sum {of_job} (dstack_job_gpu_memory_total_bytes{{{PROJECT}}})",
                name,
            ),
        ),
        panels.timeseries(
            "CPUs used by jobs",
            "CPU time per second: how many CPUs each job keeps busy.",
            units.Short,
            Query(f"max {of_job} (rate(dstack_job_cpu_time_seconds_total{{{PROJECT}}}[$__rate_interval]))", name),
        ),
        panels.timeseries(
            "Memory of jobs",
            "Working set of each job: what it uses without the cache of files.",
            units.BytesIEC,
            Query(f"max {of_job} (dstack_job_memory_working_set_bytes{{{PROJECT}}})", name),
        ),
    ]


def _runs() -> list[TimeSeries]:
    ends = {"done": "done", "failed": "failed", "terminated": "stopped or terminated"}
    return [
        panels.timeseries(
            "Runs that ended",
            "Runs that ended in the hour before, by how.",
            units.Short,
            *(
                Query(
                    "sum(max by (dstack_project_name, dstack_user_name)"
                    f" (increase(dstack_run_count_{end}_total{{{PROJECT}}}[1h])))",
                    legend,
                )
                for end, legend in ends.items()
            ),
        ),
        panels.timeseries(
            "Runs that failed, by user",
            "Runs of each user that failed in the hour before.",
            units.Short,
            Query(
                "max by (dstack_project_name, dstack_user_name)"
                f" (increase(dstack_run_count_failed_total{{{PROJECT}}}[1h]))",
                "{{dstack_user_name}}, {{dstack_project_name}}",
            ),
        ),
        panels.timeseries(
            "From submission to an instance",
            "How long runs of the hour before waited for their instance. Images that are pulled are not in it.",
            units.Seconds,
            Query(_quantile(0.5), "half waited less"),
            Query(_quantile(0.95), "19 in 20 waited less"),
        ).no_value("no run got an instance"),
        panels.timeseries(
            "Runs put back to pending",
            "How often runs of the hour before were put back, to be tried again.",
            units.Short,
            Query(
                'sum by (run_type) (increase(dstack_pending_runs_total{project_name=~"$dstack_project_name"}[1h]))',
                "{{run_type}}",
            ),
        ).no_value("no run had to wait"),
    ]


def _quantile(part: float) -> str:
    buckets = 'dstack_submit_to_provision_duration_seconds_bucket{project_name=~"$dstack_project_name"}'
    return f"histogram_quantile({part}, sum by (le) (increase({buckets}[1h])))"


def _server() -> list[TimeSeries]:
    return [
        panels.timeseries(
            "Time to answer",
            "How long the server takes to give its metrics, and all pages of its list of fleets.",
            units.Seconds,
            Query('max(scrape_duration_seconds{job="dstack"})', "metrics"),
            Query("max(dstack_poller_duration_seconds)", "list of fleets"),
        ),
        panels.timeseries(
            "Questions that failed",
            "Questions of dstack-poller that failed in the hour before, by the reason.",
            units.Short,
            Query("max by (outcome) (increase(dstack_poller_errors_total[1h]))", "{{outcome}}"),
        ),
    ]
