"""Numbers that each of many things has, such as nodes and partitions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from ...metrics.metric import Family, Metric


class Named(Protocol):
    """Something that a label names."""

    @property
    def name(self) -> str:
        """What the label says."""


T = TypeVar("T", bound=Named)


@dataclass(frozen=True)
class Number(Generic[T]):
    """A metric whose one label is a thing's name, and how to get its value, None where it is not known."""

    metric: Metric
    of: Callable[[T], float | None]

    def family(self, things: Iterable[T]) -> Family:
        """Return the metric with a sample for each thing of which it is known."""
        of = self.of
        samples: list[tuple[Sequence[str], float]] = [
            ((thing.name,), value) for thing in things if (value := of(thing)) is not None
        ]
        return Family(self.metric, samples)
