"""Lists of runs, single runs, samples, usage."""

from __future__ import annotations

from typing import Any

import pytest
from slurm_observability.jobs.run_id import RunId, parse_run_id
from slurm_observability.jobs.sample import GpuSample, NodeSample
from slurm_observability.service.store.cursor import Cursor
from slurm_observability.service.store.errors import AmbiguousError, CursorError
from slurm_observability.service.store.store import RunFilter, Store

from tests.unit.programs.service.store.told import epilog, prolog, record, sample


def ended(job_id: int, start: int, end: int, **more: Any) -> Any:
    return record(job_id, "completed", **{"submit_time": start - 5, "start_time": start, "end_time": end, **more})


def job_ids(store: Store, **wanted: Any) -> list[int]:
    return [run.job_id for run in store.runs(RunFilter(**wanted), None, 100).runs]


@pytest.mark.parametrize("sort", ["submitted", "started", "ended"])
@pytest.mark.parametrize("descending", [True, False])
@pytest.mark.parametrize("node", ["", "n1"])
def test_pages_show_every_run_once_whatever_comes_in(store: Store, sort: str, descending: bool, node: str) -> None:
    # Ten begin in the same second; one has not ended.
    store.add_records([ended(number, 1000, 2000, nodes="n[1-2]") for number in range(1, 11)], 3000)
    store.add_records([record(11, "running", start_time=1000, nodes="n1")], 3000)
    seen: list[int] = []
    cursor = None
    for number in range(1, 7):
        found = store.runs(RunFilter(sort=sort, descending=descending, node=node), cursor, 2)
        cursor = found.cursor
        seen += [run.job_id for run in found.runs]
        # What comes in lies before the cursor.
        before = 5000 if descending else 10
        store.add_records([ended(100 + number, before, before + 1, nodes="n1")], 6000)
    assert [job_id for job_id in seen if job_id < 100] == sorted(range(1, 12), reverse=descending)
    assert len(seen) == len(set(seen))


@pytest.mark.parametrize("descending", [True, False])
@pytest.mark.parametrize("node", ["", "n1"])
def test_pages_of_a_period(store: Store, descending: bool, node: str) -> None:
    states = ("completed", "failed")
    store.add_records([ended(number, number, 900, nodes="n1") for number in range(1, 30)], 1000)
    wanted: dict[str, Any] = {
        "started_after": 5,
        "started_before": 20,
        "states": states,
        "descending": descending,
        "node": node,
    }
    seen: list[int] = []
    cursor = None
    while True:
        found = store.runs(RunFilter(**wanted), cursor, 4)
        cursor = found.cursor
        seen += [run.job_id for run in found.runs]
        if cursor is None:
            break
    assert seen == sorted(range(5, 20), reverse=descending)
    # The cursor of another list of the same order goes no further than the period.
    outside = store.runs(RunFilter(descending=descending, states=states), None, 1).cursor
    assert [run.job_id for run in store.runs(RunFilter(**wanted), outside, 99).runs] == seen


def test_filters(store: Store) -> None:
    store.add_records(
        [
            ended(1, 1000, 1100, user="ann", account="a", partition="gpu", qos="high", name="x", nodes="n[1-3]"),
            ended(2, 2000, 2100, user="bob", account="a", partition="cpu", array_job_id=2, array_task_id=0),
            record(3, "failed", start_time=3000, end_time=3100, user="ann", array_job_id=2, array_task_id=1),
            record(4, "running", start_time=4000, user="ann", het_job_id=4, het_job_offset=0),
        ],
        5000,
    )
    assert job_ids(store) == [4, 3, 2, 1]
    assert job_ids(store, user="ann", states=("failed", "completed")) == [3, 1]
    assert job_ids(store, account="a", qos="high") == job_ids(store, partition="gpu") == job_ids(store, name="x") == [1]
    assert job_ids(store, node="n3") == job_ids(store, job_id=1, cluster="lab") == [1]
    assert job_ids(store, array_job_id=2, descending=False) == [2, 3]
    assert job_ids(store, het_job_id=4) == [4]
    assert job_ids(store, started_after=2000, started_before=3000) == [2]
    assert job_ids(store, ended_after=2100) == [3, 2]
    assert job_ids(store, submitted_before=2000) == [2, 1]
    assert job_ids(store, cluster="other") == []


@pytest.mark.parametrize(
    "text",
    [
        *("", "x", "é", "W10", "bnVsbA", "WzEsMiwzLDRd", "W" * 5000, str(Cursor("started", True, 1.0, 1 << 63))),
        *(str(Cursor("ended", True, 1.0, 1)), str(Cursor("started", False, 1.0, 1))),
        *(str(Cursor("started", True, float("inf"), 1)), str(Cursor("started", True, float("nan"), 1))),
    ],
)
def test_other_cursors_are_refused(store: Store, text: str) -> None:
    with pytest.raises(CursorError):
        store.runs(RunFilter(), text, 10)


def test_runs_by_their_names(store: Store) -> None:
    store.add_records(
        [
            ended(20, 1000, 1100),
            ended(20, 2000, 2100, restart=1),
            ended(20, 900_000, 900_100),  # after MaxJobId the ids begin anew
            ended(31, 1000, 1100, array_job_id=30, array_task_id=1),
            ended(41, 1000, 1100, het_job_id=40, het_job_offset=1),
        ],
        1_000_000,
    )

    def name_of(text: str) -> str | None:
        run_id = parse_run_id(text)
        assert run_id is not None
        run = store.run(run_id, "lab")
        return None if run is None else run.id

    for name in ("slurm-20-r0", "slurm-20-r1", "slurm-20-1", "slurm-31", "slurm-41"):
        assert name_of(name) == name
    assert [run.id for run in store.runs(RunFilter(job_id=20), None, 9).runs] == [
        *("slurm-20-1", "slurm-20-r1", "slurm-20-r0"),
    ]
    assert name_of("slurm-20") == "slurm-20-1"
    assert name_of("slurm-30_1") == "slurm-31"
    assert name_of("slurm-40+1") == "slurm-41"
    assert name_of("slurm-5") is name_of("slurm-20-r7") is None
    assert store.run_by_key(1 << 40) is None


def test_a_name_that_runs_of_two_clusters_have(store: Store) -> None:
    store.add_records([ended(20, 1000, 1100), ended(20, 2000, 2100, cluster="west")], 3000)
    store.add_records([ended(20, 3000, 3100, restart=1)], 4000)
    with pytest.raises(AmbiguousError, match=r"several clusters have this id: lab, west; say which"):
        store.run(RunId(20))
    found = [store.run(RunId(20), cluster) for cluster in ("lab", "west", "east")]
    assert [run and run.started_at for run in found] == [3000, 2000, None]
    # Only one of them was requeued.
    assert (run := store.run(RunId(20, restart=1))) is not None
    assert run.cluster == "lab"


def test_what_is_left_to_do(store: Store) -> None:
    store.add_records([record(1, "running", start_time=100), ended(2, 100, 200), ended(3, 100, 200)], 300)
    store.add_events([prolog(4, "n1", 100), epilog(4, "n1", 200)], "agent", 400)
    assert [run.job_id for run in store.unsettled(since=0, before=1000, limit=9)] == [1, 4]
    assert [run.job_id for run in store.unsettled(since=0, before=400, limit=9)] == [1]
    last = store.unsettled(since=0, before=1000, limit=1)[-1].key
    assert [run.job_id for run in store.unsettled(since=0, before=1000, limit=9, after_key=last)] == [4]
    # A run that goes on is never given up.
    assert [run.job_id for run in store.unsettled(since=500, before=1000, limit=9)] == [1]
    assert store.active_by_state() == {"running": 1}
    first, *_ = store.unsummarised(9)
    assert [run.job_id for run in store.unsummarised(9)] == [2, 3, 4]
    store.set_summary(first.key, {"cpu": None})
    assert [run.job_id for run in store.unsummarised(9)] == [3, 4]
    run = store.run_by_key(first.key)
    assert run is not None and run.summary == {"cpu": None}
    # A sample that came late changes the totals.
    store.add_samples([sample(2, "n1", 199, final=True)], [])
    assert [run.job_id for run in store.unsummarised(1)] == [2]


def test_samples(store: Store) -> None:
    gpu = GpuSample(gpu_id="0", vendor="nvidia", uuid="GPU-1", processes=0)
    taken = [
        sample(1, node, time, cpu_seconds=time / 2, gpus=(gpu,)) for time in (100, 160, 220) for node in ("a", "b")
    ]
    store.add_samples(taken, [NodeSample(cluster="lab", node="a", time=160), NodeSample(node="a", time=100)])
    store.add_samples(taken[:2], [NodeSample(node="a", time=130)])
    key = store.runs(RunFilter(), None, 1).runs[0].key
    assert store.samples(key, None, None, 100) == taken
    assert store.samples(key, 160, 220, 100) == taken[2:4]
    assert store.samples(key, None, None, 3) == taken[3:]
    assert store.samples(key + 1, None, None, 3) == []
    assert store.newest_samples(key) == taken[4:]
    assert store.newest_samples(key + 1) == []
    store.add_samples([sample(1, "b", 230, final=True)], [])
    assert [each.sample for each in store.running_samples(200)] == [taken[4]]
    assert store.nodes() == [NodeSample(cluster="lab", node="a", time=160)]


def test_usage(store: Store) -> None:
    told = {"user": "ann", "account": "a", "partition": "gpu", "cpus": 4, "gpus": 2}
    failed = record(2, "failed", **{**told, "submit_time": 1, "start_time": 1000, "end_time": 1100})
    store.add_records([ended(1, 1000, 1200, **told), failed, record(3, "running", start_time=1150, **told)], 1300)
    gpu = GpuSample(gpu_id="0", vendor="nvidia", held_seconds=200.0, busy_seconds=50.0)
    store.add_samples([sample(1, "n1", 1200, cpu_seconds=400.0, gpus=(gpu,))], [])
    (row,) = store.usage(1100, 1200)
    # Half of run 1; nothing of run 2 but its last moment; of run 3 what it held until then.
    assert (row.user, row.account, row.partition, row.runs, row.failed) == ("ann", "a", "gpu", 3, 1)
    assert (row.cpu_seconds_held, row.cpu_seconds_sampled, row.cpu_seconds_used) == (600, 400, 200)
    assert (row.gpu_seconds_held, row.gpu_seconds_sampled, row.gpu_seconds_busy) == (300, 200, 25)
    assert [row.runs for row in store.usage(5000, 6000)] == [1]  # the one that goes on


def test_marks(store: Store) -> None:
    assert store.get_mark("x") is None
    store.set_mark("x", "1")
    store.set_mark("x", "2")
    assert store.get_mark("x") == "2"
