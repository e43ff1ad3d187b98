"""Print the reference page of the metrics: ``python -m slurm_observability.exporter.reference``."""

from __future__ import annotations

from .catalogue import groups


def reference() -> str:
    """Return the page as Markdown."""
    lines = [
        "# Metrics of azslurm-exporter",
        "",
        "Made from the program's own catalogue; a test holds both together.",
        "",
    ]
    for title, metrics in groups().items():
        lines += [f"## {title}", "", "| metric | type | labels | meaning |", "|---|---|---|---|"]
        for metric in metrics:
            labels = ", ".join(f"`{label}`" for label in metric.labels)
            lines.append(f"| `{metric.name}` | {metric.kind} | {labels} | {metric.help} |")
        lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    print(reference(), end="")
