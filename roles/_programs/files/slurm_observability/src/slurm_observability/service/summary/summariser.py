"""Summarise runs as they end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

from ...jobs.sample import JobSample
from ...metrics.metric import Family, Metric, scalar
from .. import states
from ..metrics import PREFIX
from ..run import Run
from .summary import Summary, summarise

# Agents send the last sample of a run a few seconds after its end.
SETTLE = 60.0
# A run whose end only its hooks reported is not summarised before Slurm has said how it ended, or this has passed.
CONFIRMATION = 600.0
# So many may wait for that: those of a minute in which 80 end each second.
BATCH = 5000

SUMMARIES = Metric(
    f"{PREFIX}_summaries_total",
    "Summaries of ended runs that were stored.",
    kind="counter",
    query=f"increase({PREFIX}_summaries_total[1h])",
)

Listener = Callable[[Run, Summary], None]


class Runs(Protocol):
    """What the summariser needs of the store."""

    def unsummarised(self, limit: int) -> list[Run]: ...

    def newest_samples(self, key: int) -> Sequence[JobSample]: ...

    def set_summary(self, key: int, summary: dict[str, Any]) -> None: ...


class Summariser:
    """Stores the summary of each run that has ended, and tells ``listener`` of it. ``summarised`` counts them."""

    def __init__(self, store: Runs, listener: Listener | None = None, clock: Callable[[], float] = time.time) -> None:
        self.summarised = 0
        self._store = store
        self._listener = listener
        self._clock = clock

    def run(self) -> None:
        """Summarise what is due. Raises StoreError; what was stored before it stays."""
        now = self._clock()
        for run in self._store.unsummarised(BATCH):
            if now < _due(run):
                continue
            summary = summarise(run, self._store.newest_samples(run.key))
            self._store.set_summary(run.key, summary.document())
            self.summarised += 1
            if self._listener is not None:
                self._listener(run, summary)

    def families(self) -> Iterator[Family]:
        """Yield how many runs were summarised."""
        yield scalar(SUMMARIES, self.summarised)


def _due(run: Run) -> float:
    """Return when a run can be summarised. A run whose end nobody knows has none to wait for."""
    wait = SETTLE if run.state_source == states.FROM_SLURM else CONFIRMATION
    return 0.0 if run.ended_at is None else run.ended_at + wait
