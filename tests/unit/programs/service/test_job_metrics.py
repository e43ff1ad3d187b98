"""The metrics of jobs and nodes, of the newest samples."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from slurm_observability.jobs.event import JobEvent
from slurm_observability.jobs.sample import GpuSample, JobSample, NodeSample
from slurm_observability.metrics.exposition import render
from slurm_observability.service.active_runs import ActiveRuns
from slurm_observability.service.job_metrics import MAX_AGE, JobMetrics
from slurm_observability.service.readiness import Readiness
from slurm_observability.service.store.errors import StoreError
from slurm_observability.service.store.store import Store

NOW = 1_700_000_000.0


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(f"sqlite:///{tmp_path}/jobs.db")
    yield made
    made.close()


@pytest.fixture
def readiness(store: Store) -> Readiness:
    ready = Readiness(store)
    ready.check()
    started = JobEvent(
        event_id="e", kind="job-started", origin="prolog", time=NOW, job_id=7, restart=0, node="n1", user='al"ice'
    )
    store.add_events([started], "agent", NOW)
    return ready


def sample(minute: int, cpu_seconds: float | None, *gpus: GpuSample) -> JobSample:
    return JobSample(
        job_id=7, restart=0, node="n1", time=NOW + 60 * minute, cpu_seconds=cpu_seconds, memory_bytes=1024, gpus=gpus
    )


def lines(metrics: JobMetrics | ActiveRuns) -> set[str]:
    return {line for line in render(metrics.families()).decode().splitlines() if not line.startswith("#")}


def job_metrics(readiness: Readiness, now: float = NOW + 200) -> JobMetrics:
    return JobMetrics(readiness, lambda: now)


def test_a_job_on_a_node(store: Store, readiness: Readiness) -> None:
    metrics = job_metrics(readiness)
    store.add_samples([sample(1, 30.0)], [])
    metrics.read()
    labels = 'job_id="7",user="al\\"ice",node="n1"'
    first = {f"hpc_job_runtime_seconds{{{labels}}} 60.0", f"hpc_job_memory_usage_bytes{{{labels}}} 1024"}
    assert lines(metrics) == first  # one sample makes no usage of CPU, and none is made up
    store.add_samples([sample(2, 120.0)], [])
    for _ in range(2):
        metrics.read()  # no newer sample: the usage stays
        assert f"hpc_job_cpu_usage_percent{{{labels}}} 150.0" in lines(metrics)
    store.add_samples([sample(3, None)], [])
    metrics.read()
    assert not any("cpu_usage" in line for line in lines(metrics))


def test_gpus(store: Store, readiness: Readiness) -> None:
    metrics = job_metrics(readiness)
    busy = GpuSample(
        gpu_id="0",
        vendor="nvidia",
        utilization_percent=50.0,
        memory_used_bytes=9,
        power_watts=300.5,
        temperature_celsius=60.0,
    )
    store.add_samples([sample(1, None, busy, GpuSample(gpu_id="1", vendor="nvidia", utilization_percent=0.0))], [])
    metrics.read()
    shown = lines(metrics)
    device = 'job_id="7",node="n1",gpu_vendor="nvidia",gpu_id="0"'
    assert shown >= {
        'hpc_job_gpu_usage_percent{job_id="7",user="al\\"ice",node="n1"} 25.0',
        f"hpc_job_gpu_device_utilization_percent{{{device}}} 50.0",
        f"hpc_job_gpu_device_memory_used_bytes{{{device}}} 9",
        f"hpc_job_gpu_device_power_watts{{{device}}} 300.5",
        f"hpc_job_gpu_device_temperature_celsius{{{device}}} 60.0",
    }
    assert not any("power" in line and 'gpu_id="1"' in line for line in shown)


def test_nodes_and_jobs_that_say_nothing_more_are_not_shown(store: Store, readiness: Readiness) -> None:
    node = NodeSample(node="n1", time=NOW, cpu_usage_percent=12.5, memory_usage_bytes=5, job_count=1)
    store.add_samples([sample(0, 1.0)], [node])
    metrics = job_metrics(readiness, NOW + MAX_AGE)
    metrics.read()
    assert lines(metrics) >= {
        'hpc_node_cpu_usage_percent{node="n1"} 12.5',
        'hpc_node_memory_usage_bytes{node="n1"} 5',
        'hpc_node_job_count{node="n1"} 1',
    }
    metrics = job_metrics(readiness, NOW + MAX_AGE + 1)
    metrics.read()
    assert lines(metrics) == set()


def test_without_a_database_nothing_is_shown(
    store: Store, readiness: Readiness, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.add_samples([sample(0, 1.0)], [])
    metrics, runs = job_metrics(readiness), ActiveRuns(readiness)
    metrics.read()
    runs.count()
    assert 'job_observability_runs{state="running"} 1' in lines(runs)
    assert 'job_observability_runs{state="pending"} 0' in lines(runs)

    def gone(*_arguments: object) -> None:
        raise StoreError("gone")

    for name in ("nodes", "running_samples", "active_by_state"):
        monkeypatch.setattr(store, name, gone)
    for read in (metrics.read, runs.count):
        with pytest.raises(StoreError):
            read()
    assert lines(metrics) == lines(runs) == set()
