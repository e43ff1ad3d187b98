"""Print the reference page of the metrics: ``python -m slurm_observability.agent.reference``."""

from __future__ import annotations

from ..metrics.reference import table
from .catalogue import groups


def reference() -> str:
    """Return the page as Markdown."""
    lines = [
        "# Metrics of job-agent",
        "",
        "Made from the program's own catalogue; a test holds both together. What the numbers mean is in",
        "[job-agent.md](job-agent.md).",
        "",
    ]
    for title, metrics in groups().items():
        lines += [f"## {title}", "", *table(metrics), ""]
    return "\n".join(lines)


if __name__ == "__main__":
    print(reference(), end="")
