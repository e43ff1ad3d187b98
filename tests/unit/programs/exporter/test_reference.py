"""The reference page, the catalogue and what is served are one."""

from __future__ import annotations

import re
from pathlib import Path

from slurm_observability.exporter.catalogue import groups
from slurm_observability.exporter.reference import reference
from slurm_observability.exporter.topics import running_jobs
from slurm_observability.exporter.wiring import TOPICS
from slurm_observability.metrics.metric import Metric
from slurm_observability.metrics.reference import query

PAGE = Path(__file__).parents[4] / "docs" / "exporter-metrics.md"

# The tables of the specification, by hand: what must be there whatever the catalogue says.
JOB_STATES = ("", "_running", "_pending", "_configuring", "_completing", "_suspended", "_failed")
NODE_STATES = (
    *("", "_alloc", "_idle", "_mixed", "_down", "_drain", "_draining", "_drained", "_drain_total"),
    *("_maint", "_fail", "_powered_down", "_powering_up"),
)
ENDS = ("submitted", "completed", "failed", "timeout", "node_failed", "cancelled", "preempted", "out_of_memory")
SPECIFIED = {
    *(f"slurm_jobs{state}" for state in JOB_STATES),
    *(f"slurm_partition_jobs{state}" for state in JOB_STATES),
    *(f"slurm_nodes{state}" for state in NODE_STATES),
    *(f"slurm_partition_nodes{state}" for state in ("", "_alloc", "_idle", "_mixed", "_down", "_drain_total")),
    *(f"slurm_jobs_total_{end}" for end in ENDS),
    *(f"slurm_partition_jobs_total_{end}" for end in ENDS),
    "slurm_exporter_collect_duration_seconds",
    "slurm_exporter_last_collect_timestamp_seconds",
    "slurm_exporter_errors_total",
}

# Served only where an option asks for it.
OPTIONAL = {
    "slurm_account_job_runs_ended_total",
    "slurm_exporter_custom_dropped_rows",
    "slurm_user_job_runs_ended_total",
}


def catalogued() -> set[str]:
    return {metric.name for metrics in groups().values() for metric in metrics}


def test_the_page_is_that_of_the_program():
    assert PAGE.read_text() == reference(), (
        "run: python -m slurm_observability.exporter.reference > docs/exporter-metrics.md"
    )


def test_every_metric_has_a_query_that_uses_it():
    for metrics in groups().values():
        for metric in metrics:
            assert metric.name in query(metric)
            assert (metric.kind != "counter") or "rate(" in query(metric) or "increase(" in query(metric), metric.name


def test_a_query_follows_from_the_kind_of_a_metric():
    kinds = {kind: query(Metric("m", "", kind=kind)) for kind in ("gauge", "counter", "histogram")}
    assert kinds == {
        "gauge": "m",
        "counter": "rate(m[5m])",
        "histogram": "histogram_quantile(0.9, sum by (le) (rate(m_bucket[1h])))",
    }
    assert query(Metric("m", "", query="max(m)")) == "max(m)"


def test_a_bar_in_a_query_ends_no_column():
    lines = [line for line in reference().splitlines() if line.startswith("| `slurm")]
    assert {len(re.split(r"(?<!\\)\|", line)) for line in lines} == {7}


def test_every_specified_metric_is_there():
    assert catalogued() >= SPECIFIED


def test_what_is_served_is_what_is_catalogued(start, eventually):
    client = start(seldom=True, intervals={running_jobs.NAME: 0.1})
    eventually(lambda: client.metrics()["slurm_exporter_history_complete"])
    eventually(lambda: len([name for name in client.metrics() if "source_age" in name]) == len(TOPICS))
    eventually(lambda: {"slurm_jobs", "slurm_nodes"} <= client.metrics().keys())
    _status, page, _headers = client.get("/metrics")
    served = {line.split()[2] for line in page.decode().splitlines() if line.startswith("# TYPE")}
    assert {name for name in served if not name.startswith("process_")} == catalogued() - OPTIONAL
