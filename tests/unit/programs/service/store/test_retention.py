"""What is kept, and for how long."""

from __future__ import annotations

from slurm_observability.jobs.sample import NodeSample
from slurm_observability.service.store.retention import DAY, Retention, Thinning
from slurm_observability.service.store.store import RunFilter, Store

from tests.unit.programs.service.store.told import epilog, prolog, record, sample

NOW = 1_000 * DAY


def test_samples_are_thinned_out_with_age_and_the_last_of_each_step_stays(store: Store) -> None:
    keep = Retention(samples=10_000, thinnings=(Thinning(age=1000, step=100), Thinning(age=2000, step=400)))
    taken = [NOW - 2400 + number * 50 for number in range(48)]
    store.add_samples([sample(1, node, time) for time in taken for node in ("n1", "n2")], [])
    key = store.runs(RunFilter(), None, 1).runs[0].key

    def times(node: str) -> list[float]:
        return [each.time - NOW for each in store.samples(key, None, None, 1000) if each.node == node]

    for _ in range(2):
        store.clean(NOW, keep)
        expected = [-2050, *range(-1950, -1000, 100), *range(-1000, 0, 50)]
        assert times("n1") == times("n2") == expected
    store.clean(NOW + 10_000, keep)
    assert times("n1") == []


def test_runs_and_events_go_when_they_are_old(store: Store) -> None:
    store.add_events([prolog(1, "n1", 0), epilog(1, "n1", 100)], "agent", 100)
    store.add_records([record(1, "completed", start_time=1, end_time=100), record(2, "unknown", start_time=5)], 200)
    store.add_records([record(3, "running", start_time=5, nodes="n1")], 200)
    store.add_samples([], [NodeSample(node="gone", time=100)])
    key = store.runs(RunFilter(job_id=1), None, 1).runs[0].key
    store.clean(91 * DAY, Retention())
    assert (store.events(key), store.nodes()) == ([], [])
    assert len(store.runs(RunFilter(), None, 9).runs) == 3
    store.clean(401 * DAY, Retention())
    assert [run.job_id for run in store.runs(RunFilter(), None, 9).runs] == [3]


def test_more_than_goes_in_one_transaction(store: Store) -> None:
    store.add_events([prolog(number, "n1", 0) for number in range(1, 1202)], "agent", 100)
    store.add_records([record(number, "completed", start_time=1, end_time=100) for number in range(1, 1202)], 200)
    store.clean(401 * DAY, Retention())
    assert store.runs(RunFilter(), None, 1).runs == []
