"""What a database does not take is refused by itself; what only looks so is made to fit."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from slurm_observability.jobs.sample import NodeSample
from slurm_observability.service.store.errors import RefusedError
from slurm_observability.service.store.ingest import Reconciled
from slurm_observability.service.store.piecewise import piecewise
from slurm_observability.service.store.store import RunFilter, Store

from tests.unit.programs.service.store.told import prolog, record, sample

# More than 64 bits, in columns of several kinds.
TOO_LARGE: list[dict[str, Any]] = [{"job_id": 2**63}, {"uid": 2**63}, {"array_job_id": 10**400}, {"restart": 2**70}]


def job_ids(store: Store) -> list[int]:
    return sorted(run.job_id for run in store.runs(RunFilter(), None, 100).runs)


def long_name(seed: int, length: int) -> str:
    """A name that PostgreSQL cannot compress: four bytes of chance each."""
    chance = random.Random(seed)
    return "".join(chr(chance.randint(0x20000, 0x2A000)) for _ in range(length))


@pytest.mark.parametrize("poison", TOO_LARGE, ids=lambda poison: next(iter(poison)))
def test_an_event_that_is_refused_keeps_no_other_out(store: Store, poison: dict[str, Any]) -> None:
    bad = [prolog(**{"job_id": job_id, "node": "n1", "time": 100.0, **poison}) for job_id in (3, 6)]
    good = [prolog(job_id, "n1", 100.0) for job_id in (1, 2, 4, 5)]
    outcomes = store.add_events([*good[:2], bad[0], *good[2:], bad[1]], "agent", 1.0)
    assert [outcome if isinstance(outcome, str) else "refused" for outcome in outcomes] == [
        *("stored", "stored", "refused", "stored", "stored", "refused")
    ]
    assert "the database does not take it" in str(outcomes[2])
    assert job_ids(store) == [1, 2, 4, 5]
    assert store.add_events(good, "agent", 1.0) == ["repeated"] * 4


def test_a_record_of_slurm_that_is_refused_keeps_no_other_out(store: Store) -> None:
    records = [record(1, "running"), record(2, "running", memory_bytes=2**64 - 1), record(3, "running")]
    assert store.add_records(records, 100.0) == Reconciled(new=2, refused=1)
    assert store.add_records(records, 200.0) == Reconciled(same=2, refused=1)
    assert job_ids(store) == [1, 3]


def test_samples_are_refused_together(store: Store) -> None:
    """Whoever sent them sends them again in halves."""
    for jobs, nodes in (
        ([sample(1, "n1", 1.0), sample(2, "n1", 1.0, memory_bytes=2**63)], []),
        ([sample(1, "n1", 1.0)], [NodeSample(node="n1", time=1.0, cpus=2**63)]),
    ):
        with pytest.raises(RefusedError, match="the database does not take it"):
            store.add_samples(jobs, nodes)
    assert (job_ids(store), store.nodes()) == ([], [])


def test_half_characters_and_zeros_are_replaced(store: Store) -> None:
    event = prolog(1, "n\0\ud8001", 100.0, name="a\0b\udfff", user="\ud800", event_id="x\0")
    assert store.add_events([event], "agent\0", 1.0) == ["stored"]
    assert [run.name for run in store.runs(RunFilter(user="\ufffd"), None, 10).runs] == ["a\ufffdb\ufffd"]


def test_names_are_cut_to_what_an_index_takes(store: Store) -> None:
    names = [long_name(seed, 512) for seed in range(6)]
    texts = dict(zip(("user", "account", "partition", "qos", "name"), names, strict=False))
    assert store.add_events([prolog(1, names[0], 100.0, cluster=names[1], **texts)], "agent", 1.0) == ["stored"]
    listed = long_name(9, 60_000) + "[1-3],n4"
    assert store.add_events([prolog(2, "n4", 100.0, nodes=listed)], "agent", 1.0) == ["stored"]
    assert store.add_samples([], [NodeSample(node=names[0], cluster=names[1], time=1.0)]) == 1
    assert [node.node for node in store.nodes()] == [names[0][:256]]
    assert [run.job_id for run in store.runs(RunFilter(node=names[0][:256]), None, 10).runs] == [1]


def test_what_is_too_large_for_an_index(postgresql_url: str, make_store: Callable[[str], Store]) -> None:
    """PostgreSQL calls it a limit of its own; it is one of the value all the same."""
    store = make_store(postgresql_url)
    store.migrate()
    with store._database.writing() as connection:
        connection.exec_driver_sql("CREATE INDEX documents ON events (document)")
    told = [prolog(1, "n1", 100.0), prolog(2, "n1", 100.0, work_dir=long_name(1, 4000))]
    stored, refused = store.add_events(told, "agent", 1.0)
    assert (stored, isinstance(refused, RefusedError)) == ("stored", True)


def test_no_value_is_in_the_reason(store: Store) -> None:
    with store._database.writing() as connection:
        connection.exec_driver_sql('CREATE UNIQUE INDEX one_user ON runs ("user")')
    told = [prolog(job_id, "n1", 100.0, user="alice") for job_id in (1, 2)]
    stored, refused = store.add_events(told, "agent", 1.0)
    assert (stored, isinstance(refused, RefusedError)) == ("stored", True)
    assert "alice" not in str(refused)


def test_no_more_is_written_in_pieces_than_needed() -> None:
    calls: list[Sequence[int]] = []

    def write(items: Sequence[int]) -> Sequence[int]:
        calls.append(items)
        if 13 in items:
            raise RefusedError("unlucky")
        return items

    *rest, last = piecewise(write, [*range(8), 13])
    assert rest == list(range(8))
    assert str(last) == "unlucky"
    assert [len(items) for items in calls] == [9, 4, 5, 2, 3, 1, 2, 1, 1]
    assert piecewise(write, []) == []
