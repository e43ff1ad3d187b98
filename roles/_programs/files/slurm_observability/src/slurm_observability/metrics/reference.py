"""Metrics as a table of Markdown, for reference pages that cannot fall behind the program."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .metric import Metric


def table(metrics: Iterable[Metric]) -> Iterator[str]:
    """Yield the lines of a table: name, type, labels, meaning, and a query."""
    yield "| metric | type | labels | meaning | a query |"
    yield "|---|---|---|---|---|"
    for metric in metrics:
        labels = ", ".join(f"`{label}`" for label in metric.labels)
        use = query(metric).replace("|", "\\|")
        yield f"| `{metric.name}` | {metric.kind} | {labels} | {metric.help} | `{use}` |"


def query(metric: Metric) -> str:
    """Return a PromQL query that uses the metric: its own, else what its kind is made for."""
    if metric.query:
        return metric.query
    if metric.kind == "counter":
        return f"rate({metric.name}[5m])"
    if metric.kind == "histogram":
        return f"histogram_quantile(0.9, sum by (le) (rate({metric.name}_bucket[1h])))"
    return metric.name
