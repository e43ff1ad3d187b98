"""The samples that wait to be sent, in memory. Where there are too many the oldest go."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from ...jobs.document import document
from ...jobs.sample import JobSample, NodeSample
from .counts import DROPPED, Counts

# Half an hour of a node with 64 jobs. What a job used is a total in each of its samples: only detail is lost.
MAX_SAMPLES = 2000
MAX_BATCH = 200


class Batch(NamedTuple):
    """Samples that are sent together."""

    jobs: Sequence[JobSample]
    nodes: Sequence[NodeSample]

    def __len__(self) -> int:
        return len(self.jobs) + len(self.nodes)

    def body(self) -> bytes:
        """Return the request that sends them."""
        return json.dumps(
            {"samples": list(map(document, self.jobs)), "nodes": list(map(document, self.nodes))}
        ).encode()

    def halves(self) -> tuple[Batch, Batch]:
        """Return two batches of half the size."""
        jobs, nodes = -(-len(self.jobs) // 2), len(self.nodes) // 2
        return Batch(self.jobs[:jobs], self.nodes[:nodes]), Batch(self.jobs[jobs:], self.nodes[nodes:])


class Samples:
    """Holds samples until they are sent. Safe to use from several threads.

    The last sample of a job goes after those that a later one replaces. ``more`` is set when something comes.
    """

    def __init__(self, counts: Counts, more: threading.Event) -> None:
        self._counts = counts
        self._more = more
        self._lock = threading.Lock()
        self._finals: deque[JobSample] = deque()
        self._others: deque[JobSample] = deque()
        self._nodes: deque[NodeSample] = deque()

    def __len__(self) -> int:
        return len(self._finals) + len(self._others) + len(self._nodes)

    def put(self, jobs: Sequence[JobSample], nodes: Sequence[NodeSample]) -> None:
        """Let samples wait."""
        with self._lock:
            self._finals += (sample for sample in jobs if sample.final)
            self._others += (sample for sample in jobs if not sample.final)
            self._nodes += nodes
            self._limit()
        self._more.set()

    def take(self) -> Batch:
        """Return some samples, which then wait no more: the oldest, those before the last one of a job first."""
        with self._lock:
            jobs = [
                queue.popleft() for queue in (self._others, self._finals) for _turn in range(len(queue))[:MAX_BATCH]
            ]
            return Batch(jobs, [self._nodes.popleft() for _turn in range(len(self._nodes))[:MAX_BATCH]])

    def put_back(self, batch: Batch) -> None:
        """Let samples wait that could not be sent."""
        with self._lock:
            self._finals.extendleft(sample for sample in reversed(batch.jobs) if sample.final)
            self._others.extendleft(sample for sample in reversed(batch.jobs) if not sample.final)
            self._nodes.extendleft(reversed(batch.nodes))
            self._limit()

    def _limit(self) -> None:
        queues: tuple[deque[JobSample] | deque[NodeSample], ...] = (self._finals, self._others, self._nodes)
        for queue in queues:
            while len(queue) > MAX_SAMPLES:
                queue.popleft()
                self._counts.samples[DROPPED] += 1
