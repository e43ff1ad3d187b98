"""What becomes of events, samples and Slurm's records, in both databases."""

from __future__ import annotations

from slurm_observability.jobs.run_id import RunId
from slurm_observability.jobs.sample import GpuSample
from slurm_observability.service.run import Run, RunNode
from slurm_observability.service.store.ingest import Reconciled
from slurm_observability.service.store.store import Store

from tests.unit.programs.service.store.told import (
    epilog,
    epilog_slurmctld,
    prolog,
    prolog_slurmctld,
    record,
    sample,
)

TWO_NODES = {"nodes": "n[1-2]", "node_count": 2}


def the(store: Store, job_id: int, **more: int) -> Run:
    run = store.run(RunId(job_id, **more))
    assert run is not None
    return run


def test_a_run_goes_on_until_it_has_ended_on_all_its_nodes(store: Store) -> None:
    store.add_events([prolog(7, "n1", 100, user="ann", **TWO_NODES), prolog(7, "n2", 101, **TWO_NODES)], "agent", 102)
    run = the(store, 7)
    assert (run.id, run.state, run.state_source, run.user, run.started_at) == (
        *("slurm-7", "running", "events", "ann"),
        100,
    )
    store.add_events([epilog(7, "n1", 200, exit_code=3, exit_signal=0)], "agent", 201)
    assert the(store, 7).state == "running"
    store.add_events([epilog(7, "n2", 203)], "agent", 204)
    run = the(store, 7)
    assert (run.state, run.exit_code, run.ended_at, run.reconciled) == ("failed", 3, 203, False)
    assert run.on_nodes == (
        RunNode(node="n1", started_at=100, ended_at=200, exit_code=3, exit_signal=0),
        RunNode(node="n2", started_at=101, ended_at=203),
    )


def test_an_event_is_stored_once(store: Store) -> None:
    start = prolog(7, "n1", 100)
    assert store.add_events([start, start], "agent", 101) == ["stored", "repeated"]
    assert store.add_events([start, epilog(7, "n1", 200)], "agent", 201) == ["repeated", "stored"]
    assert [stored.event for stored in store.events(the(store, 7).key)] == [start, epilog(7, "n1", 200)]


def test_slurmctld_s_hook_ends_a_run_on_many_nodes(store: Store) -> None:
    store.add_events([prolog_slurmctld(7, 99, name="train", **TWO_NODES)], "agent", 100)
    store.add_events([epilog_slurmctld(7, 200, exit_code=0, exit_signal=9)], "agent", 201)
    run = the(store, 7)
    assert (run.state, run.exit_signal, run.ended_at, run.name) == ("failed", 9, 200, "train")


def test_slurm_has_the_last_word(store: Store) -> None:
    store.add_events([prolog(7, "n1", 101), epilog(7, "n1", 200, exit_code=0, exit_signal=0)], "agent", 201)
    assert the(store, 7).state == "ended"
    told = record(7, "out_of_memory", submit_time=90, start_time=100, end_time=199, exit_code=0, exit_signal=125)
    assert store.add_records([told], 300) == Reconciled(changed=1)
    assert store.add_records([told], 400) == Reconciled(same=1)
    run = the(store, 7)
    assert (run.state, run.state_source, run.started_at, run.ended_at) == ("out_of_memory", "slurm", 100, 199)
    assert (run.submitted_at, run.exit_signal, run.reconciled) == (90, 125, False)


def test_a_run_that_no_hook_reported_is_marked(store: Store) -> None:
    assert store.add_records([record(7, "node_fail", start_time=100, end_time=200)], 300) == Reconciled(new=1)
    assert (the(store, 7).reconciled, the(store, 7).reported) == (True, False)


def test_a_requeued_run_is_another_run(store: Store) -> None:
    store.add_events([prolog(7, "n1", 100), prolog(7, "n2", 300, restart=1)], "agent", 301)
    store.add_events([epilog(7, "n1", 200)], "agent", 302)
    assert (the(store, 7, restart=0).id, the(store, 7, restart=0).ended_at) == ("slurm-7-r0", 200)
    assert (the(store, 7).id, the(store, 7).ended_at) == ("slurm-7-r1", None)


def test_a_sample_of_an_unknown_run_puts_it_on_record(store: Store) -> None:
    gpu = GpuSample(gpu_id="0", vendor="nvidia", held_seconds=10.0, busy_seconds=3.0)
    taken = sample(7, "n1", 110, cpu_seconds=5.0, gpus=(gpu,))
    assert store.add_samples([taken, taken], []) == 1
    run = the(store, 7)
    assert (run.state, run.started_at, run.reported) == ("running", 110, False)
    assert store.samples(run.key, None, None, 10) == store.newest_samples(run.key) == [taken]


def test_hostile_texts_are_kept_as_far_as_a_database_can(store: Store) -> None:
    name = "a\0b|'\"\n\ud800é" + "x" * 5000
    store.add_events([prolog(7, "n1", 100, name=name, user="\0")], "agent", 101)
    run = the(store, 7)
    assert run.name.startswith("a\ufffdb|'\"\n\ufffdéx")
    assert (len(run.name), run.user) == (512, "\ufffd")
    assert [stored.event.name for stored in store.events(run.key)] == [name]
