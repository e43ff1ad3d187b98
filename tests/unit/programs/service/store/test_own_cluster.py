"""What names no cluster is of the one that Slurm names."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from slurm_observability.jobs.sample import NodeSample
from slurm_observability.service.store.store import RunFilter, Store

from tests.unit.programs.service.store.told import epilog, prolog, record, sample


@pytest.fixture
def store(url: str) -> Store:
    """Nobody has told it the name of its cluster."""
    store = Store(url)
    store.migrate()
    return store


def on_record(store: Store) -> list[tuple[str, int, str]]:
    return sorted((run.cluster, run.job_id, run.state) for run in store.runs(RunFilter(), None, 10).runs)


def test_what_is_there_and_what_comes_is_of_the_cluster(
    store: Store, url: str, make_store: Callable[[str], Store]
) -> None:
    store.add_events([prolog(1, "n1", 100.0, cluster=""), prolog(2, "n1", 100.0, cluster="other")], "agent", 1.0)
    store.add_samples([sample(1, "n1", 110.0, cluster="")], [NodeSample(node="n1", time=110.0)])
    store.adopt_cluster("lab")
    store.add_records([record(1, "timeout", start_time=100, end_time=200)], 300.0)
    store.add_samples([], [NodeSample(node="n1", time=120.0)])
    store.add_events([epilog(1, "n1", 200.0, cluster="", exit_code=0)], "agent", 1.0)
    assert on_record(store) == [("lab", 1, "timeout"), ("other", 2, "running")]
    assert [(node.cluster, node.time) for node in store.nodes()] == [("lab", 120.0)]
    store.close()
    # Slurm need not answer for it to be known the next time.
    again = Store(url)
    again.migrate()
    again.add_events([prolog(3, "n1", 100.0, cluster="")], "agent", 1.0)
    assert on_record(again)[1] == ("lab", 3, "running")
    again.close()


def test_a_run_that_the_cluster_has_on_record_stays(store: Store) -> None:
    store.add_events([prolog(1, "n1", 100.0, cluster=name) for name in ("", "lab")], "agent", 1.0)
    store.add_events([prolog(2, "n1", 100.0, cluster="")], "agent", 1.0)
    store.adopt_cluster("lab")
    store.adopt_cluster("lab")
    assert on_record(store) == [("lab", 1, "running"), ("lab", 2, "running")]
    store.close()
