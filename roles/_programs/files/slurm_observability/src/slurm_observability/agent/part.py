"""Where the pieces of the agent meet: what observes jobs, and what takes over what they have to say."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol, runtime_checkable

from ..jobs.event import JobEvent
from ..jobs.sample import JobSample, NodeSample
from ..metrics.metric import AnyFamily


class Part(Protocol):
    """A piece of the agent that works by itself from start to stop."""

    def start(self) -> None:
        """Begin, and return at once."""

    def stop(self) -> None:
        """End, and return soon. What comes after the end is not asked for."""

    def families(self) -> Iterable[AnyFamily]:
        """Return what the page of metrics shows of it. Called from many threads; waits for nothing."""


@runtime_checkable
class Observer(Protocol):
    """A part that wants to know of every event."""

    def on_event(self, event: JobEvent) -> None:
        """Take note of an event that the spool shows, before it is forwarded. Waits for nothing.

        An event comes again after a restart of the agent. Those of one job come in their order.
        """


class Outbox(Protocol):
    """Takes what the service is to be told. Safe to use from several threads; waits for nothing, and never raises."""

    def put_event(self, event: JobEvent) -> None:
        """Send an event that no hook wrote. It survives a restart as those of the hooks do."""

    def put_samples(self, samples: Sequence[JobSample], nodes: Sequence[NodeSample]) -> None:
        """Send samples. They are kept in memory; where there are too many the oldest are dropped."""
