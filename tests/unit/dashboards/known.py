"""The metrics that there are: those of our programs and rules as their code says, others as they were seen."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import yaml
from slurm_observability.agent import catalogue as agent
from slurm_observability.dstack import metrics as dstack
from slurm_observability.exporter import catalogue as exporter
from slurm_observability.health import metrics as health
from slurm_observability.metrics.metric import Metric
from slurm_observability.service import reference as service

from dashboards.house import build
from tests.unit.dashboards import promql

RULES = build.FOLDER.parents[2] / "prometheus/files/rules"
SEEN = Path(__file__).parent / "metrics_of"


@cache
def names() -> frozenset[str]:
    """Names of all series that can be in Prometheus."""
    seen = (line for path in SEEN.glob("*.txt") for line in path.read_text().splitlines() if not line.startswith("#"))
    return frozenset([*seen, *_rules(), *_programs()])


def _rules() -> list[str]:
    """What the rules record, and what they read: promtool's tests hold those names."""
    groups = (group for path in RULES.glob("*.yml") for group in yaml.safe_load(path.read_text())["groups"])
    rules = [rule for group in groups for rule in group["rules"]]
    read = (name for rule in rules for name in promql.metrics(rule["expr"]) if name.startswith(("node_", "gpu:")))
    return [*(rule["record"] for rule in rules if "record" in rule), *read]


def _programs() -> list[str]:
    catalogues = (exporter.groups(), agent.groups(), service.groups(), health.METRICS)
    metrics = [metric for catalogue in catalogues for group in catalogue.values() for metric in group]
    metrics += [*dstack.INSTANCE_METRICS, *dstack.OWN_METRICS]
    return [name for metric in metrics for name in _series(metric)]


def _series(metric: Metric) -> list[str]:
    if metric.kind == "histogram":
        return [f"{metric.name}_{part}" for part in ("bucket", "sum", "count")]
    return [metric.name]
