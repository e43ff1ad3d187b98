"""What a run made of what it held."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from slurm_observability.jobs.event import EPILOG, FINISHED, JobEvent
from slurm_observability.jobs.run_id import RunId
from slurm_observability.jobs.sample import GpuSample, JobSample
from slurm_observability.service.run import Run, RunRecord
from slurm_observability.service.store.store import Store
from slurm_observability.service.summary.summariser import CONFIRMATION, SETTLE, Summariser
from slurm_observability.service.summary.summary import IdleGpu, add, ratio, summarise

RUN = Run(
    key=1,
    id="slurm-7",
    cluster="lab",
    job_id=7,
    state="completed",
    state_source="slurm",
    nodes="node[1-2]",
    node_count=2,
    cpus=8,
    gpus=4,
    memory_bytes=8 << 30,
    started_at=1000.0,
    ended_at=1100.0,
    exit_code=0,
    energy_joules=5000.0,
)


def gpu(number, busy, **more):
    told = {"held_seconds": 100.0, "busy_seconds": busy, "memory_peak_bytes": 1 << 30, "energy_joules": 1000.0, **more}
    return GpuSample(gpu_id=str(number), vendor="nvidia", **told)


def sample(node, **more):
    told = {
        "final": True,
        "cpu_seconds": 200.0,
        "memory_peak_bytes": 1 << 30,
        "memory_limit_bytes": 4 << 30,
        "oom_kills": 0,
        "io_read_bytes": 10,
        "io_write_bytes": 20,
        "cpu_pressure_seconds": 1.0,
        "memory_pressure_seconds": 2.0,
        "io_pressure_seconds": 3.0,
        "gpus": (gpu(0, 50.0), gpu(1, 0.0)),
        **more,
    }
    return JobSample(job_id=7, node=node, time=1100.0, **told)


BOTH = [sample("node2"), sample("node1")]


def test_all_is_known():
    summary = summarise(RUN, BOTH)
    assert summary.ended_because == "completed"
    assert summary.elapsed_seconds == 100.0
    assert (summary.cpu.held_seconds, summary.cpu.used_seconds, summary.cpu.efficiency) == (800.0, 400.0, 0.5)
    assert (summary.memory.requested_bytes, summary.memory.peak_bytes, summary.memory.efficiency) == (
        *(8 << 30, 2 << 30, 0.25),
    )
    assert (summary.gpu.held_seconds, summary.gpu.busy_seconds, summary.gpu.efficiency) == (400.0, 100.0, 0.25)
    assert summary.gpu.idle == (IdleGpu(node="node1", gpu_id="1"), IdleGpu(node="node2", gpu_id="1"))
    assert summary.gpu.memory_peak_bytes == 4 << 30
    assert (summary.energy.slurm_joules, summary.energy.gpu_joules) == (5000.0, 4000.0)
    assert (summary.io.read_bytes, summary.io.write_bytes) == (20, 40)
    assert (summary.cpu.pressure_seconds, summary.memory.pressure_seconds, summary.io.pressure_seconds) == (2, 4, 6)
    assert [node.node for node in summary.nodes] == ["node1", "node2"]
    assert summary.missing == ()


@pytest.mark.parametrize(
    ("run", "samples", "missing"),
    [
        (RUN, [], ["samples: no agent saw it"]),
        (RUN, BOTH[:1], ["samples of 1 of 2 nodes", "samples of 2 of 4 GPUs"]),
        (
            RUN,
            [sample("node1", final=False), sample("node2")],
            ["the last sample of node1: what was used after it is not counted"],
        ),
        (RUN, [sample("node1", cpu_seconds=None), sample("node2")], ["CPU time: it could not be read"]),
        (RUN, [sample("node1", memory_peak_bytes=None), sample("node2")], ["peak memory: it could not be read"]),
        (replace(RUN, memory_bytes=None), BOTH, ["how much memory it asked for"]),
        (replace(RUN, ended_at=None), BOTH, ["when it began or ended"]),
        (replace(RUN, nodes="", node_count=None), BOTH, ["on how many nodes it ran"]),
        (replace(RUN, started_at=None, state="cancelled"), [], ["it never began"]),
    ],
)
def test_what_is_missing_is_said(run, samples, missing):
    assert list(summarise(run, samples).missing) == missing


def test_a_part_that_is_missing_makes_no_sum_smaller():
    summary = summarise(RUN, BOTH[:1])
    assert summary.cpu.used_seconds is summary.memory.peak_bytes is summary.gpu.busy_seconds is None
    assert summary.cpu.efficiency is summary.memory.efficiency is summary.gpu.efficiency is None
    assert summary.cpu.held_seconds == 800.0
    assert [idle.node for idle in summary.gpu.idle] == ["node2"]


def test_a_job_without_gpus():
    run = replace(RUN, gpus=0)
    summary = summarise(run, [sample("node1", gpus=()), sample("node2", gpus=())])
    assert (summary.gpu.count, summary.gpu.held_seconds, summary.gpu.efficiency, summary.gpu.idle) == (
        0,
        None,
        None,
        (),
    )
    assert summary.missing == ()


def test_a_run_of_no_time_has_no_efficiency():
    assert summarise(replace(RUN, ended_at=1000.0), BOTH).cpu.efficiency is None


def test_sums_and_ratios():
    assert [add([]), add([1, None]), add([1, 2]), add([0.5])] == [None, None, 3, 0.5]
    assert [ratio(None, 1.0), ratio(1.0, None), ratio(1.0, 0.0), ratio(1.0, 3.0)] == [None, None, None, 0.3333]


def test_a_document_says_null():
    document = summarise(RUN, []).document()
    assert document["cpu"]["used_seconds"] is None
    assert document["missing"] == ("samples: no agent saw it",)


@pytest.fixture
def store(tmp_path: Path):
    store = Store(f"sqlite:///{tmp_path}/jobs.db")
    store.migrate()
    yield store
    store.close()


def record(job_id, state="completed", **more):
    return RunRecord(cluster="lab", job_id=job_id, state=state, restart=0, start_time=1000, cpus=4, nodes="n1", **more)


def test_runs_are_summarised_once_when_their_samples_are_there(store):
    told = []
    now = 1100.0
    summariser = Summariser(store, lambda run, summary: told.append((run.id, summary.cpu.used_seconds)), lambda: now)
    store.add_records([record(1, end_time=1100), record(2, "running")], now)
    summariser.run()
    assert told == []
    store.add_samples([JobSample(job_id=1, node="n1", time=1100.0, cluster="lab", cpu_seconds=30.0, final=True)], [])
    now += SETTLE
    summariser.run()
    summariser.run()
    assert told == [("slurm-1", 30.0)]
    assert summariser.summarised == 1
    assert [family.samples for family in summariser.families()] == [[((), 1)]]
    assert store.run(RunId(1)).summary["cpu"]["used_seconds"] == 30.0


def test_a_run_that_only_its_hooks_ended_waits_for_slurm(store):
    now = 1100.0
    summariser = Summariser(store, clock=lambda: now)
    told = {"job_id": 1, "cluster": "lab", "node": "n1", "restart": 0, "exit_code": 1, "exit_signal": 0}
    store.add_events([JobEvent(event_id="a", kind=FINISHED, origin=EPILOG, time=1100.0, **told)], "node", now)
    now += SETTLE
    summariser.run()
    assert summariser.summarised == 0
    now += CONFIRMATION
    summariser.run()
    assert summariser.summarised == 1


def test_a_run_without_an_end_is_summarised_at_once(store):
    summariser = Summariser(store, clock=lambda: 1100.0)
    store.add_records([record(1, "unknown", reason="nobody knows")], 1100.0)
    summariser.run()
    assert store.run(RunId(1)).summary["ended_because"] == "nobody knows"
