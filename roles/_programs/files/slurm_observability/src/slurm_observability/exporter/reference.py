"""Print the reference page of the metrics: ``python -m slurm_observability.exporter.reference``."""

from __future__ import annotations

from ..metrics.metric import Metric
from .catalogue import groups, source


def reference() -> str:
    """Return the page as Markdown."""
    lines = [
        "# Metrics of azslurm-exporter",
        "",
        "Made from the program's own catalogue; a test holds both together. The command behind each source is in",
        "[exporter-sources.md](exporter-sources.md#what-is-asked).",
        "",
    ]
    for title, metrics in groups().items():
        lines += [f"## {title}", ""]
        if source(title):
            lines += [f"Source: `{source(title)}`", ""]
        lines += ["| metric | type | labels | meaning | a query |", "|---|---|---|---|---|"]
        for metric in metrics:
            labels = ", ".join(f"`{label}`" for label in metric.labels)
            use = query(metric).replace("|", "\\|")
            lines.append(f"| `{metric.name}` | {metric.kind} | {labels} | {metric.help} | `{use}` |")
        lines.append("")
    return "\n".join(lines)


def query(metric: Metric) -> str:
    """Return a PromQL query that uses the metric: its own, else what its kind is made for."""
    if metric.query:
        return metric.query
    if metric.kind == "counter":
        return f"rate({metric.name}[5m])"
    if metric.kind == "histogram":
        return f"histogram_quantile(0.9, sum by (le) (rate({metric.name}_bucket[1h])))"
    return metric.name


if __name__ == "__main__":
    print(reference(), end="")
