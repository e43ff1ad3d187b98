"""Print the table of the metrics for docs/dstack.md: ``python -m slurm_observability.dstack.reference``."""

from __future__ import annotations

from ..metrics.reference import table
from .metrics import INSTANCE_METRICS, OWN_METRICS


def reference() -> str:
    """Return the table as Markdown."""
    return "\n".join([*table((*INSTANCE_METRICS, *OWN_METRICS)), ""])


if __name__ == "__main__":
    print(reference(), end="")
