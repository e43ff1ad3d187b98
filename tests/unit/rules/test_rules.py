"""Every shipped alert is complete: labels, annotations, a runbook and a promtool test."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[3]
RULE_FILES = sorted((ROOT / "roles/prometheus/files/rules").glob("*.yml"))
PROMTOOL_TESTS = "\n".join(path.read_text() for path in sorted((ROOT / "tests/rules").glob("*.yml")))


def rules() -> list[tuple[Path, dict[str, Any]]]:
    """All rules with the file that each stands in."""
    return [
        (path, rule)
        for path in RULE_FILES
        for group in yaml.safe_load(path.read_text())["groups"]
        for rule in group["rules"]
    ]


ALERTS = [pytest.param(path, rule, id=rule["alert"]) for path, rule in rules() if "alert" in rule]


def test_there_are_rules() -> None:
    assert {"gpu", "gpu_recording", "node", "slurm", "stack", "recording_rules"} < {path.stem for path in RULE_FILES}
    assert len(ALERTS) > 30


@pytest.mark.parametrize("page", ["README.md", "docs/verify.md"])
def test_the_docs_say_how_many_a_run_loads(page: str) -> None:
    """Each XID of the policy is a rule, too."""
    policy = yaml.safe_load((ROOT / "roles/prometheus/vars/main/xid_policy.yml").read_text())["__prometheus_xid_policy"]
    assert f" {len(rules()) + len(policy)} rules loaded" in (ROOT / page).read_text()


def test_a_name_stands_once() -> None:
    """What is recorded may stand in several rules, one for each value of a label."""
    alerts = Counter(rule["alert"] for _, rule in rules() if "alert" in rule)
    records = Counter((rule["record"], str(rule.get("labels"))) for _, rule in rules() if "record" in rule)
    assert [name for name, count in (alerts | records).items() if count > 1] == []


def test_what_is_recorded_is_read() -> None:
    """Each name is a series for every GPU or node of the cluster."""
    dashboards = (ROOT / "roles/grafana/files/dashboards").glob("*.json")
    readers = " ".join([*(rule["expr"] for _, rule in rules()), *(path.read_text() for path in dashboards)])
    read = set(re.findall(r"\w+:[\w:]+", readers))
    recorded = {rule["record"] for _, rule in rules() if "record" in rule}
    # A name of the installation specification.
    assert recorded - read == {"job:gpu_memory_usage:avg"}


@pytest.mark.parametrize(("path", "rule"), ALERTS)
def test_alert_says_how_bad_it_is_and_what_to_do(path: Path, rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in {"critical", "warning", "info", "none"}
    assert set(rule["annotations"]) == {"summary", "description", "runbook_url"}
    assert rule["annotations"]["runbook_url"] == f"docs/alerts/{path.stem}.md#{rule['alert'].lower()}"


@pytest.mark.parametrize(("path", "rule"), ALERTS)
def test_alert_about_a_node_keeps_the_node_label(path: Path, rule: dict[str, Any]) -> None:
    """Alertmanager's inhibition compares this label."""
    if "$labels.node" in str(rule["annotations"]):
        aggregations = re.findall(r"\bby \(([^)]*)\)", rule["expr"])
        assert all("node" in labels for labels in aggregations)


@pytest.mark.parametrize(("path", "rule"), ALERTS)
def test_alert_has_a_promtool_test_that_makes_it_fire(path: Path, rule: dict[str, Any]) -> None:
    name = re.escape(rule["alert"])
    fires = re.compile(rf'alertname="{name}",.*value: 1}}|alertname: {name}\n.*\n\s+exp_alerts:\n\s+- exp_labels')
    assert fires.search(PROMTOOL_TESTS)


@pytest.mark.parametrize("name", sorted({path.stem for path, rule in rules() if "alert" in rule}))
def test_runbook_has_a_section_per_alert_in_the_order_of_the_rules(name: str) -> None:
    alerts = [rule["alert"] for path, rule in rules() if path.stem == name and "alert" in rule]
    sections = re.findall(r"^## (.*)$", (ROOT / f"docs/alerts/{name}.md").read_text(), re.MULTILINE)
    assert sections == alerts


def test_only_one_file_knows_dcgms_names() -> None:
    """A field that DCGM renames, or a GPU that two jobs share, is dealt with there."""
    knowing = {path.stem for path, rule in rules() if re.search(r"\bDCGM_", rule["expr"])}
    assert knowing == {"gpu_recording"}


@pytest.mark.parametrize(
    "expr", [pytest.param(rule["expr"], id=rule["record"]) for _, rule in rules() if "DCGM_" in rule["expr"]]
)
def test_what_dcgm_says_is_that_of_our_exporters_and_counts_once(expr: str) -> None:
    """dstack exports DCGM's metrics once more, and dcgm-exporter a shared GPU once for each of its jobs."""
    selected = re.findall(r'\bDCGM_\w+\{job="dcgm_exporter"', expr)
    assert len(selected) == expr.count("DCGM_")
    assert len(selected) == expr.count("without (hpc_job") or "hpc_job!=" in expr
