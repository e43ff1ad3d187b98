"""The metrics of the job history: what ended runs are shown as."""

from __future__ import annotations

import pytest
from accounting_model import Row, Slurmdbd
from slurm_observability.exporter.cap import Cap
from slurm_observability.exporter.history.origin import Origin
from slurm_observability.exporter.history.reader import DAY, HistoryReader, Progress
from slurm_observability.exporter.history.store import RunStore
from slurm_observability.exporter.topic import Scene
from slurm_observability.exporter.topics import history
from slurm_observability.metrics.exposition import render
from slurm_observability.slurm.accounting import ENDED_STATES
from slurm_observability.slurm.tres import Tres

from tests.unit.programs.exporter.conftest import samples

START = 1_795_000_000
BIG = Tres(cpus=100_000, nodes=8, gpus=4)
NOTHING = Tres()
ONE = Tres(cpus=1, nodes=1)


def row(job_id, state, partition, waited, ran, user="alice", account="research", tres=ONE):
    submit = START - waited - ran
    return Row(job_id, submit, submit, START, state, partition, submit + waited, user, account, tres)


@pytest.fixture
def database():
    never_ran = Row(9, START - 50, 0, START - 20, "CANCELLED", "hpc,htc", 0, "carol", tres=NOTHING)
    # Recorded from 22.05, where what was cancelled while it waited has a start.
    not_begun = Row(10, START - 50, START + 70, START - 9, "CANCELLED", "cloud", START - 9, "dave", tres=NOTHING)
    held = Row(8, START - 50, 0, START - 10, "COMPLETED", "htc", START - 20, "carol", tres=ONE)
    rows = [
        row(1, "COMPLETED", "hpc", 60, 10, tres=BIG),
        row(2, "COMPLETED", "hpc", 61, 11, "bob"),
        row(3, "FAILED", "hpc", 8 * DAY, 3600, "bob", "physics"),
        held,
        never_ran,
        not_begun,
    ]
    return Slurmdbd(START, rows)


def shown(database, labels=(), limit=100):
    origin = Origin("lab", "30 days ago", START - 30 * DAY, labels)
    totals = HistoryReader(database, RunStore(), lambda: origin, database.clock).read()
    cap = Cap(limit)
    page = render([*history.families(totals, Scene(START, ["cloud", "hpc", "htc"]), cap), *cap.families()])
    return samples(page.decode())


def test_ended_runs_by_partition_and_state(database):
    metrics = shown(database)
    runs = {name: value for name, value in metrics.items() if name.startswith("slurm_job_runs_ended_total")}
    assert {name: value for name, value in runs.items() if value} == {
        'slurm_job_runs_ended_total{partition="hpc",state="COMPLETED"}': 2,
        'slurm_job_runs_ended_total{partition="hpc",state="FAILED"}': 1,
        'slurm_job_runs_ended_total{partition="htc",state="COMPLETED"}': 1,
        'slurm_job_runs_ended_total{partition="cloud",state="CANCELLED"}': 1,
        'slurm_job_runs_ended_total{partition="",state="CANCELLED"}': 1,
    }
    for state in ENDED_STATES:
        assert f'slurm_job_runs_ended_total{{partition="cloud",state="{state}"}}' in runs
    assert not any("account" in name or "user" in name for name in metrics)


def test_accounts_and_users_by_option_the_largest_first(database):
    metrics = shown(database, ("account", "user"), limit=1)
    assert metrics['slurm_account_job_runs_ended_total{account="research",state="COMPLETED"}'] == 3
    users = {name: value for name, value in metrics.items() if name.startswith("slurm_user_")}
    assert users == {
        'slurm_user_job_runs_ended_total{state="COMPLETED",username="bob"}': 1,
        'slurm_user_job_runs_ended_total{state="FAILED",username="bob"}': 1,
    }
    assert metrics['slurm_exporter_cut_label_values{metric="slurm_user_job_runs_ended_total"}'] == 3
    assert metrics['slurm_exporter_cut_label_values{metric="slurm_account_job_runs_ended_total"}'] == 1


@pytest.mark.parametrize(
    ("name", "partition", "buckets", "total"),
    [
        ("slurm_job_wait_seconds", "hpc", {"10": 0, "60": 1, "300": 2, "604800": 2, "+Inf": 3}, 121 + 8 * DAY),
        ("slurm_job_run_seconds", "hpc", {"10": 1, "60": 2, "1800": 2, "3600": 3, "+Inf": 3}, 3621),
        ("slurm_job_cpus", "hpc", {"1": 2, "16384": 2, "+Inf": 3}, 100_002),
        ("slurm_job_nodes", "hpc", {"1": 2, "4": 2, "8": 3, "+Inf": 3}, 10),
        ("slurm_job_gpus", "hpc", {"0": 2, "2": 2, "4": 3, "+Inf": 3}, 4),
        # Without a time of eligibility there is no time of waiting.
        ("slurm_job_wait_seconds", "htc", {"1": 0, "+Inf": 0}, 0),
        ("slurm_job_cpus", "htc", {"1": 1, "+Inf": 1}, 1),
        ("slurm_job_cpus", "cloud", {"1": 0, "+Inf": 0}, 0),
    ],
)
def test_histograms(database, name, partition, buckets, total):
    metrics = shown(database)
    label = f'partition="{partition}"'
    assert {bound: metrics[f'{name}_bucket{{le="{bound}",{label}}}'] for bound in buckets} == buckets
    assert metrics[f"{name}_sum{{{label}}}"] == total
    assert metrics[f"{name}_count{{{label}}}"] == buckets["+Inf"]


def test_a_run_that_never_began_has_no_size_and_no_times(database):
    assert not any('partition=""' in name for name in shown(database) if not name.startswith("slurm_job_runs_ended"))


def test_seconds_of_cpus_and_gpus(database):
    metrics = shown(database)
    assert metrics['slurm_job_cpu_seconds_total{partition="hpc"}'] == 100_000 * 10 + 11 + 3600
    assert metrics['slurm_job_gpu_seconds_total{partition="hpc"}'] == 4 * 10
    assert metrics['slurm_job_cpu_seconds_total{partition="htc"}'] == 10
    assert metrics['slurm_job_gpu_seconds_total{partition="cloud"}'] == 0


def test_progress():
    assert samples(render(history.status(None)).decode()) == {"slurm_exporter_history_complete": 0}
    progress = Progress(START - 100, START - 50, 0.5, False, 1)
    assert samples(render(history.status(progress)).decode()) == {
        "slurm_exporter_history_complete": 0,
        "slurm_exporter_history_backfill_ratio": 0.5,
        "slurm_exporter_history_cursor_timestamp_seconds": START - 50,
        "slurm_exporter_history_rebuilds_total": 1,
        "slurm_exporter_reset_timestamp_seconds": START - 100,
    }
