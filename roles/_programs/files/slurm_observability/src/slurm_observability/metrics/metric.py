"""What a metric is, and the samples it has at one moment."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Metric:
    """A metric's name, the text of its HELP line, its labels, its Prometheus type, and a query that uses it."""

    name: str
    help: str
    labels: tuple[str, ...] = ()
    kind: str = "gauge"
    query: str = ""


@dataclass(frozen=True)
class Family:
    """A gauge or a counter with its samples: label values in the order of the metric's labels, and the value."""

    metric: Metric
    samples: Iterable[tuple[Sequence[str], float]]


@dataclass(frozen=True)
class HistogramFamily:
    """A histogram with its samples: label values, pairs of upper bound and cumulative count, the sum of all values.

    The last upper bound is infinity; its count is that of all values.
    """

    metric: Metric
    samples: Iterable[tuple[Sequence[str], Sequence[tuple[float, int]], float]]


AnyFamily = Family | HistogramFamily


def scalar(metric: Metric, value: float) -> Family:
    """Return the metric, which has no label, with its one sample."""
    return Family(metric, [((), value)])
