"""A topic: one question to Slurm, and the metrics that its answer gives."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from ..metrics.metric import AnyFamily

T = TypeVar("T")


@dataclass(frozen=True)
class Reading(Generic[T]):
    """An answer, and the number of lines in it that could not be read and were passed over."""

    answer: T
    rejected_lines: int = 0


@dataclass(frozen=True)
class Scene:
    """What an answer is shown against: the time in seconds since 1970, and the names of all partitions, sorted.

    A partition without jobs has zeros, and not no samples.
    """

    now: float
    partitions: Sequence[str]


def _no_status() -> Iterable[AnyFamily]:
    return ()


@dataclass(frozen=True)
class Size:
    """How much an answer gives, for people: ``Size(5004, "node")``."""

    count: int
    noun: str

    def __bool__(self) -> bool:
        return self.count > 0

    def __str__(self) -> str:
        plural = "" if self.count == 1 or self.noun.endswith("s") else "s"
        return f"{self.count:,} {self.noun}{plural}"


def _nothing_held() -> None:
    pass


def _nothing_kept() -> None:
    return None


@dataclass(frozen=True)
class Topic(Generic[T]):
    """How to ask, how often, and how to show the answer.

    ``name`` is the value of the label ``source``. ``read`` raises SlurmError. ``interval`` is in seconds.
    ``families`` gives what follows from an answer. ``status`` gives what is to be seen before the first answer too; it
    is asked in every scrape, and must not wait for anything. ``rest`` lets go of what only one exporter may hold, such
    as a file: it is called between two readings when this exporter becomes the standby; ``read`` then begins anew.
    ``size`` tells people how much an answer gives; without it they are told its series. ``kept`` is what an earlier
    run of the program has left as an answer, for the time until Slurm gives one; None where there is nothing.
    """

    name: str
    read: Callable[[], Reading[T]]
    families: Callable[[T, Scene], Iterable[AnyFamily]]
    interval: float
    status: Callable[[], Iterable[AnyFamily]] = _no_status
    rest: Callable[[], None] = _nothing_held
    size: Callable[[T], Size] | None = None
    kept: Callable[[], T | None] = _nothing_kept
