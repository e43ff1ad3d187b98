"""Metrics of single running jobs, and the cap on them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slurm_observability.exporter.topic import Scene
from slurm_observability.exporter.topics.running_jobs import families
from slurm_observability.metrics.exposition import render
from slurm_observability.slurm.running_jobs import RunningJob, RunningJobs

from tests.unit.programs.exporter.conftest import samples


def job(job_id, nodes=("n1",), name=""):
    return RunningJob(job_id, "", "", "alice", "hpc", nodes, "normal", "research", name)


def shown(*jobs, limit=100):
    return samples(render(families(RunningJobs(jobs), Scene(0, ()), limit)).decode())


def test_a_job_and_its_nodes():
    task = RunningJob(14, "3", "0", "alice", "hpc", ("n1", "n2"), "normal", "research")
    assert shown(task) == {
        'slurm_job_info{account="research",array_job_id="3",array_task_id="0",job_id="14",name="",partition="hpc",'
        'qos="normal",username="alice"}': 1,
        'slurm_node_job{job_id="14",node="n1"}': 1,
        'slurm_node_job{job_id="14",node="n2"}': 1,
        "slurm_exporter_cut_running_jobs": 0,
    }


@pytest.mark.parametrize("name", ['a"b\\c\nd', "é🙂" * 40, "x" * 10_000])
def test_a_name_is_escaped_and_cut(name):
    (info,) = (sample for sample in shown(job(1, name=name)) if sample.startswith("slurm_job_info"))
    assert f'name="{name[:64]}"' in info


def test_what_users_typed_as_account_and_qos_is_cut():
    typed = RunningJob(1, "", "", "alice", "hpc", ("n1",), "q" * 1000, "a\nb" * 1000)
    (info,) = (sample for sample in shown(typed) if sample.startswith("slurm_job_info"))
    assert f'qos="{"q" * 125}..."' in info and 'account="a ba b' in info and len(info) < 500


def test_what_finds_no_room_is_counted():
    metrics = shown(job(1, ("n1", "n2")), job(2, ("n1", "n2", "n3")), job(3, ()), job(4), job(5), limit=4)
    assert {name for name in metrics if name.startswith("slurm_node_job")} == {
        'slurm_node_job{job_id="1",node="n1"}',
        'slurm_node_job{job_id="1",node="n2"}',
        'slurm_node_job{job_id="4",node="n1"}',
    }
    assert metrics["slurm_exporter_cut_running_jobs"] == 2


@given(st.lists(st.integers(0, 9)), st.integers(0, 20))
def test_there_is_never_more_than_the_limit(sizes, limit):
    jobs = [job(number, tuple(f"n{node}" for node in range(size))) for number, size in enumerate(sizes)]
    metrics = shown(*jobs, limit=limit)
    for name in ("slurm_job_info", "slurm_node_job"):
        assert sum(sample.startswith(name) for sample in metrics) <= limit


def test_the_topic_is_off_until_it_has_an_interval(start, fake_slurm, eventually):
    client = start()
    eventually(lambda: "slurm_jobs" in client.metrics())
    assert not [call for call in fake_slurm.calls("squeue") if "--states=RUNNING" in call]
    on = start(intervals={"running_jobs": 0.1})
    eventually(lambda: 'slurm_exporter_source_up{source="running_jobs"}' in on.metrics())
