"""Prometheus shows the GPUs of every node, and whose they are. The GPUs are those of the stand-in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.lab.gpus import GPUS, ONE_ROUND_SECONDS, make_well, numbers
from tests.integration.lab.support import Jobs, Lab, Prometheus, wait_until


@pytest.fixture(autouse=True)
def well_gpus(lab: Lab, prometheus: Prometheus) -> Iterator[None]:
    """All GPUs are well before and after."""
    make_well(lab, prometheus)
    yield
    make_well(lab, prometheus)


def test_every_node_with_gpus_shows_them(prometheus: Prometheus) -> None:
    labels = prometheus.get("query", query='gpu:power:watts{node="node1",gpu="0"}')["result"][0]["metric"]
    assert {
        "instance",
        "node",
        "partition",
        "gpu",
        "UUID",
        "pci_bus_id",
        "modelName",
        "driver_version",
    } <= labels.keys()
    assert not {"Hostname", "hostname", "device", "hpc_job"} & labels.keys()


def test_a_job_is_known_by_the_gpus_that_it_holds(jobs: Jobs, prometheus: Prometheus) -> None:
    job = jobs.submit("--gres=gpu:2 --nodelist=node1")
    busy = f'gpu:utilization:ratio and on (UUID) gpu:hpc_job:info{{job_id="{job}"}}'
    wait_until("its GPUs are known", lambda: len(numbers(prometheus, busy, "gpu")) == 2, ONE_ROUND_SECONDS)
    wait_until("they are busy", lambda: min(numbers(prometheus, busy, "gpu").values()) >= 0.9, ONE_ROUND_SECONDS)
    jobs.clear()
    wait_until("they are free", lambda: not numbers(prometheus, busy, "gpu"), ONE_ROUND_SECONDS)


def test_profiling_counters_end_while_they_are_paused(lab: Lab, prometheus: Prometheus) -> None:
    active = 'count by (node) (gpu:sm_active:ratio{node="node1"})'
    wait_until("they are there", lambda: numbers(prometheus, active) == {"node1": 4.0}, ONE_ROUND_SECONDS)
    lab.run("node1", "dcgmi profile --pause")
    wait_until("they end", lambda: numbers(prometheus, active) == {}, ONE_ROUND_SECONDS)
    assert numbers(prometheus, "node:gpus:count") == GPUS
    lab.run("node1", "dcgmi profile --resume")
    wait_until("they are back", lambda: numbers(prometheus, active) == {"node1": 4.0}, ONE_ROUND_SECONDS)
