"""Reading jobs from slurmrestd: states, arrays, and what is no job."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slurm_observability.slurm.command import SlurmError
from slurm_observability.slurm.jobs import count_jobs
from slurm_observability.slurm.marks import Mark
from slurm_observability.slurm.rest.jobs import count_tasks, parse_job, read_queue, squeue_state

from tests.unit.programs.squeue import marked

VERSION = "v0.0.41"


def job(**more):
    return {"job_state": ["RUNNING"], "partition": "hpc", "array_task_string": "", **more}


def read(slurmrestd, *records):
    slurmrestd.answers(f"/slurm/{VERSION}/jobs", {"jobs": list(records), "errors": []})
    return read_queue(slurmrestd.client(api_version=VERSION))


def counts(queue):
    return {(group.state, group.partitions): members.count for group, members in queue.jobs.items()}


def test_jobs_that_are_alike_are_counted_together(slurmrestd):
    queue = read(slurmrestd, job(), job(), job(job_state=["PENDING"], partition="hpc,htc", array_task_string="0-9%2"))
    assert counts(queue) == {("RUNNING", ("hpc",)): 2, ("PENDING", ("hpc", "htc")): 10}
    assert queue.rejected_lines == 0


def test_every_fact_of_a_job_is_that_of_squeue(slurmrestd):
    record = job(
        user_name="alice",
        account="research",
        state_reason="ReqNodeNotAvail",
        state_description="ReqNodeNotAvail, UnavailableNodes:n1",
        tres_alloc_str="cpu=4,mem=16G,node=2,gres/gpu=2",
        max_nodes={"set": True, "infinite": False, "number": 3},
        eligible_time={"set": True, "infinite": False, "number": 1795266691},
        nodes="n[1-2]",
    )
    squeue = (
        b"1795266691|MARK|n[1-2]|RUNNING|hpc|alice|3|cpu=4,mem=16G,node=2,gres/gpu=2|MARK|ReqNodeNotAvail, x"
        b"|MARK|research"
    )
    mark = Mark()
    assert read(slurmrestd, record) == count_jobs([marked(mark, squeue)], mark, {})[0]


def test_an_empty_queue(slurmrestd):
    assert read(slurmrestd).jobs == {}


@pytest.mark.parametrize("record", [None, 4, [], {}, {"job_state": ["RUNNING"]}, {"job_state": [], "partition": "hpc"}])
def test_what_is_no_job_is_counted_as_rejected(slurmrestd, record):
    queue = read(slurmrestd, job(), record)
    assert counts(queue) == {("RUNNING", ("hpc",)): 1}
    assert queue.rejected_lines == 1
    with pytest.raises(SlurmError, match="slurmrestd listed 1 jobs, and none of them can be read"):
        read(slurmrestd, record)


def test_records_that_are_no_jobs_are_all_counted_and_stop_nothing(slurmrestd):
    cut = job(job_state=["PENDING"], array_task_string="1,...")
    queue = read(slurmrestd, None, {}, cut, cut, job())
    assert counts(queue) == {("PENDING", ("hpc",)): 2, ("RUNNING", ("hpc",)): 1}
    assert queue.rejected_lines == 4


def test_a_job_that_says_little():
    group = parse_job(job())
    assert (group.reason, group.max_nodes, group.cpus) == ("Other", 0, 0)


def test_the_reason_with_its_details_comes_first():
    described = "Nodes required for job are DOWN, DRAINED or reserved for jobs in higher priority partitions"
    assert parse_job(job(state_description=described, state_reason="Priority")).reason == "Resources"
    assert parse_job(job(state_description="", state_reason="Priority")).reason == "Priority"


def test_an_array_that_slurmrestd_cut_is_counted_as_far_as_it_goes(slurmrestd):
    queue = read(slurmrestd, job(job_state=["PENDING"], array_task_string="1,3,5,12..."))
    assert counts(queue) == {("PENDING", ("hpc",)): 4}
    assert queue.rejected_lines == 1


@pytest.mark.parametrize(
    ("text", "count", "whole"),
    [
        ("", 1, True),
        ("7", 1, True),
        ("0-9", 10, True),
        ("0-9,12,16,20%3", 13, True),
        ("0-20:4", 6, True),
        ("0-10:4", 3, True),
        ("0-49999%10", 50000, True),
        ("1,2,5-...", 3, False),
        ("1,2,...%4", 2, False),
        ("...", 1, False),
        ("9-0", 1, True),
        ("x", 1, False),
        ("1,2,x", 2, False),
    ],
)
def test_tasks_of_an_array(text, count, whole):
    assert count_tasks(text) == (count, whole)


@given(st.text(alphabet="0123456789,-:%.x", max_size=30))
def test_any_text_of_tasks_is_at_least_one_job(text):
    assert count_tasks(text)[0] >= 1


@pytest.mark.parametrize(
    ("state", "word"),
    [
        (("PENDING",), "PENDING"),
        (("RUNNING", "CONFIGURING"), "CONFIGURING"),
        (("RUNNING", "CONFIGURING", "POWER_UP_NODE"), "CONFIGURING"),
        (("PENDING", "REQUEUED", "COMPLETING"), "COMPLETING"),
        (("PENDING", "REQUEUE_HOLD", "SPECIAL_EXIT"), "REQUEUE_HOLD"),
        (("FAILED", "LAUNCH_FAILED"), "FAILED"),
        (("RECONFIG_FAIL", "PENDING"), "PENDING"),
        (("SUSPENDED", "STOPPED"), "STOPPED"),
        ((), ""),
    ],
)
def test_the_word_that_squeue_prints(state, word):
    assert squeue_state(state) == word


def test_what_a_job_asks_for_and_what_it_was_given():
    asked = {"tres_req_str": "cpu=2,mem=8000M,node=1,gres/gpu=1"}
    pending, running = parse_job(job(**asked)), parse_job(job(**asked, tres_alloc_str="cpu=4,mem=16G,gres/gpu=2"))
    assert (pending.gpus, pending.memory_bytes) == (1, 8000 << 20)
    assert (running.gpus, running.memory_bytes) == (2, 16 << 30)


@given(
    st.dictionaries(
        st.sampled_from(["job_state", "partition", "user_name", "cpus", "submit_time", "tres_req_str", "state_reason"]),
        st.none()
        | st.integers()
        | st.floats()
        | st.text()
        | st.lists(st.text())
        | st.dictionaries(st.text(), st.text()),
    )
)
def test_any_record_is_a_job_or_none(record):
    parse_job(record)
