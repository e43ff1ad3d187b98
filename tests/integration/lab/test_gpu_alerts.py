"""What goes wrong with GPUs is one notification with the right labels, and one more when it has ended.

Through Prometheus and Alertmanager to a webhook. How long each alert waits is tested with made-up series
(tests/rules); here each waits for a minute.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator

import pytest

from tests.integration.lab.gpus import GPUS, make_well, numbers, set_gpus, throw_xid
from tests.integration.lab.support import Jobs, Lab, Prometheus, Receiver, wait_until

# JobStraggler looks at an average of five minutes.
AN_ALERT_SECONDS = 900
AN_END_SECONDS = 480
RULES = "/etc/prometheus/rules"

TROUBLES: dict[str, dict[str, str]] = {
    "SlurmNodeDrained": {"node": "node1", "severity": "info", "cluster": "lab"},
    "GpuXidCritical": {"node": "node1", "gpu": "1", "xid": "48", "action": "reset", "severity": "critical"},
    "GpuLost": {"node": "node1", "severity": "critical", "cluster": "lab"},
    "DcgmExporterDown": {"node": "node2", "instance": "node2", "job": "dcgm_exporter", "severity": "warning"},
}


@pytest.fixture(scope="module", autouse=True)
def _hastened(lab: Lab) -> Iterator[None]:
    """Have the alerts of this file fire after a minute; put the shipped rules back at the end."""
    alerts = "|".join([*TROUBLES, "JobStraggler"])
    hasten = f"/alert: ({alerts})$/,/annotations:/ s/^( +for:) .*/\\1 1m/"
    lab.run("head", f"cp -a {RULES} {RULES}.shipped && sed -i -E {shlex.quote(hasten)} {RULES}/*.yml")
    lab.run("head", "systemctl reload prometheus")
    yield
    lab.run("head", f"cp -a {RULES}.shipped/. {RULES} && rm -r {RULES}.shipped && systemctl reload prometheus")


@pytest.fixture
def told(lab: Lab, jobs: Jobs, prometheus: Prometheus, receiver: Receiver) -> Iterator[Receiver]:
    """The receiver, on a cluster whose nodes and GPUs are in order. They are again afterwards."""
    mend(lab, prometheus)
    wait_until("no alert of GPUs fires", lambda: not prometheus.firing() & {*TROUBLES, "JobStraggler"}, AN_END_SECONDS)
    receiver.forget()
    yield receiver
    jobs.clear()
    mend(lab, prometheus)


def mend(lab: Lab, prometheus: Prometheus) -> None:
    """Make all GPUs well, and give the nodes back to Slurm."""
    make_well(lab, prometheus)
    for node in GPUS:
        if "DRAIN" in lab.node_states(node):
            lab.run("head", f"scontrol update nodename={node} state=resume")


def has(alert: dict[str, str], labels: dict[str, str]) -> bool:
    """Whether an alert has these labels, beside others."""
    return labels.items() <= alert.items()


def test_each_trouble_is_one_notification_and_one_when_it_has_ended(
    lab: Lab, prometheus: Prometheus, told: Receiver
) -> None:
    set_gpus(lab, "node1", {"3": {"present": False}})
    throw_xid(lab, "node1", 1, 48)
    lab.run("head", "scontrol update nodename=node1 state=drain reason='a lab test'")
    lab.run("node2", "systemctl stop nvidia-dcgm")
    for alert in TROUBLES:
        wait_until(f"somebody is told of {alert}", lambda alert=alert: told.alerts(alert), AN_ALERT_SECONDS)

    mend(lab, prometheus)
    for alert in TROUBLES:
        wait_until(f"{alert} has ended", lambda alert=alert: told.alerts(alert, "resolved"), AN_END_SECONDS)
    for alert, labels in TROUBLES.items():
        [begun] = told.alerts(alert)
        assert has(begun, labels), begun
        assert told.alerts(alert, "resolved") == [begun]
    expected = {(alert, labels["node"]) for alert, labels in TROUBLES.items()}
    assert set().union(*told.notifications()) == expected


def test_the_slow_node_of_a_job_is_named(lab: Lab, jobs: Jobs, prometheus: Prometheus, told: Receiver) -> None:
    set_gpus(lab, "node2", {str(gpu): {"load": 0.3} for gpu in range(4)})
    job = jobs.submit("--nodes=2 --gres=gpu:4", "srun sleep 3600")
    score = f'job_node:straggler_score:ratio{{job_id="{job}"}}'
    wait_until("both nodes have a score", lambda: numbers(prometheus, score).keys() == GPUS.keys(), AN_END_SECONDS)
    wait_until("somebody is told", lambda: told.alerts("JobStraggler"), AN_ALERT_SECONDS)

    make_well(lab, prometheus)
    wait_until("it has ended", lambda: told.alerts("JobStraggler", "resolved"), AN_END_SECONDS)
    [begun] = told.alerts("JobStraggler")
    assert has(begun, {"job_id": job, "node": "node2", "severity": "warning"}), begun
    assert told.alerts("JobStraggler", "resolved") == [begun]
