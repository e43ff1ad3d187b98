"""Metrics of the queue: what counts as what, for whom."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slurm_observability.exporter.cap import Cap
from slurm_observability.exporter.topic import Scene
from slurm_observability.exporter.topics.jobs import METRICS, families
from slurm_observability.metrics.exposition import render
from slurm_observability.slurm.jobs import JobGroup, Queue

from tests.unit.programs.exporter.conftest import samples

NOW = 1_795_270_000
GIB = 1024**3
OWNERS = ("account", "user")


def shown(queue, partitions=(), owners=OWNERS, limit=1000):
    return samples(render(families(queue, Scene(NOW + 999, partitions), owners, Cap(limit))).decode())


def queue_of(*jobs):
    """Return a queue of jobs that are (group, count, eligible, nodes), cut short as you like."""
    queue = Queue(asked=NOW)
    for job in jobs:
        queue.add(*job)
    return queue


def job(state, partitions=("hpc",), **more):
    return JobGroup(state, partitions, **{"user": "alice", "account": "research", **more})


def test_a_job_counts_once_in_the_cluster_and_once_in_each_partition():
    metrics = shown(queue_of((job("PENDING", ("hpc", "htc")), 3), (job("RUNNING", ("htc",)), 1)))
    assert metrics["slurm_jobs"] == 4
    assert metrics["slurm_jobs_pending"] == 3
    assert metrics['slurm_partition_jobs{partition="hpc"}'] == 3
    assert metrics['slurm_partition_jobs{partition="htc"}'] == 4
    assert metrics['slurm_partition_jobs_running{partition="hpc"}'] == 0


STATES = {
    "BOOT_FAIL": "bootfail",
    "CANCELLED": "cancelled",
    "COMPLETED": "completed",
    "COMPLETING": "completing",
    "CONFIGURING": "configuring",
    "DEADLINE": "deadline",
    "EXPEDITING": "expediting",
    "FAILED": "failed",
    "REQUEUE_FED": "fed_requeued",
    "NODE_FAIL": "node_failed",
    "OUT_OF_MEMORY": "outofmemory",
    "PENDING": "pending",
    "PREEMPTED": "preempted",
    "REQUEUED": "requeued",
    "RESIZING": "resizing",
    "REVOKED": "revoked",
    "RUNNING": "running",
    "SIGNALING": "signaling",
    "STAGE_OUT": "stageout",
    "SUSPENDED": "suspended",
    "TIMEOUT": "timeout",
}
FINISHED = {
    *("BOOT_FAIL", "CANCELLED", "COMPLETED", "DEADLINE", "FAILED", "NODE_FAIL", "OUT_OF_MEMORY", "PREEMPTED"),
    *("REVOKED", "TIMEOUT"),
}
ENDING = {"COMPLETING", "STAGE_OUT"}
HOLDING = {"CONFIGURING", "RESIZING", "RUNNING", "SIGNALING", "STOPPED", "SUSPENDED"}


@pytest.mark.parametrize("state", [*STATES, "REQUEUE_HOLD", "SPECIAL_EXIT", "RESV_DEL_HOLD", "STOPPED", "LATER"])
def test_each_state_has_a_count_of_its_own(state):
    metrics = shown(queue_of((job(state, cpus=2, reason="JobHeldUser"), 5)))
    counted = {name for name in STATES.values() if metrics[f"slurm_jobs_{name}"]}
    assert counted == ({STATES[state]} if state in STATES else set())
    assert metrics["slurm_jobs"] == (0 if state in FINISHED else 5)
    assert metrics["slurm_jobs_finished"] == (5 if state in FINISHED | ENDING else 0)
    assert metrics["slurm_jobs_started"] == (5 if state in FINISHED | ENDING | HOLDING else 0)
    assert metrics["slurm_jobs_hold"] == (0 if state in FINISHED | ENDING | HOLDING else 5)
    assert metrics["slurm_jobs_cpus_alloc"] == (10 if state in HOLDING else 0)
    assert metrics["slurm_jobs_cpus_pending"] == (10 if state == "PENDING" else 0)


def test_held_jobs_of_all_kinds_are_counted():
    kinds = [JobGroup("PENDING", ("hpc",), reason=reason) for reason in ("JobHeldUser", "JobHeldAdmin")]
    metrics = shown(queue_of((kinds[0], 2), (kinds[1], 3)))
    assert metrics["slurm_jobs_hold"] == metrics['slurm_partition_jobs_hold{partition="hpc"}'] == 5


def test_what_jobs_hold_and_ask_for():
    asked = {"cpus": 4, "gpus": 2, "memory_bytes": GIB}
    metrics = shown(
        queue_of(
            (job("RUNNING", **asked), 3),
            (job("SUSPENDED", account="other", **asked), 1),
            (job("COMPLETED", **asked), 7),
            (job("PENDING", user="bob", **asked), 10),
        )
    )
    for kind, amount in (("cpus", 4), ("gpus", 2)):
        assert metrics[f"slurm_jobs_{kind}_alloc"] == 4 * amount
        assert metrics[f"slurm_jobs_{kind}_pending"] == 10 * amount
        assert metrics[f'slurm_user_jobs_{kind}_alloc{{username="alice"}}'] == 4 * amount
        assert metrics[f'slurm_user_jobs_{kind}_pending{{username="alice"}}'] == 0
        assert metrics[f'slurm_account_jobs_{kind}_pending{{account="research"}}'] == 10 * amount
        assert metrics[f'slurm_account_jobs_{kind}_alloc{{account="other"}}'] == amount
    assert metrics['slurm_partition_jobs_memory_alloc_bytes{partition="hpc"}'] == 4 * GIB
    assert metrics["slurm_jobs_memory_pending_bytes"] == 10 * GIB


def test_a_node_counts_once_however_many_jobs_share_it():
    running = job("RUNNING")
    metrics = shown(
        queue_of(
            (running, 1, None, "n[1-2]"),
            (running, 1, None, "n[2-3]"),
            (job("RUNNING", user="bob"), 1, None, "n3"),
            (job("COMPLETING"), 1, None, "n9"),
        )
    )
    assert metrics["slurm_jobs_nodes_alloc"] == 3
    assert metrics['slurm_user_jobs_nodes_alloc{username="bob"}'] == 1
    assert 'slurm_partition_jobs_nodes_alloc{partition="hpc"}' not in metrics


def test_pending_jobs_by_reason():
    metrics = shown(
        queue_of(
            (job("PENDING", reason="Priority"), 3),
            (job("PENDING", ("hpc", "htc"), reason="Priority"), 2),
            (job("PENDING", reason="PartitionNodeLimit"), 1),
            (job("RUNNING", reason="None"), 1),
        )
    )
    assert {name: value for name, value in metrics.items() if "pending_reason" in name} == {
        'slurm_jobs_pending_reason{reason="Priority"}': 5,
        'slurm_jobs_pending_reason{reason="PartitionNodeLimit"}': 1,
        'slurm_partition_jobs_pending_reason{partition="hpc",reason="Priority"}': 5,
        'slurm_partition_jobs_pending_reason{partition="hpc",reason="PartitionNodeLimit"}': 1,
        'slurm_partition_jobs_pending_reason{partition="htc",reason="Priority"}': 2,
    }
    assert metrics['slurm_partition_jobs_wait_part_node_limit{partition="hpc"}'] == 1
    assert metrics['slurm_partition_jobs_wait_part_node_limit{partition="htc"}'] == 0


@pytest.mark.parametrize(
    ("state", "reason", "eligible", "wait"),
    [
        ("PENDING", "Priority", NOW - 100, 100),
        ("PENDING", "JobHeldUser", NOW - 100, 0),
        ("PENDING", "JobHeldAdmin", NOW - 100, 0),
        ("PENDING", "Dependency", None, 0),
        ("PENDING", "BeginTime", NOW + 100, 0),
        ("PENDING", "JobHoldMaxRequeue", NOW - 7, 7),
        ("RUNNING", "None", NOW - 100, 0),
        ("REQUEUED", "None", NOW - 100, 0),
        ("COMPLETED", "None", NOW - 100, 0),
    ],
)
def test_who_waits_longest(state, reason, eligible, wait):
    metrics = shown(queue_of((job(state, reason=reason), 1, eligible)))
    assert metrics["slurm_jobs_longest_wait_seconds"] == wait
    assert metrics['slurm_partition_jobs_longest_wait_seconds{partition="hpc"}'] == wait
    assert metrics['slurm_user_jobs_longest_wait_seconds{username="alice"}'] == wait


def test_the_longest_wait_is_that_of_the_oldest_job():
    waiting = job("PENDING", reason="Priority")
    metrics = shown(
        queue_of(
            (waiting, 1, NOW - 5),
            (waiting, 1, NOW - 500),
            (job("PENDING", reason="Resources", user="bob"), 1, NOW - 50),
            (job("PENDING", reason="BeginTime", user="carol"), 1, NOW + 50),
        )
    )
    assert metrics["slurm_jobs_longest_wait_seconds"] == 500
    assert metrics['slurm_user_jobs_longest_wait_seconds{username="bob"}'] == 50
    assert metrics['slurm_user_jobs_longest_wait_seconds{username="carol"}'] == 0


def test_the_largest_pending_job():
    metrics = shown(
        queue_of(
            (job("PENDING", nodes=2, max_nodes=4, reason="Resources"), 1),
            (job("PENDING", nodes=3, max_nodes=0, reason="Resources"), 1),
            (job("PENDING", nodes=16, max_nodes=32, reason="JobHeldUser"), 1),
            (job("RUNNING", nodes=64, max_nodes=64), 1),
        )
    )
    names = ("min_job_nodes", "max_job_nodes", "min_job_nodes_nohold", "max_job_nodes_nohold")
    assert [metrics[f'slurm_partition_jobs_{name}{{partition="hpc"}}'] for name in names] == [16, 32, 3, 4]


def test_an_empty_queue_has_zeros_for_every_partition_and_nobody():
    metrics = shown(Queue(), ("hpc", "htc"))
    assert set(metrics.values()) == {0}
    assert {name for name in metrics if name.startswith("slurm_partition_jobs_longest")} == {
        'slurm_partition_jobs_longest_wait_seconds{partition="hpc"}',
        'slurm_partition_jobs_longest_wait_seconds{partition="htc"}',
    }
    assert not [name for name in metrics if "username" in name or "account" in name]


def test_rare_numbers_of_users_are_left_out_where_they_are_0():
    metrics = shown(queue_of((job("RUNNING"), 1), (job("TIMEOUT", user="bob"), 2)))
    assert metrics['slurm_user_jobs_timeout{username="bob"}'] == 2
    assert 'slurm_user_jobs_timeout{username="alice"}' not in metrics
    assert metrics['slurm_user_jobs_pending{username="alice"}'] == 0
    assert metrics["slurm_jobs_deadline"] == 0


@pytest.mark.parametrize("owners", [(), ("user",), ("account",)])
def test_only_the_owners_asked_for_are_counted(owners):
    metrics = shown(queue_of((job("RUNNING"), 1)), owners=owners)
    assert ('slurm_user_jobs{username="alice"}' in metrics) == ("user" in owners)
    assert ('slurm_account_jobs{account="research"}' in metrics) == ("account" in owners)


def test_beyond_the_cap_those_with_the_most_jobs_stay():
    cap = Cap(2)
    queue = queue_of(*((job("PENDING", user=f"u{number}"), number) for number in range(1, 6)))
    metrics = samples(render(families(queue, Scene(NOW, ()), ("user",), cap)).decode())
    assert {name for name in metrics if name.startswith("slurm_user_jobs{")} == {
        'slurm_user_jobs{username="u4"}',
        'slurm_user_jobs{username="u5"}',
    }
    assert metrics["slurm_jobs"] == 15
    (cut,) = cap.families()
    assert list(cut.samples) == [(("slurm_user_jobs",), 3)]


def test_accounts_that_look_alike_when_they_are_cut_count_together():
    long = "a" * 500
    metrics = shown(queue_of((job("RUNNING", account=f"{long}1"), 2), (job("RUNNING", account=f"{long}2"), 3)))
    assert metrics[f'slurm_account_jobs{{account="{"a" * 125}..."}}'] == 5


def test_every_metric_says_what_it_counts_and_has_a_query_of_its_own():
    for metric in METRICS:
        assert metric.help.endswith(".") and metric.name in metric.query, metric
    assert len({metric.name for metric in METRICS}) == len(METRICS)


groups = st.builds(
    JobGroup,
    state=st.sampled_from([*STATES, "REQUEUE_HOLD"]),
    partitions=st.sets(st.sampled_from(["hpc", "htc", 'a"b']), min_size=1).map(lambda names: tuple(sorted(names))),
    user=st.sampled_from(["alice", "bob", "é\n"]),
    account=st.sampled_from(["research", ""]),
    reason=st.sampled_from(["None", "Priority", "JobHeldUser"]),
    cpus=st.integers(0, 9),
)


@given(st.dictionaries(groups, st.integers(1, 9), max_size=12))
def test_parts_add_up_to_the_whole(jobs):
    metrics = shown(queue_of(*jobs.items()))
    sums: Counter[str] = Counter()
    for name, value in metrics.items():
        sums[name.partition("{")[0]] += value
    for kind in ("", "_pending", "_running", "_failed", "_hold", "_cpus_alloc", "_cpus_pending", "_started"):
        assert sums[f"slurm_user_jobs{kind}"] == sums[f"slurm_account_jobs{kind}"] == metrics[f"slurm_jobs{kind}"]
    assert sums["slurm_jobs_pending_reason"] == metrics["slurm_jobs_pending"]
    assert sums["slurm_partition_jobs_pending_reason"] == sums["slurm_partition_jobs_pending"]
    expected = sum(count * len(group.partitions) for group, count in jobs.items() if group.state not in FINISHED)
    assert sums["slurm_partition_jobs"] == expected
