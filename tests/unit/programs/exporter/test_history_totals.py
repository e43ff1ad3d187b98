"""What runs add to the totals, number by number."""

from __future__ import annotations

from collections import Counter

from slurm_observability.exporter.history.totals import (
    BOUNDS,
    CPU_SECONDS,
    CPUS,
    GPU_SECONDS,
    GPUS,
    NODES,
    RESIZING,
    RUN,
    SUBMITTED,
    WAIT,
    Tally,
    job_counts,
    one_partition,
)
from slurm_observability.slurm.accounting import Run, RunKind
from slurm_observability.slurm.tres import Tres

KIND = RunKind("COMPLETED", "hpc", Tres(cpus=8, nodes=2, gpus=4), "alice", "research")


def run(eligible, start, elapsed, kind=KIND):
    return Run(1, 0, eligible, start, 1000, elapsed, kind)


def test_runs_are_counted_by_partition_and_by_the_labels_that_were_asked_for():
    tally = Tally(("user",))
    tally.add(run(0, 10, 20))
    tally.add(run(0, None, 0, RunKind("CANCELLED", "hpc,htc")))
    assert tally.runs() == {
        ("partition", "hpc", "COMPLETED"): 1,
        ("user", "alice", "COMPLETED"): 1,
        ("partition", "", "CANCELLED"): 1,
        ("user", "", "CANCELLED"): 1,
    }


def test_distributions_are_of_runs_that_began():
    tally = Tally()
    tally.add(run(100, 160, 3600))
    tally.add(run(100, 90, 1))
    tally.add(run(None, 90, 1))  # eligible never, and yet it began: there is no wait to tell
    tally.add(run(100, None, 0))
    tally.add(run(100, 110, 0, RunKind("CANCELLED", "hpc", Tres())))
    buckets, sums = tally.distributions()
    assert sums == {
        (WAIT, "hpc"): 60,
        (RUN, "hpc"): 3602,
        (CPUS, "hpc"): 24,
        (NODES, "hpc"): 6,
        (GPUS, "hpc"): 12,
        (CPU_SECONDS, "hpc"): 8 * 3602,
        (GPU_SECONDS, "hpc"): 4 * 3602,
    }
    counted = Counter()
    for (what, partition, _bucket), count in buckets.items():
        assert partition == "hpc"
        counted[what] += count
    assert counted == {WAIT: 2, RUN: 3, CPUS: 3, NODES: 3, GPUS: 3}
    # An upper bound belongs to its bucket.
    assert buckets[WAIT, "hpc", BOUNDS[WAIT].index(60)] == buckets[RUN, "hpc", BOUNDS[RUN].index(3600)] == 1
    assert buckets[WAIT, "hpc", 0] == 1 and buckets[RUN, "hpc", 0] == 2


def test_sizes_are_told_once():
    tally = Tally()
    tally.add(run(0, 1, 1))
    tally.distributions()
    assert tally.distributions()[1][CPUS, "hpc"] == 8


def test_a_list_of_partitions_is_no_partition():
    assert [one_partition(text) for text in ("hpc", "hpc,htc", "")] == ["hpc", "", ""]


def test_a_job_counts_once_in_each_state_and_partition():
    outcomes = [("hpc", "COMPLETED", True), ("hpc", "COMPLETED", True), ("htc", "FAILED", False), ("", RESIZING, True)]
    assert job_counts(outcomes) == {
        *(("", "COMPLETED"), ("hpc", "COMPLETED"), ("", SUBMITTED), ("hpc", SUBMITTED)),
        *(("", "FAILED"), ("htc", "FAILED")),
    }
