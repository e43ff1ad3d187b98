"""Queries of dashboards as a browser with Grafana sends them: which, with what in them, six at a time."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from tests.prometheus import Prometheus
from tests.unit.dashboards import document

CONNECTIONS = 6  # to one server, as HTTP/1.1 in a browser
SCRAPE_S = 15
COLUMN_PX = 1400 / 24
# Grafana rounds the time between two points to one of these.
STEPS_S = (15, 20, 30, 60, 120, 300, 600, 900, 1200, 1800, 3600)

Json = dict[str, Any]


@dataclass(frozen=True)
class Query:
    """A query of a panel, with its variables in their places."""

    panel: str
    expression: str
    step: int | None  # None: at the end of the time range only

    def ask(self, prometheus: Prometheus, start: float, end: float) -> list[Json]:
        """The series that are found."""
        if self.step is None:
            answer = prometheus.ask("query", query=self.expression, time=end)
        else:
            answer = prometheus.ask("query_range", query=self.expression, start=start, end=end, step=self.step)
        found: list[Json] = answer["result"]
        return found


@dataclass(frozen=True)
class Cost:
    """How long a query took, and how many series came."""

    query: Query
    seconds: float
    series: int


def values(
    dashboard: Json, prometheus: Prometheus, start: float, end: float, chosen: Mapping[str, str] = MappingProxyType({})
) -> dict[str, str]:
    """The value of each variable: what was chosen, if that can be, else the first, or all; empty where none is."""
    found: dict[str, str] = {}
    for name, variable in document.variables(dashboard).items():
        current = variable.get("current", {}).get("value") or variable.get("query") or ""
        found[name] = current if isinstance(current, str) else ""
    for name, metric, label in document.values_found(dashboard):
        variable = document.variables(dashboard)[name]
        match = {"match[]": _insert(metric, found)} if metric else {}
        offered = prometheus.ask(f"label/{label}/values", start=start, end=end, **match)
        if not offered:
            found[name] = ""
        elif variable.get("includeAll"):
            found[name] = variable.get("allValue") or "|".join(offered)
        else:
            found[name] = chosen[name] if chosen.get(name) in offered else offered[0]
    return found


def queries(dashboard: Json, values: Mapping[str, str], start: float, end: float) -> Iterator[Query]:
    """The queries of all panels, with the values of the variables."""
    for panel in document.panels(dashboard):
        step = _step(panel, end - start)
        times = {
            "__rate_interval": f"{max(step + SCRAPE_S, 4 * SCRAPE_S)}s",
            "__interval": f"{step}s",
            "__range": f"{end - start:.0f}s",
            "__range_s": f"{end - start:.0f}",
        }
        for target in panel.get("targets", []):
            if expression := target.get("expr"):
                whole = _insert(expression, {**values, **times})
                yield Query(panel["title"], whole, None if target.get("instant") else step)


def run(found: list[Query], prometheus: Prometheus, start: float, end: float) -> tuple[list[Cost], float]:
    """Ask all, and say how long each took and all together."""

    def ask(query: Query) -> Cost:
        began = time.monotonic()
        found = query.ask(prometheus, start, end)
        return Cost(query, time.monotonic() - began, len(found))

    began = time.monotonic()
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        costs = list(pool.map(ask, found))
    return costs, time.monotonic() - began


def _step(panel: Json, seconds: float) -> int:
    points = panel.get("maxDataPoints") or panel["gridPos"]["w"] * COLUMN_PX
    least = re.fullmatch(r"(\d+)([sm])", panel.get("interval") or "")
    minimum = int(least[1]) * (60 if least[2] == "m" else 1) if least else SCRAPE_S
    return max(minimum, min(STEPS_S, key=lambda step: abs(step - seconds / points)))


def _insert(text: str, values: Mapping[str, str]) -> str:
    return re.sub(r"\$\{(\w+)(?::\w+)?\}|\$(\w+)", lambda found: values.get(found[1] or found[2], found[0]), text)
