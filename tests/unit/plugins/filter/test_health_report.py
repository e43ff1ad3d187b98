# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table that verify.yml ends in."""

from __future__ import annotations

from ansible_collections.slurm.observability.plugins.filter.health_report import health_report


def series(value, **labels):
    """One result of an instant query."""
    return {"metric": labels, "value": [1795247992.0, str(value)]}


PROMETHEUS = {
    "total": [series(3, job="node_exporter"), series(1, job="slurm")],
    "up": [series(3, job="node_exporter"), series(1, job="slurm")],
    "down": [],
    "rules": [series(57)],
    "expected": ["node_exporter", "slurm"],
    "alerts": [],
}


def test_all_is_well():
    report = health_report(
        {"head": {"prometheus": "", "node_exporter": ""}, "node1": {"node_exporter": ""}}, {"head": PROMETHEUS}
    )
    assert report["problems"] == []
    assert report["table"].splitlines() == [
        "component             hosts  healthy",
        "node_exporter             2        2",
        "prometheus                1        1",
        "",
        "scrape job          targets       up",
        "node_exporter             3        3",
        "slurm                     1        1",
        "",
        "57 rules loaded; alerts firing: none",
        "",
        "Everything is up.",
    ]


def test_a_host_that_said_nothing_is_named():
    report = health_report({"head": {"node_exporter": ""}, "node2": None, "node1": {}})
    assert report["problems"] == ["node1, node2: no answer, or failed earlier in this run."]


def test_hosts_with_the_same_problem_share_a_line():
    answers = {f"node{n:02d}": {"node_exporter": "it did not answer."} for n in range(12)}
    report = health_report(answers)
    names = ", ".join(f"node{n:02d}" for n in range(10))
    assert report["problems"] == [names + " and 2 more: it did not answer."]
    assert "node_exporter            12        0" in report["table"]


def test_targets_that_are_down_are_counted_and_named():
    prometheus = {
        **PROMETHEUS,
        "up": [series(1, job="node_exporter")],
        "down": [series(0, job="node_exporter", instance="node2"), series(0, job="node_exporter", instance="node1")],
    }
    report = health_report({"head": {"prometheus": ""}}, {"head": prometheus})
    assert report["problems"] == [
        "head: 2 of 3 targets of the scrape job node_exporter are down, node1, node2 among them; see /targets there.",
        "head: 1 of 1 targets of the scrape job slurm are down; see /targets there.",
    ]


def test_alerts_are_shown_but_are_no_problem_of_the_stack():
    prometheus = {**PROMETHEUS, "alerts": [series(2, alertname="SlurmNodeDown"), series(1, alertname="DiskFull")]}
    report = health_report({"head": {"prometheus": ""}}, {"head": prometheus})
    assert report["problems"] == []
    assert "57 rules loaded; alerts firing: DiskFull (1), SlurmNodeDown (2)" in report["table"]


def test_a_prometheus_without_rules_is_a_problem():
    report = health_report({"head": {"prometheus": ""}}, {"head": {**PROMETHEUS, "rules": []}})
    assert report["problems"] == ["head: Prometheus has no rules loaded, so nothing would raise an alert."]


def test_an_expected_scrape_job_without_a_target_is_a_problem():
    prometheus = {**PROMETHEUS, "total": [series(1, job="slurm")], "up": [series(1, job="slurm")]}
    report = health_report({"head": {"prometheus": ""}}, {"head": prometheus})
    assert report["problems"] == ["head: the scrape job node_exporter has no target; see /targets there."]
