"""Counting jobs in what squeue prints."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slurm_observability.slurm.command import SlurmError, SlurmRunner
from slurm_observability.slurm.jobs import SQUEUE, count_jobs, queued, read_queue

# Slurm 24.11: an array, a job in two partitions, one whose node boots, ended ones that slurmctld still remembers.
RECORDED = b"""\
PENDING|hpc
PENDING|hpc
PENDING|hpc,htc
PENDING|htc,hpc
RUNNING|hpc
RUNNING|htc
CONFIGURING|htc
COMPLETING|hpc
SUSPENDED|hpc
FAILED|hpc
COMPLETED|htc
CANCELLED|hpc,htc
"""


def queue_of(text: bytes):
    return count_jobs(Counter(text.splitlines()))


def test_a_job_counts_once_in_the_total_and_once_in_each_partition():
    queue = queue_of(RECORDED)
    assert queue.by_state["PENDING"] == 4
    assert queue.by_partition["hpc"]["PENDING"] == 4
    assert queue.by_partition["htc"]["PENDING"] == 2
    assert queue.rejected_lines == 0


def test_finished_jobs_are_not_in_the_queue():
    queue = queue_of(RECORDED)
    assert queued(queue.by_state) == 9
    assert queued(queue.by_partition["htc"]) == 4
    assert queue.by_state["FAILED"] == 1


def test_each_state_has_its_own_count():
    by_state = queue_of(RECORDED).by_state
    assert {state: by_state[state] for state in ("RUNNING", "CONFIGURING", "COMPLETING", "SUSPENDED")} == {
        "RUNNING": 2,
        "CONFIGURING": 1,
        "COMPLETING": 1,
        "SUSPENDED": 1,
    }


def test_a_state_of_a_later_slurm_is_in_the_queue():
    assert queued(queue_of(b"EXPEDITING|hpc\n").by_state) == 1


def test_a_partition_named_twice_counts_once():
    assert queue_of(b"PENDING|hpc,hpc\n").by_partition["hpc"]["PENDING"] == 1


def test_an_empty_queue_is_an_answer(fake_slurm):
    queue = read_queue(SlurmRunner(10))
    assert queued(queue.by_state) == 0
    assert queue.by_partition == {}


def test_squeue_is_asked_once_for_nothing_that_a_user_can_type(fake_slurm):
    read_queue(SlurmRunner(10))
    assert fake_slurm.calls("squeue") == [" ".join(SQUEUE[1:])]
    assert "%T|%P" in fake_slurm.calls("squeue")[0]


def test_what_is_no_job_is_passed_over_and_counted(fake_slurm):
    fake_slurm.answers("squeue", b"RUNNING|hpc\nslurm_load_jobs error: \xff\xfe\n|\nRUNNING|\nrunning|hpc\n\n")
    queue = read_queue(SlurmRunner(10))
    assert queue.by_state == {"RUNNING": 1}
    assert queue.rejected_lines == 5


def test_nothing_but_garbage_is_no_answer(fake_slurm):
    fake_slurm.answers("squeue", "Unable to contact slurm controller\n")
    with pytest.raises(SlurmError, match="1 lines, and none of them is a job"):
        read_queue(SlurmRunner(10))


@given(st.lists(st.binary(max_size=40)))
def test_any_bytes_give_a_count_or_a_slurm_error(lines):
    try:
        queue = count_jobs(Counter(lines))
    except SlurmError:
        return
    assert sum(queue.by_state.values()) + queue.rejected_lines == len(lines)


states = st.sampled_from(["PENDING", "RUNNING", "CONFIGURING", "COMPLETED", "FAILED"])
partitions = st.lists(st.sampled_from(["hpc", "htc", "gpu-1", "d_2"]), min_size=1, max_size=3, unique=True)


@given(st.lists(st.tuples(states, partitions)))
def test_counts_equal_those_of_a_loop(jobs):
    queue = count_jobs(Counter(f"{state}|{','.join(names)}".encode() for state, names in jobs))
    for name in ("hpc", "htc", "gpu-1", "d_2"):
        for state in ("PENDING", "FAILED"):
            expected = sum(1 for s, names in jobs if s == state and name in names)
            assert queue.by_partition.get(name, Counter())[state] == expected
    assert sum(queue.by_state.values()) == len(jobs)
