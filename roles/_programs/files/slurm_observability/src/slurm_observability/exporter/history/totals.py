"""What the runs that ended since the reset time add up to.

Two ways to count stand side by side. *Runs* are rows of ``sacct --duplicates``: each ended run counts once, so that the
numbers only grow. *Jobs* are what ``sacct`` shows without that option: of a job that was requeued, the latest run that
matches. A job counts once in each state, and once in each state and partition, in which one of its runs ended.

``sacct`` without a state selects the runs that were eligible and had not ended before the reset time. ``sacct -s
STATE`` selects those that ended since then. ``sacct -r PARTITION`` compares the stored text: a job that never ran and
waits for several partitions is in none of them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from ...slurm.accounting import Run, RunKind

# Stands for sacct without a state.
SUBMITTED = "SUBMITTED"
# sacct shows every piece of a job that was resized, not only the latest.
RESIZING = "RESIZING"

WAIT, RUN, CPUS, NODES, GPUS = "wait", "run", "cpus", "nodes", "gpus"
CPU_SECONDS, GPU_SECONDS = "cpu_seconds", "gpu_seconds"

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
# Upper bounds of the histograms. Another set of them is another format of the store.
BOUNDS: Mapping[str, tuple[int, ...]] = {
    WAIT: (1, 10, _MINUTE, 300, 900, 1800, _HOUR, 2 * _HOUR, 4 * _HOUR, 12 * _HOUR, _DAY, 3 * _DAY, 7 * _DAY),
    RUN: (10, _MINUTE, 300, 900, 1800, _HOUR, 2 * _HOUR, 4 * _HOUR, 8 * _HOUR, _DAY, 2 * _DAY, 7 * _DAY),
    CPUS: (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 4096, 16384),
    NODES: (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024),
    GPUS: (0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024),
}


@dataclass
class Histogram:
    """Runs by bucket, each counted in one, the last without an upper bound; and the sum of the values."""

    counts: list[int]
    total: int = 0


@dataclass(frozen=True)
class HistoryTotals:
    """The totals of one moment.

    ``cluster`` and ``partitions`` count jobs per state, and SUBMITTED for all of them. ``runs`` counts ended runs by
    label, label value and state. ``histograms`` are by what they show and partition, and so are ``sums``.
    """

    cluster: Mapping[str, int]
    partitions: Mapping[str, Mapping[str, int]]
    runs: Mapping[str, Mapping[tuple[str, str], int]]
    histograms: Mapping[str, Mapping[str, Histogram]]
    sums: Mapping[str, Mapping[str, int]]


class Outcome(NamedTuple):
    """What matters of an ended run when jobs are counted. ``submitted``: sacct shows it when no state is asked for."""

    partition: str
    state: str
    submitted: bool


def one_partition(text: str) -> str:
    """Return the name of the partition, or nothing for the list of those that a run waited for until its end."""
    return "" if "," in text else text


def job_counts(outcomes: Iterable[Outcome]) -> set[tuple[str, str]]:
    """Return in which partitions and states one job counts; the partition is empty for the cluster as a whole."""
    counts = set()
    for partition, state, submitted in outcomes:
        if state != RESIZING:
            for where in dict.fromkeys(("", partition)):
                counts.add((where, state))
                if submitted:
                    counts.add((where, SUBMITTED))
    return counts


class Tally:
    """What newly found runs add to the totals of runs. ``labels`` are those to count by beside the partition."""

    def __init__(self, labels: Iterable[str] = ()) -> None:
        self._labels = tuple(labels)
        self._ended: Counter[RunKind] = Counter()
        self._begun: Counter[RunKind] = Counter()
        self._elapsed: Counter[RunKind] = Counter()
        self._buckets: Counter[tuple[str, str, int]] = Counter()
        self._sums: Counter[tuple[str, str]] = Counter()

    def add(self, run: Run) -> None:
        """Count an ended run."""
        kind = run.kind
        self._ended[kind] += 1
        if not run.has_begun:
            return
        self._begun[kind] += 1
        self._elapsed[kind] += run.elapsed
        partition = one_partition(kind.partition)
        self._observe(RUN, partition, run.elapsed)
        if run.start is not None and run.eligible is not None:
            self._observe(WAIT, partition, max(0, run.start - run.eligible))

    def runs(self) -> Counter[tuple[str, str, str]]:
        """Return the ended runs by label, label value and state."""
        result: Counter[tuple[str, str, str]] = Counter()
        for kind, count in self._ended.items():
            result["partition", one_partition(kind.partition), kind.state] += count
            for label in self._labels:
                result[label, getattr(kind, label), kind.state] += count
        return result

    def distributions(self) -> tuple[Counter[tuple[str, str, int]], Counter[tuple[str, str]]]:
        """Return the runs by what is shown, partition and bucket; and the sums by what they are of and partition."""
        # The sizes are those of a kind of runs and not of each run, and are looked at once for all of them.
        for kind, count in self._begun.items():
            partition, allocated = one_partition(kind.partition), kind.allocated
            self._observe(CPUS, partition, allocated.cpus, count)
            self._observe(NODES, partition, allocated.nodes, count)
            self._observe(GPUS, partition, allocated.gpus, count)
            self._sums[CPU_SECONDS, partition] += allocated.cpus * self._elapsed[kind]
            self._sums[GPU_SECONDS, partition] += allocated.gpus * self._elapsed[kind]
        self._begun.clear()
        return self._buckets, self._sums

    def _observe(self, what: str, partition: str, value: int, runs: int = 1) -> None:
        self._buckets[what, partition, bisect_left(BOUNDS[what], value)] += runs
        self._sums[what, partition] += value * runs
