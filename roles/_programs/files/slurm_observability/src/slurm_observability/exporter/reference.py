"""Print the reference page of the metrics: ``python -m slurm_observability.exporter.reference``."""

from __future__ import annotations

from ..metrics.reference import table
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
        lines += [*table(metrics), ""]
    return "\n".join(lines)


if __name__ == "__main__":
    print(reference(), end="")
