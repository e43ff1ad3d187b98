"""The exporter as a whole, over slurmctld's own metrics."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from slurm_observability.exporter.exporter import Exporter
from slurm_observability.exporter.settings import Settings

RECORDED = Path(__file__).with_name("slurmctld-26.05.5.metrics").read_text()
PAGES = {
    "jobs": "slurm_jobs",
    "nodes": ("slurm_node_", "slurm_nodes"),
    "partitions": "slurm_partition",
    "jobs-users-accts": ("slurm_user_", "slurm_account_"),
    "scheduler": ("slurm_bf_", "slurm_sched", "slurm_sdiag", "slurm_agent", "slurm_server", "slurm_last", "slurm_back"),
}


@pytest.fixture
def slurmctld(web_server):
    for page, names in PAGES.items():
        lines = [line for line in RECORDED.splitlines(keepends=True) if line.startswith(names)]
        web_server.pages[f"/metrics/{page}"] = (200, "".join(lines).encode())
    return web_server


@pytest.fixture
def refreshed(slurmctld, cluster):
    def refresh(**settings):
        exporter = Exporter(
            Settings(
                reset_time=int(time.time()),
                accounting=False,
                source="openmetrics",
                openmetrics_url=slurmctld.url,
                **settings,
            )
        )
        exporter.refresh()
        return exporter

    return refresh


def samples(exporter):
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(b"".join(exporter.metrics()).decode())
        for sample in family.samples
    }


def test_the_queue_without_squeue(refreshed, fake_slurm):
    metrics = samples(refreshed())
    assert metrics["slurm_jobs_pending",] == 16
    assert metrics["slurm_jobs_running",] == 3
    assert metrics["slurm_jobs",] == 20
    assert metrics["slurm_partition_jobs_suspended", "hpc"] == 1
    assert metrics["slurm_user_jobs_running", "alice"] == 2
    assert metrics["slurm_user_jobs_failed", "bob"] == 1
    assert ("slurm_user_jobs_failed", "alice") not in metrics
    assert not fake_slurm.calls("squeue")


def test_what_slurmctld_does_not_tell_is_absent(refreshed):
    names = {name for name, *labels in samples(refreshed())}
    assert not names & {"slurm_partition_jobs", "slurm_user_jobs", "slurm_jobs_pending_reason"}


def test_users_and_accounts_are_capped(refreshed):
    metrics = samples(refreshed(max_label_values=1))
    assert ("slurm_user_jobs_running", "alice") in metrics
    assert ("slurm_user_jobs_running", "bob") not in metrics
    assert metrics["slurm_exporter_cut_label_values", "slurm_user_jobs"] == 1


def test_users_and_accounts_are_not_asked_for_where_nobody_wants_them(refreshed, slurmctld):
    metrics = samples(refreshed(queue_labels=()))
    assert not [key for key in metrics if key[0].startswith(("slurm_user_jobs", "slurm_account_jobs"))]
    assert "/metrics/jobs-users-accts" not in slurmctld.paths


def test_nodes_and_targets_come_from_scontrol(refreshed):
    exporter = refreshed()
    assert samples(exporter)["slurm_nodes",] == 7
    assert exporter.discovery.document("node_exporter")


def test_a_slurmctld_without_metrics_is_one_source_that_is_down(refreshed, slurmctld):
    slurmctld.pages.clear()
    exporter = refreshed()
    assert samples(exporter)["slurm_exporter_source_up", "jobs"] == 0
    assert samples(exporter)["slurm_exporter_source_up", "nodes"] == 1
