"""Queries ask for what there is, and legends and columns name labels that the series have."""

from __future__ import annotations

import re

import pytest

from tests.unit.dashboards import known, promql
from tests.unit.dashboards.document import Json, expressions, panels, values_found


def test_every_metric_is_known(document: Json) -> None:
    asked = [(title, name) for title, query in expressions(document) for name in promql.metrics(query)]
    asked += [(variable, name) for variable, metric, _ in values_found(document) for name in promql.metrics(metric)]
    assert [(where, name) for where, name in asked if name not in known.names()] == []


def test_only_the_rules_know_dcgms_names(document: Json) -> None:
    """A rename in DCGM touches one file, and a GPU that two jobs share counts once."""
    assert [title for title, query in expressions(document) if "DCGM_" in query] == []


def test_legends_and_columns_are_labels_of_the_series(document: Json) -> None:
    missing = []
    for panel in panels(document):
        for target in (target for target in panel["targets"] if "expr" in target):
            wanted = set(re.findall(r"{{ *(\w+) *}}", target["legendFormat"]))
            missing += [(panel["title"], label) for label in wanted - (promql.labels(target["expr"]) or wanted)]
        there = [promql.labels(target["expr"]) for target in panel["targets"] if "expr" in target]
        if None not in there:
            missing += [(panel["title"], label) for label in _columns(panel).difference(*there)]
    assert missing == []


def test_series_of_one_panel_can_be_told_apart(document: Json) -> None:
    for panel in panels(document):
        for target in panel["targets"]:
            there = promql.labels(target["expr"]) if "expr" in target else None
            if there is not None and panel["type"] != "table":
                named = set(re.findall(r"{{ *(\w+) *}}", target["legendFormat"]))
                assert there <= named, f"{panel['title']}: {there - named} is not in the legend"


def test_a_legend_stands_once(document: Json) -> None:
    for panel in panels(document):
        legends = [target["legendFormat"] for target in panel["targets"] if "legendFormat" in target]
        assert len(set(legends)) == len(legends), panel["title"]
        assert all(legends), panel["title"]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("sum by (a) (rate(x_total[5m])) / on (a) max(y)", {"x_total", "y"}),
        ('{__name__=~"n_(a|b)_c|d"}', {"n_a_c", "n_b_c", "d"}),
        ('label_replace(m{a="$x"}, "b", "$1", "c", "(.*)")', {"m"}),
        ("max_over_time(sum(p)[1h:1m]) unless vector(0)", {"p"}),
        ("topk(3, q) or -r", {"q", "r"}),
    ],
)
def test_metrics_of_a_query(query: str, names: set[str]) -> None:
    assert promql.metrics(query) == names


@pytest.mark.parametrize(
    ("query", "labels"),
    [
        ("sum by (a, b) (x)", {"a", "b"}),
        ("sort_desc(sum by (a) (x)) / 2", {"a"}),
        ("topk(5, max by (n) (x))", {"n"}),
        ("sum(x) or vector(0)", set()),
        ("max without (a) (x)", None),
        ("(x > 1)", None),
    ],
)
def test_labels_of_a_query(query: str, labels: set[str] | None) -> None:
    assert promql.labels(query) == labels


def test_what_is_known_is_read_from_the_code() -> None:
    assert {"slurm_nodes_idle", "gpu:power:watts", "hpc_job_cpu_seconds_total", "up"} <= known.names()
    assert "slurm_job_wait_seconds_bucket" in known.names()
    assert "slurm_job_wait_seconds" not in known.names()


def _columns(panel: Json) -> set[str]:
    """Labels that a table shows."""
    names = [
        name
        for step in panel.get("transformations", [])
        if step["id"] == "filterFieldsByName"
        for name in step["options"]["include"]["names"]
    ]
    return {name for name in names if not name.startswith("Value") and name != "Time"}
