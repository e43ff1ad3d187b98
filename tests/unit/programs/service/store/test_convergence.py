"""Whatever arrives in whatever order, and however often: the same runs are on record."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slurm_observability.jobs.event import CGROUP, STARTED, JobEvent
from slurm_observability.service.run import RunRecord
from slurm_observability.service.states import ACTIVE
from slurm_observability.service.store.store import Store
from slurm_observability.service.store.tables import run_nodes, runs
from sqlalchemy import select

from tests.unit.programs.service.store.told import epilog, epilog_slurmctld, prolog, prolog_slurmctld, record

DAY = 86400
# The first runs of all jobs begin then, and requeued ones this much later each.
START, APART = 1_700_000_000, 2 * DAY
# Every example has job ids of its own, so that one database serves them all.
_job_ids = itertools.count(1, 100)


@dataclass(frozen=True)
class Told:
    """A record of Slurm's, and when Slurm was asked."""

    record: RunRecord
    now: float


@pytest.fixture(scope="module")
def store(in_memory: Path) -> Iterator[Store]:
    store = Store(f"sqlite:///{in_memory}/convergence.db", cluster="lab")
    store.migrate()
    yield store
    store.close()


@st.composite
def a_run(draw: st.DrawFn, job_id: int, restart: int, restarts: int) -> list[JobEvent | Told]:
    """All that can be heard of a run of a job that has so many restarts; what is lost is left out."""
    start = START + restart * APART
    count = draw(st.integers(1, 3))
    names = [f"n{number}" for number in range(1, count + 1)]
    nodes = "n1" if count == 1 else f"n[1-{count}]"
    end = start + draw(st.integers(1, DAY))
    code, signal = draw(st.sampled_from([(0, 0), (3, 0), (0, 9)]))
    exact = {"start_time": float(start)} if restarts or draw(st.booleans()) else {}
    common: dict[str, Any] = {"restart": restart, "user": "ann", **exact}
    exits = {"exit_code": code, "exit_signal": signal}
    # At the end of a run that is requeued, slurmctld has counted the restart already.
    ends = {**common, **exits, "restart": min(restart + 1, restarts)}
    told: list[JobEvent | Told] = [
        prolog_slurmctld(job_id, start, nodes=nodes, node_count=count, name="train|\n", **common),
        epilog_slurmctld(job_id, end, nodes=nodes, node_count=count, **ends),
    ]
    for number, name in enumerate(names):
        gpus = tuple(map(str, range(draw(st.integers(0, 2)))))
        told.append(prolog(job_id, name, start + number, nodes=nodes, node_count=count, gpus=gpus, **common))
        told.append(epilog(job_id, name, end + number, nodes=nodes, node_count=count, gpus=gpus, **ends))
        seen = prolog(job_id, name, start + 30.0, event_id=f"cgroup-{job_id}-{restart}-{name}", restart=restart)
        told.append(replace(seen, origin=CGROUP, kind=STARTED))
    row = {"restart": restart, "submit_time": start - 10, "start_time": start, "cpus": count, "user": "ann"}
    for delay, state in enumerate(("running", "suspended", "completing")):
        told.append(Told(record(job_id, state, nodes=nodes, reason=f"r{delay}", **row), end + delay))
    final = "timeout" if draw(st.booleans()) else "completed"
    told.append(Told(record(job_id, final, nodes=nodes, end_time=end + 1, **exits, **row), end + 60.0))
    return draw(st.lists(st.sampled_from(told), unique_by=id, min_size=1))


@st.composite
def lives(draw: st.DrawFn) -> list[JobEvent | Told]:
    """What is heard of three jobs, of which some are requeued. Their ids are to be moved."""
    told: list[JobEvent | Told] = []
    for job_id in range(3):
        restarts = draw(st.integers(0, 2))
        for restart in range(restarts + 1):
            told += draw(a_run(job_id, restart, restarts))
    return told


def moved(told: JobEvent | Told, base: int) -> JobEvent | Told:
    if isinstance(told, Told):
        return Told(replace(told.record, job_id=base + told.record.job_id), told.now)
    return replace(told, job_id=base + told.job_id, event_id=f"{base}-{told.event_id}")


def in_some_order(told: Sequence[JobEvent | Told], chance: random.Random) -> list[JobEvent | Told]:
    """Shuffle, and repeat some. Slurm's words about a job come in the order in which they were said."""
    order = [*told, *chance.sample(told, len(told) // 2)]
    chance.shuffle(order)
    said = iter(sorted((each for each in order if isinstance(each, Told)), key=lambda each: each.now))
    return [next(said) if isinstance(each, Told) else each for each in order]


def deliver(store: Store, told: Sequence[JobEvent | Told], chance: random.Random) -> None:
    rest = list(told)
    while rest:
        now, rest = rest[: (count := chance.randint(1, 9))], rest[count:]
        for are_records, group in itertools.groupby(now, key=lambda each: isinstance(each, Told)):
            if not are_records:
                store.add_events([each for each in group if isinstance(each, JobEvent)], "agent", 0.0)
                continue
            for each in group:
                assert isinstance(each, Told)
                store.add_records([each.record], each.now)


def on_record(store: Store, base: int) -> list[dict[str, Any]]:
    """Return all that is known of an example's runs, but for what says when it came."""
    with store._database.reading() as connection:
        query = select(runs).where(runs.c.job_id.between(base, base + 99)).order_by(runs.c.job_id, runs.c.restart)
        found = [dict(row) for row in connection.execute(query).mappings()]
        for row in found:
            on = select(run_nodes).where(run_nodes.c.run_key == row.pop("key")).order_by(run_nodes.c.node)
            row["on"] = [{**node, "run_key": 0} for node in connection.execute(on).mappings()]
            row["job_id"] -= base
            del row["updated_at"], row["slurm_at"]
    return found


@given(lives(), st.randoms(use_true_random=False))
@settings(max_examples=20)
def test_any_order_gives_the_same_runs(store: Store, told: list[JobEvent | Told], chance: random.Random) -> None:
    outcomes = []
    for _ in range(2):
        base = next(_job_ids)
        deliver(store, [moved(each, base) for each in in_some_order(told, chance)], chance)
        outcomes.append(on_record(store, base))
    assert outcomes[0] == outcomes[1]
    check(outcomes[0], told)


def check(found: list[dict[str, Any]], told: list[JobEvent | Told]) -> None:
    """Compare what is on record with what was told: nothing missing, nothing double, and Slurm's word first."""
    finals = {
        (each.record.job_id, each.record.restart): each.record
        for each in told
        if isinstance(each, Told) and each.record.state not in ACTIVE
    }
    heard = {
        (each.record.job_id, each.record.restart)
        if isinstance(each, Told)
        else (each.job_id, int(each.time - START) // APART)
        for each in told
    }
    # Without any other word, a run of which an end was heard may have the number of the next.
    began = [(row["job_id"], int(min(row["started_at"], row["ended_at"]) - START) // APART) for row in found]
    assert began == sorted(heard)
    assert not any(row["era"] for row in found)
    for row in found:
        final = finals.get((row["job_id"], row["restart"]))
        if final is not None:
            assert (row["state"], row["state_source"], row["ended_at"]) == (final.state, "slurm", final.end_time)
            assert (row["exit_code"], row["exit_signal"]) == (final.exit_code, final.exit_signal)
        assert row["unsettled"] == (final is None)
