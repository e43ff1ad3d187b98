"""A bound on the number of users, accounts and the like that a metric has series for."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping

from ..metrics.metric import Family, Metric

CUT = Metric(
    "slurm_exporter_cut_label_values",
    "Values of a label for which the metric has no series, because there are more than --max-label-values.",
    ("metric",),
    query="slurm_exporter_cut_label_values > 0",
)
METRICS = (CUT,)


class Cap:
    """Lets the largest values of a label pass, up to ``limit`` of them, and remembers how many it held back."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._cut: dict[str, int] = {}

    def largest(self, metric: str, weights: Mapping[str, float]) -> set[str]:
        """Return the values with the largest weights; of equal ones, those that come first in the alphabet.

        ``metric`` names the metric, or the first of several that show the same values.
        """
        self._cut[metric] = max(0, len(weights) - self._limit)
        if not self._cut[metric]:
            return set(weights)
        return set(heapq.nsmallest(self._limit, weights, key=lambda value: (-weights[value], value)))

    def families(self) -> Iterator[Family]:
        """Yield how many values were held back, by metric; nothing where no metric is capped."""
        if self._cut:
            yield Family(CUT, [((metric,), cut) for metric, cut in sorted(self._cut.items())])
