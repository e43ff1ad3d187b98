"""What a query of a dashboard asks for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import promql_parser
from promql_parser import AggModifierType, AggregateExpr, BinaryExpr, Call, MatrixSelector, VectorSelector

# What Grafana puts in the place of its own variables, more or less; any other variable becomes a word.
BUILT_IN = {
    "__rate_interval": "5m",
    "__interval": "1m",
    "__range": "6h",
    "__range_s": "21600",
    "__interval_ms": "60000",
    "price": "1",
}
RATE_INTERVAL = "7m7s"


def parse(query: str) -> Any:
    """The query as a tree. ValueError says why it is none."""
    query = re.sub(r"\$__rate_interval|\$\{__rate_interval\}", RATE_INTERVAL, query)
    return promql_parser.parse(re.sub(r"\$\{?(\w+)(?::\w+)?\}?", lambda found: BUILT_IN.get(found[1], "x"), query))


def nodes(tree: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, tuple[Any, ...]]]:
    """Every part of the tree, with the parts above it, the nearest last."""
    yield tree, above
    below = [getattr(tree, name, None) for name in ("expr", "lhs", "rhs", "param", "vector_selector")]
    for part in [*below, *getattr(tree, "args", [])]:
        if part is not None and not isinstance(part, str):
            yield from nodes(part, (*above, tree))


def metrics(query: str) -> set[str]:
    """Names of all metrics of the query."""
    return {name for part, _ in nodes(parse(query)) if isinstance(part, VectorSelector) for name in _names(part)}


def ranges(query: str) -> Iterator[tuple[str, str]]:
    """Function and range of each range of the query."""
    for part, above in nodes(parse(query)):
        if isinstance(part, MatrixSelector) and above and isinstance(above[-1], Call):
            yield above[-1].func.name, "$__rate_interval" if part.range.total_seconds() == 427 else str(part.range)


def bare_counters(query: str) -> set[str]:
    """Counters whose value is shown as it is, without what was there before."""
    return {
        name
        for part, above in nodes(parse(query))
        if isinstance(part, VectorSelector)
        for name in _names(part)
        if name.endswith("_total")
        and not any(isinstance(node, Call) and node.func.name in {"rate", "irate", "increase"} for node in above)
    }


def labels(query: str) -> set[str] | None:
    """Labels of the series that the query gives, where an aggregation says so; None where it cannot be seen."""
    return _labels(parse(query))


def _labels(tree: Any) -> set[str] | None:
    if isinstance(tree, AggregateExpr) and str(tree.op) not in {"topk", "bottomk"}:
        if tree.modifier is None:
            return set()
        return set(tree.modifier.labels) if tree.modifier.type == AggModifierType.By else None
    if isinstance(tree, BinaryExpr):
        there = _labels(tree.lhs)
        if there is None or tree.modifier is None or tree.modifier.group_labels is None:
            return there
        return there | set(tree.modifier.group_labels)
    if isinstance(tree, Call) and len(tree.args) == 1:
        return _labels(tree.args[0])
    return _labels(tree.expr) if hasattr(tree, "expr") else None


def _names(selector: VectorSelector) -> list[str]:
    if selector.name:
        return [selector.name]
    matchers = [matcher.value for matcher in selector.matchers.matchers if matcher.name == "__name__"]
    return [name for matcher in matchers for name in _alternatives(matcher)]


def _alternatives(pattern: str) -> list[str]:
    """`a_(b|c)_d` is a_b_d and a_c_d."""
    found = re.search(r"\(([^()]*)\)", pattern)
    if found is None:
        return pattern.split("|")
    return [name for word in found[1].split("|") for name in _alternatives(pattern.replace(found[0], word, 1))]
