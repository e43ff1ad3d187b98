"""Which run is meant, where a job id was used more than once."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

import pytest
from slurm_observability.jobs.event import CGROUP, JobEvent
from slurm_observability.service.run import Run, RunRecord
from slurm_observability.service.store.store import RunFilter, Store

from tests.unit.programs.service.store.told import epilog, epilog_slurmctld, prolog, prolog_slurmctld, record, sample

HOUR = 3600


@pytest.fixture
def store(sqlite_url: str) -> Store:
    store = Store(sqlite_url, cluster="lab")
    store.migrate()
    return store


def the(store: Store) -> list[Run]:
    return store.runs(RunFilter(descending=False), None, 99).runs


def times(store: Store) -> list[tuple[int, int, float | None, float | None]]:
    return [(run.restart, run.era, run.started_at, run.ended_at) for run in the(store)]


def test_an_id_that_begins_anew_is_another_run(store: Store) -> None:
    store.add_events([prolog(7, "n1", 100), epilog(7, "n1", 200)], "agent", 201)
    store.add_events([prolog(7, "n1", 200 + 2 * HOUR), epilog(7, "n1", 300 + 2 * HOUR)], "agent", 201)
    assert times(store) == [(0, 0, 100, 200), (0, 1, 200 + 2 * HOUR, 300 + 2 * HOUR)]
    # What comes late is of the first.
    store.add_events([epilog(7, "n2", 190)], "agent", 9 * HOUR)
    store.add_records([record(7, "completed", start_time=100, end_time=200)], 9 * HOUR)
    assert [run.state_source for run in the(store)] == ["slurm", "events"]


def test_slurm_s_own_begin_tells_runs_apart_of_which_no_end_was_heard(store: Store) -> None:
    store.add_events([prolog(7, "n1", 100, start_time=100.0)], "agent", 0)
    store.add_events([epilog(7, "n1", 3 * HOUR, start_time=2.0 * HOUR)], "agent", 0)
    assert times(store) == [(0, 0, 100, None), (0, 1, 2 * HOUR, 3 * HOUR)]


def test_a_node_whose_prolog_runs_late_is_one_of_the_same_run(store: Store) -> None:
    store.add_events([prolog(7, "n1", 100, nodes="n[1-2]"), prolog(7, "n2", 5 * HOUR, nodes="n[1-2]")], "agent", 0)
    assert times(store) == [(0, 0, 100, None)]


def test_without_a_count_of_restarts_a_begin_after_the_end_is_another_run(store: Store) -> None:
    old = {"restart": None}
    store.add_events([prolog(7, "n1", 100, **old), epilog(7, "n1", 200, **old)], "agent", 0)
    store.add_events([prolog(7, "n2", 400, **old), epilog(7, "n2", 500, **old)], "agent", 0)
    store.add_events([epilog(7, "n1", 201, **old)], "agent", 0)
    assert times(store) == [(0, 0, 100, 201), (1, 0, 400, 500)]
    # Slurm knows which they were.
    told = {"start_time": 400, "end_time": 500, "restart": 3}
    store.add_records([record(7, "completed", **told), record(7, "requeued", start_time=100, end_time=200)], 900)
    assert times(store) == [(0, 0, 100, 200), (3, 0, 400, 500)]
    assert [run.state for run in the(store)] == ["requeued", "completed"]


def test_a_run_that_is_seen_by_its_cgroup_first_is_that_of_the_hook_that_comes_late(store: Store) -> None:
    start = prolog(7, "n1", 100, restart=2)
    seen = replace(start, event_id="seen", origin=CGROUP, restart=None, time=101.0)
    store.add_events([seen], "agent", 0)
    store.add_samples([sample(7, "n1", 110, restart=None)], [])
    store.add_events([start], "agent", 0)
    store.add_events([replace(seen, event_id="again", time=130.0)], "agent", 0)
    assert times(store) == [(2, 0, 100, None)]


def test_a_cgroup_that_goes_ends_nothing(store: Store) -> None:
    gone = replace(epilog(7, "n1", 200), origin=CGROUP)
    store.add_events([prolog(7, "n1", 100), gone], "agent", 0)
    assert times(store) == [(0, 0, 100, None)]


# As the hooks of 24.11.5 told of a job that was requeued: its first end has the number of its second run.
REQUEUED = [
    prolog_slurmctld(7, 101, start_time=100.0),
    prolog(7, "n1", 101, start_time=100.0),
    epilog_slurmctld(7, 200, start_time=100.0, restart=1, exit_code=0, exit_signal=0),
    epilog(7, "n1", 200, start_time=100.0, restart=1, exit_code=0, exit_signal=0),
]
NEXT = [
    prolog_slurmctld(7, 401, start_time=400.0, restart=1),
    prolog(7, "n1", 401, start_time=400.0, restart=1),
]
NEXT_ENDED = [
    epilog_slurmctld(7, 500, start_time=400.0, restart=1, exit_code=3, exit_signal=0),
    epilog(7, "n1", 500, start_time=400.0, restart=1, exit_code=3, exit_signal=0),
]


def test_the_end_of_a_requeued_run_is_not_that_of_the_next(store: Store) -> None:
    store.add_events(REQUEUED, "agent", 0)
    assert times(store) == [(0, 0, 100, 200)]
    store.add_events(NEXT, "agent", 0)
    assert times(store) == [(0, 0, 100, 200), (1, 0, 400, None)]
    assert [run.state for run in the(store)] == ["requeued", "running"]
    store.add_events(NEXT_ENDED, "agent", 0)
    assert times(store) == [(0, 0, 100, 200), (1, 0, 400, 500)]
    assert [(run.state, run.state_source) for run in the(store)] == [("requeued", "events"), ("failed", "events")]


def test_the_end_of_a_requeued_run_before_23_02(store: Store) -> None:
    """Slurm told no begin there: the run that goes on has ended."""
    store.add_events([replace(event, start_time=None) for event in REQUEUED], "agent", 0)
    assert times(store) == [(0, 0, 101, 200)]
    store.add_events([replace(event, start_time=None) for event in (*NEXT, *NEXT_ENDED)], "agent", 0)
    assert times(store) == [(0, 0, 101, 200), (1, 0, 401, 500)]


def test_the_end_of_a_second_run_whose_begin_was_lost(store: Store) -> None:
    for events in (REQUEUED, NEXT_ENDED):
        store.add_events([replace(event, start_time=None) for event in events], "agent", 0)
    assert [(run.restart, run.ended_at) for run in the(store)] == [(0, 200), (1, 500)]


_BEGINS, _ENDS = [REQUEUED[:2], NEXT], [REQUEUED[2:], NEXT_ENDED]


@pytest.mark.parametrize("order", list(itertools.permutations((*_BEGINS, *_ENDS))))
def test_the_runs_of_a_requeued_job_in_any_order(store: Store, order: Sequence[Sequence[JobEvent]]) -> None:
    for events in order:
        store.add_events(events, "agent", 0)
    assert times(store) == [(0, 0, 100, 200), (1, 0, 400, 500)]
    assert [run.id for run in the(store)] == ["slurm-7-r0", "slurm-7-r1"]


def test_an_end_that_may_be_of_either_run_until_slurm_tells(store: Store) -> None:
    """No node has seen the first run: its begin may have moved while they booted."""
    store.add_events([*REQUEUED[:1], *NEXT_ENDED], "agent", 0)
    assert times(store) == [(0, 0, 100, 500)]
    ended = [record(7, "requeued", start_time=100, end_time=200), record(7, "failed", start_time=400, end_time=500)]
    store.add_records([ended[0], replace(ended[1], restart=1)], 900)
    assert times(store) == [(0, 0, 100, 200), (1, 0, 400, 500)]
    assert [run.state for run in the(store)] == ["requeued", "failed"]


TWO_NODES = {"nodes": "n[1-2]", "node_count": 2}


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
@pytest.mark.parametrize("known", [[], [prolog(7, "n1", 100, **TWO_NODES), prolog(7, "n2", 101, **TWO_NODES)]])
def test_nodes_that_end_minutes_apart_before_23_02(
    store: Store, known: Sequence[JobEvent], order: Sequence[int]
) -> None:
    """Slurm told no begin there. One node waits for a process that does not die."""
    told = [
        epilog_slurmctld(7, 200, restart=1, **TWO_NODES),
        epilog(7, "n1", 201, restart=1, **TWO_NODES),
        epilog(7, "n2", 390, restart=1, **TWO_NODES),
    ]
    for events in (known, *([told[place]] for place in order)):
        store.add_events(events, "agent", 0)
    assert [run.ended_at for run in the(store)] == [200]
    store.add_events([epilog(7, "n1", 900, restart=1, **TWO_NODES)], "agent", 0)
    assert len(the(store)) == 2


def begins(node: str, run: int) -> JobEvent:
    return prolog(7, node, 100 + 250 * run, restart=run, **TWO_NODES)


def ends(node: str, run: int) -> JobEvent:
    return epilog(7, node, 200 + 250 * run, restart=1, **TWO_NODES)


@pytest.mark.parametrize(
    "heard",
    [
        # Two ends wait for their begins: the first begin is that of the nearer one.
        [ends("n2", 0), ends("n2", 1), ends("n1", 0), begins("n1", 0), begins("n1", 1), ends("n1", 1)],
        # The same, of runs with one node's end each.
        [ends("n1", 0), ends("n1", 1), begins("n1", 1), begins("n1", 0), ends("n2", 1), ends("n2", 0)],
        # An end with the number of a run that is known is of this one, before that of the run before it.
        [begins("n2", 1), ends("n2", 0), ends("n1", 1), ends("n2", 1), ends("n1", 0), begins("n2", 0)],
    ],
)
def test_runs_on_two_nodes_that_are_heard_in_disorder_before_23_02(store: Store, heard: Sequence[JobEvent]) -> None:
    for event in heard:
        store.add_events([event], "agent", 0)
    assert times(store) == [(0, 0, 100, 200), (1, 0, 350, 450)]


# As 24.11.5 told of a job that was requeued a second after its begin, and begun again two seconds later: its hooks give
# the number of restarts as above, and accounting that of the second run for both.
AT_ONCE = [
    [prolog_slurmctld(7, 101, start_time=101.0), prolog(7, "n1", 101, start_time=101.0)],
    [epilog_slurmctld(7, 102, start_time=101.0, restart=1), epilog(7, "n1", 102, start_time=101.0, restart=1)],
    [prolog_slurmctld(7, 104, start_time=104.0, restart=1), prolog(7, "n2", 104, start_time=104.0, restart=1)],
    [epilog_slurmctld(7, 105, start_time=104.0, restart=1), epilog(7, "n2", 105, start_time=104.0, restart=1)],
]
RECORDS_AT_ONCE = [
    record(7, "requeued", start_time=101, end_time=102, restart=1, sluid="s1"),
    record(7, "completed", start_time=104, end_time=105, restart=1, sluid="s2"),
]


@pytest.mark.parametrize("records", list(itertools.permutations(RECORDS_AT_ONCE)))
@pytest.mark.parametrize("heard", [AT_ONCE, AT_ONCE[:2], AT_ONCE[2:], [], [*AT_ONCE[:1], *AT_ONCE[2:], AT_ONCE[1]]])
def test_a_run_that_is_requeued_at_once(
    store: Store, heard: Sequence[Sequence[JobEvent]], records: Sequence[RunRecord]
) -> None:
    for events in heard:
        store.add_events(events, "agent", 0)
    store.add_records(records, 300)
    assert times(store) == [(0, 0, 101, 102), (1, 0, 104, 105)]
    assert [(run.state, run.sluid) for run in the(store)] == [("requeued", "s1"), ("completed", "s2")]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_ends_alone_of_a_job_that_was_requeued_twice(store: Store, order: Sequence[int]) -> None:
    ends = [
        epilog_slurmctld(7, 1000 * run + 200, start_time=1000.0 * run + 100, restart=min(run + 1, 2))
        for run in range(3)
    ]
    for run in order:
        store.add_events([ends[run]], "agent", 0)
    assert times(store) == [(run, 0, 1000 * run + 100, 1000 * run + 200) for run in range(3)]


def test_two_ends_are_of_two_runs_where_slurm_counts_no_restarts(store: Store) -> None:
    old = {"restart": None}
    store.add_records([record(7, "requeued", start_time=100, end_time=200, **old)], 300)
    store.add_records([record(7, "cancelled", end_time=900, **old)], 1000)
    assert times(store) == [(0, 0, 100, 200), (1, 0, None, 900)]


def test_the_sluid_decides(store: Store) -> None:
    store.add_records([record(7, "resizing", start_time=100, end_time=200, sluid="s1")], 300)
    store.add_records([record(7, "completed", start_time=200, end_time=300, sluid="s2")], 400)
    store.add_events([epilog(7, "n1", 300, sluid="s2")], "agent", 0)
    assert [(run.sluid, run.state) for run in the(store)] == [("s1", "resizing"), ("s2", "completed")]


def test_unknown_is_the_weakest_word(store: Store) -> None:
    store.add_events([prolog(7, "n1", 100)], "agent", 0)
    store.add_records([record(7, "unknown")], 1000)
    assert [(run.state, run.ended_at) for run in the(store)] == [("unknown", None)]
    store.add_events([epilog(7, "n1", 200, exit_code=1)], "agent", 0)
    assert [(run.state, run.state_source) for run in the(store)] == [("failed", "events")]
    store.add_records([record(7, "timeout", end_time=201)], 2000)
    store.add_records([record(7, "running")], 3000)
    assert [(run.state, run.ended_at) for run in the(store)] == [("timeout", 201)]


@pytest.mark.parametrize(
    ("exits", "state"),
    [
        ({"exit_code": 0, "exit_signal": 0}, "ended"),  # completed, cancelled, preempted, over its limit: who knows
        ({"exit_code": 1, "exit_signal": 0}, "failed"),
        ({"exit_code": 0, "exit_signal": 9}, "failed"),
        ({"exit_code": 0, "exit_signal": 125}, "out_of_memory"),
        ({}, "unknown"),
    ],
)
def test_what_hooks_tell_of_an_end(store: Store, exits: dict[str, int], state: str) -> None:
    store.add_events([prolog_slurmctld(7, 100), epilog_slurmctld(7, 200, **exits)], "agent", 0)
    assert [(run.state, run.state_source) for run in the(store)] == [(state, "events")]


def test_an_end_that_is_heard_before_its_begin_is_that_of_a_requeued_run_all_the_same(store: Store) -> None:
    store.add_events(REQUEUED[2:], "agent", 0)
    assert [run.state for run in the(store)] == ["ended"]
    store.add_events(REQUEUED[:2], "agent", 0)
    assert [run.state for run in the(store)] == ["requeued"]


def test_an_end_without_a_code_is_nobody_s_success(store: Store) -> None:
    store.add_events([prolog(7, "n1", 100), epilog(7, "n1", 200)], "agent", 0)
    assert [(run.state, run.state_source) for run in the(store)] == [("unknown", "events")]


def test_what_a_hook_of_no_node_says_is_said_for_the_run(store: Store) -> None:
    store.add_events([prolog(7, "", 100), epilog(7, "", 200, exit_code=0, exit_signal=0)], "agent", 0)
    assert [(run.state, run.ended_at, run.on_nodes) for run in the(store)] == [("ended", 200, ())]


def test_facts_of_events(store: Store) -> None:
    start = prolog(7, "n1", 100, cpus_per_node="16(x2),8", start_time=90.0, end_time_limit=150.0, gpus=("0", "1"))
    store.add_events([start, prolog(7, "n2", 101, cpus_per_node="16(x2),8", gpus=("3",))], "agent", 0)
    store.add_events([prolog(8, "n1", 100, cpus_per_node="some")], "agent", 0)
    first, second = the(store)
    assert (first.cpus, first.time_limit, first.started_at, first.gpus) == (40, 60, 90, 3)
    assert (second.cpus, second.time_limit, second.gpus) == (None, None, None)


def test_slurm_s_list_of_nodes_has_the_last_word_on_those_that_were_silent(store: Store) -> None:
    store.add_events([prolog(7, "n1", 100, nodes="n[1-3]")], "agent", 0)
    store.add_records([record(7, "running", start_time=100, nodes="n[1-2]", node_count=2)], 200)
    run = store.run_by_key(the(store)[0].key)
    assert run is not None and [node.node for node in run.on_nodes] == ["n1", "n2"]
