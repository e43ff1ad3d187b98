"""A node that is lost is one notification. A node that comes and goes on purpose is none.

The node is lost in the last test: its alert ends a minute after the node is back, and the others need quiet.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.integration.lab.support import Alertmanager, Exporter, Lab, Prometheus, Receiver, wait_until

# The collection cycle, the discovery refresh and the scrape each take up to 15 s.
ONE_REFRESH_SECONDS = 60


@pytest.fixture
def quiet(lab: Lab, prometheus: Prometheus, receiver: Receiver) -> Receiver:
    """The receiver, on a cluster that is in order."""
    wait_until("node1 and node2 are idle", lambda: all("IDLE" in lab.node_states(n) for n in ("node1", "node2")), 60)
    wait_until("no node alert fires", lambda: "SlurmNodeDown" not in prometheus.firing(), 120)
    receiver.forget()
    return receiver


@pytest.fixture
def cloud1_is_powered_up(lab: Lab, baked: None, quiet: Receiver) -> Iterator[None]:
    lab.run("head", "scontrol update nodename=cloud1 state=power_up")
    wait_until("cloud1 is up", lambda: lab.node_states("cloud1") <= {"IDLE", "CLOUD"}, 90)
    yield
    if "POWERED_DOWN" not in lab.node_states("cloud1"):
        lab.run("head", "scontrol update nodename=cloud1 state=power_down_force")


@pytest.mark.usefixtures("cloud1_is_powered_up")
def test_a_cloud_node_comes_and_goes_without_a_word(
    lab: Lab, exporter: Exporter, prometheus: Prometheus, quiet: Receiver
) -> None:
    wait_until(
        "cloud1 is scraped", lambda: prometheus.health("node_exporter").get("cloud1") == "up", ONE_REFRESH_SECONDS
    )
    lab.run("head", "scontrol update nodename=cloud1 state=power_down")
    wait_until("cloud1 is powered down", lambda: "POWERED_DOWN" in lab.node_states("cloud1"), 90)
    wait_until("cloud1 is no target", lambda: "cloud1" not in prometheus.health("node_exporter"), ONE_REFRESH_SECONDS)
    assert "cloud1" not in exporter.targets("node_exporter")
    time.sleep(30)
    assert quiet.notifications() == []


def test_a_node_that_is_down_silences_the_rest_of_its_alerts(alertmanager: Alertmanager, quiet: Receiver) -> None:
    """With alerts of a made-up node: a real NodeExporterDown takes five minutes."""
    down = {"alertname": "SlurmNodeDown", "node": "ghost", "severity": "warning"}
    consequence = {"alertname": "NodeExporterDown", "node": "ghost", "severity": "warning"}
    alertmanager.post(down, consequence, seconds=20)
    wait_until("the receiver is told", quiet.notifications, 30)
    assert alertmanager.states("ghost") == {"SlurmNodeDown": "active", "NodeExporterDown": "suppressed"}
    assert quiet.notifications() == [{("SlurmNodeDown", "ghost")}]


@pytest.fixture
def slurmd_on_node2_is_stopped(lab: Lab, quiet: Receiver) -> Iterator[None]:
    lab.run("node2", "systemctl stop slurmd")
    yield
    lab.run("node2", "systemctl start slurmd")


@pytest.mark.usefixtures("slurmd_on_node2_is_stopped")
def test_a_lost_node_is_exactly_one_notification(lab: Lab, quiet: Receiver) -> None:
    wait_until("Slurm calls node2 down", lambda: "DOWN" in lab.node_states("node2"), 60)
    wait_until("somebody is told", quiet.notifications, 60)
    time.sleep(30)
    assert quiet.notifications() == [{("SlurmNodeDown", "node2")}]
