"""How many runs go on, for the metrics."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..metrics.metric import Family, Metric
from .metrics import PREFIX
from .readiness import Readiness
from .states import ACTIVE

RUNS = Metric(
    f"{PREFIX}_runs",
    "Runs on record that have not ended, by state. Runs that wait are on record only where Slurm is asked for them.",
    ("state",),
    query=f'{PREFIX}_runs{{state="running"}}',
)


class ActiveRuns:
    """Counts them in the background: a scrape waits for no database."""

    def __init__(self, readiness: Readiness) -> None:
        self._readiness = readiness
        self._counts: Mapping[str, int] | None = None

    def count(self) -> None:
        """Count. Raises StoreError, and says nothing then: an old number would look like a true one."""
        self._counts = None
        self._counts = self._readiness.store.active_by_state()

    def families(self) -> Iterator[Family]:
        """Yield the numbers."""
        counts = self._counts
        if counts is not None:
            yield Family(RUNS, [((state,), counts.get(state, 0)) for state in ACTIVE])
