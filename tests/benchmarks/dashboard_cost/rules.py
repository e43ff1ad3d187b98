"""Rules: which names they read and make, what they cost, and what stands behind a name."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.prometheus import Prometheus
from tests.unit.dashboards import promql

PATIENCE_S = 600
FOLDER = Path(__file__).parents[3] / "roles/prometheus/files/rules"


@dataclass(frozen=True)
class Group:
    """A group of rules as Prometheus ran it."""

    name: str
    interval: float
    seconds: float
    errors: tuple[str, ...]


def all_rules(folder: Path = FOLDER) -> list[dict[str, Any]]:
    """Every rule of the files."""
    groups = (group for path in sorted(folder.glob("*.yml")) for group in yaml.safe_load(path.read_text())["groups"])
    return [rule for group in groups for rule in group["rules"]]


def recorded(rules: list[dict[str, Any]]) -> dict[str, str]:
    """Expression of each name that a rule records; alternatives are joined with "or"."""
    found: dict[str, str] = {}
    for rule in rules:
        if name := rule.get("record"):
            found[name] = f"{found[name]} or {rule['expr']}" if name in found else rule["expr"]
    return found


def read(rules: list[dict[str, Any]]) -> set[str]:
    """Names that rules read and none makes: those of exporters."""
    return {name for rule in rules for name in promql.metrics(rule["expr"])} - recorded(rules).keys()


def raw(expression: str, names: dict[str, str]) -> str:
    """The expression with what rules record in the place of their names, down to the names of exporters."""
    pattern = re.compile(
        r"(?<![\w:])(" + "|".join(sorted(map(re.escape, names), key=len, reverse=True)) + r")(?![\w:])"
    )
    while pattern.search(expression):
        expression = pattern.sub(lambda found: f"({names[found[1]]})", expression)
    return expression


def wait_for_targets(prometheus: Prometheus, count: int) -> None:
    """Wait until all targets answered. Rules that find nothing cost nothing. Raises RuntimeError after ten minutes."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        if (up := prometheus.ask("query", query="count(up == 1)")["result"]) and int(up[0]["value"][1]) == count:
            return
        time.sleep(2)
    raise RuntimeError(f"not all of {count} targets answered in {PATIENCE_S} s")


def groups(prometheus: Prometheus, rounds: int) -> list[Group]:
    """The best of the next rounds of each group, which are waited for: what else the machine does only adds to it."""
    best: dict[str, Group] = {}
    seen: dict[str, set[str]] = {}
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        for group in prometheus.ask("rules")["groups"]:
            name = f"{Path(group['file']).stem}: {group['name']}"
            times = seen.setdefault(name, set())
            errors = tuple(rule["lastError"] for rule in group["rules"] if rule.get("lastError"))
            now = Group(name, group["interval"], group["evaluationTime"], errors)
            # The first rounds make the series.
            if group["lastEvaluation"] not in times and len(times) > 1:
                best[name] = min(best.get(name, now), now, key=lambda one: one.seconds)
            times.add(group["lastEvaluation"])
        if all(len(times) > rounds + 1 for times in seen.values()):
            break
        time.sleep(5)
    return sorted(best.values(), key=lambda group: -group.seconds / group.interval)
