"""What goes wrong with a GPU is one alert, about that GPU, and the alert ends. The GPUs are those of the stand-in."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.integration.lab.support import Jobs, Lab, Prometheus, Receiver, wait_until

STATE = "/var/lib/dcgm-stand-in/gpus.json"
GPUS = {"node1": 4.0, "node2": 4.0}
# DCGM is asked, Prometheus scrapes, and the recording rules run every 30 s each; the alerts every 15 s.
ONE_ROUND_SECONDS = 120


def numbers(prometheus: Prometheus, query: str, label: str = "node") -> dict[str, float]:
    """Return the result of a query, by a label."""
    return {
        series["metric"].get(label, ""): float(series["value"][1])
        for series in prometheus.get("query", query=query)["result"]
    }


def alerts(prometheus: Prometheus, name: str, state: str = "firing") -> list[dict[str, str]]:
    """Return the labels of the alerts of a name."""
    return [
        alert["labels"]
        for alert in prometheus.get("alerts")["alerts"]
        if (alert["labels"]["alertname"], alert["state"]) == (name, state)
    ]


def inject(lab: Lab, node: str, gpu: int, field: int, value: int) -> None:
    lab.run(node, f"dcgmi test --inject --gpuid {gpu} -f {field} -v {value}")


@pytest.fixture(autouse=True)
def well_gpus(lab: Lab, prometheus: Prometheus) -> Iterator[None]:
    """All GPUs are well before and after."""
    yield
    for node in GPUS:
        lab.run(node, f"rm -f {STATE}; systemctl start nvidia-dcgm nvidia-dcgm-exporter")
    wait_until("all GPUs are back", lambda: numbers(prometheus, "node:gpus:count") == GPUS, ONE_ROUND_SECONDS)


def test_every_node_with_gpus_shows_them(prometheus: Prometheus) -> None:
    wait_until("all GPUs are seen", lambda: numbers(prometheus, "node:gpus:count") == GPUS, ONE_ROUND_SECONDS)
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
    busy = f'gpu:utilization:ratio and on (UUID) gpu:hpc_job:info{{hpc_job="{job}"}}'
    wait_until("its GPUs are known", lambda: len(numbers(prometheus, busy, "gpu")) == 2, ONE_ROUND_SECONDS)
    wait_until("they are busy", lambda: min(numbers(prometheus, busy, "gpu").values()) >= 0.9, ONE_ROUND_SECONDS)
    jobs.clear()
    wait_until("they are free", lambda: not numbers(prometheus, busy, "gpu"), ONE_ROUND_SECONDS)


def test_an_xid_is_one_notification_with_what_to_do(lab: Lab, prometheus: Prometheus, receiver: Receiver) -> None:
    receiver.forget()
    inject(lab, "node2", 1, 230, 79)
    [alert] = wait_until("the alert fires", lambda: alerts(prometheus, "GpuXidCritical"), ONE_ROUND_SECONDS)
    assert (alert["node"], alert["gpu"], alert["xid"], alert["action"]) == ("node2", "1", "79", "reboot")
    told = {("GpuXidCritical", "node2")}
    wait_until("somebody is told", lambda: told in receiver.notifications(), 60)

    inject(lab, "node2", 1, 230, 0)
    wait_until("the alert ends", lambda: not alerts(prometheus, "GpuXidCritical"), ONE_ROUND_SECONDS)
    wait_until("somebody is told of that", lambda: told in receiver.notifications("resolved"), 60)
    assert receiver.notifications().count(told) == 1


def test_a_gpu_that_is_gone_is_missed(lab: Lab, prometheus: Prometheus) -> None:
    gone = json.dumps({"gpus": {"3": {"present": False}}})
    lab.run("node1", f"mkdir -p $(dirname {STATE}) && echo '{gone}' > {STATE}")
    [alert] = wait_until("it is missed", lambda: alerts(prometheus, "GpuLost"), ONE_ROUND_SECONDS + 180)
    assert alert["node"] == "node1"


def test_an_exporter_without_its_host_engine_is_down(lab: Lab, prometheus: Prometheus) -> None:
    lab.run("node2", "systemctl stop nvidia-dcgm")
    wait_until("it is down", lambda: prometheus.health("dcgm_exporter").get("node2") == "down", 90)
    wait_until(
        "an alert waits for its five minutes",
        lambda: [each["node"] for each in alerts(prometheus, "DcgmExporterDown", "pending")] == ["node2"],
        60,
    )


def test_profiling_counters_end_while_they_are_paused(lab: Lab, prometheus: Prometheus) -> None:
    active = 'count by (node) (gpu:sm_active:ratio{node="node1"})'
    wait_until("they are there", lambda: numbers(prometheus, active) == {"node1": 4.0}, ONE_ROUND_SECONDS)
    lab.run("node1", "dcgmi profile --pause")
    wait_until("they end", lambda: numbers(prometheus, active) == {}, ONE_ROUND_SECONDS)
    assert numbers(prometheus, "node:gpus:count")["node1"] == 4.0
    lab.run("node1", "dcgmi profile --resume")
    wait_until("they are back", lambda: numbers(prometheus, active) == {"node1": 4.0}, ONE_ROUND_SECONDS)
