"""Prometheus scrapes what runs, and only that."""

from __future__ import annotations

from tests.integration.lab.support import Exporter, Lab, Prometheus, wait_until


def test_every_target_is_up(prometheus: Prometheus) -> None:
    jobs = {"prometheus", "alertmanager", "node_exporter", "slurm"}
    wait_until("every job has targets", lambda: {t["labels"]["job"] for t in prometheus.targets()} >= jobs, 60)
    down = lambda: [(t["labels"], t["lastError"]) for t in prometheus.targets() if t["health"] != "up"]  # noqa: E731
    wait_until("every target is up", lambda: not down(), 60)


def test_node_exporter_runs_on_every_machine(prometheus: Prometheus) -> None:
    assert prometheus.health("node_exporter") == {"head": "up", "node1": "up", "node2": "up"}


def test_targets_carry_what_slurm_knows_of_the_node(prometheus: Prometheus) -> None:
    labels = {t["labels"]["node"]: t["labels"] for t in prometheus.targets() if t["labels"]["job"] == "node_exporter"}
    assert labels["node1"] == {"job": "node_exporter", "instance": "node1", "node": "node1", "partition": "hpc"}
    assert labels["node2"]["partition"] == "hpc,htc"
    assert "partition" not in labels["head"]


def test_a_powered_down_node_is_no_target(exporter: Exporter, lab: Lab) -> None:
    assert "POWERED_DOWN" in lab.node_states("cloud1")
    assert set(exporter.targets("node_exporter")) == {"node1", "node2"}


def test_rules_are_loaded_and_healthy(prometheus: Prometheus) -> None:
    rules = [rule for group in prometheus.get("rules")["groups"] for rule in group["rules"]]
    assert {"SlurmNodeDown", "NodeExporterDown", "Watchdog", "job:node_cpu_usage:avg_rate5m"} <= {
        r["name"] for r in rules
    }
    assert [(rule["name"], rule.get("lastError")) for rule in rules if rule["health"] == "err"] == []


def test_the_watchdog_reaches_alertmanager(prometheus: Prometheus) -> None:
    wait_until("the watchdog fires", lambda: "Watchdog" in prometheus.firing(), 60)
    assert len(prometheus.get("alertmanagers")["activeAlertmanagers"]) == 1
