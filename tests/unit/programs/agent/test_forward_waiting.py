"""What waits, what is dropped where too much waits, and how long the service is left alone."""

from __future__ import annotations

import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slurm_observability.agent.forward import samples as samples_module
from slurm_observability.agent.forward.backoff import LONGEST_SECONDS, SHORTEST_SECONDS, pause
from slurm_observability.agent.forward.counts import DROPPED, Counts
from slurm_observability.agent.forward.samples import Samples
from slurm_observability.agent.forward.surplus import surplus
from slurm_observability.agent.forward.waiting import Waiting
from slurm_observability.jobs.sample import JobSample, NodeSample


def name(second: int, job: int = 7, kind: str = "started") -> str:
    return f"{1795280000 + second:010}000000.{job}.job-{kind}.1.event"


@pytest.fixture
def waiting():
    return Waiting(threading.Event())


def test_the_oldest_come_first(waiting):
    for second in (3, 1, 2):
        waiting.add(name(second), 4096)
    assert waiting.oldest(2) == [name(1), name(2)]
    assert (len(waiting), waiting.bytes, name(1) in waiting) == (3, 3 * 4096, True)
    waiting.remove(name(1))
    waiting.remove(name(1))
    assert list(waiting.sizes()) == [name(2), name(3)]
    waiting.keep({name(3), name(4)})
    assert waiting.oldest(9) == [name(3)]


def test_the_events_of_a_job_wait_for_an_earlier_one(waiting):
    for job in (7, 8):
        waiting.add(name(1, job), 1)
    waiting.hold([7])
    assert waiting.oldest(9) == [name(1, 8)]
    waiting.hold([])
    assert waiting.oldest(9) == [name(1, 7), name(1, 8)]


def test_what_can_be_sent_again_rings(waiting):
    more = waiting._more
    waiting.hold([7])
    assert not more.is_set()
    waiting.hold([8])
    assert more.is_set()


def test_what_is_done_is_not_sent_again(waiting):
    waiting.add(name(1), 1)
    waiting.note_done(name(1))
    assert (waiting.oldest(9), len(waiting), waiting.age(), waiting.done) == ([], 0, 0.0, [name(1)])
    assert name(1) in waiting
    waiting.remove(name(1))
    assert waiting.done == []
    waiting.add(name(2), 1)
    waiting.note_done(name(2))
    waiting.keep(())
    assert waiting.done == []


def test_the_age_of_the_oldest(waiting):
    assert waiting.age() == 0.0
    waiting.add(f"{int((time.time() - 100) * 1e6)}.7.job-started.1.event", 1)
    assert 100 <= waiting.age() < 200
    waiting.add(name(-1_000_000_000), 1)
    assert waiting.age() > 900_000_000
    waiting.keep(())
    waiting.add(f"{int((time.time() + 1000) * 1e6)}.7.job-started.1.event", 1)
    assert waiting.age() == 0.0  # the clock was set


def test_nothing_is_dropped_where_there_is_room():
    assert list(surplus({name(1): 10, name(2): 10}, 2, 20)) == []


def test_what_a_later_event_says_again_is_dropped_first():
    waiting = {
        name(1, 1): 10,  # it still runs
        name(2, 2): 10,
        name(3, 2, "finished"): 10,
        name(4, 2): 10,  # requeued, and runs
        name(5, 3): 10,
        name(6, 3, "finished"): 10,
    }
    assert list(surplus(waiting, 5, 1000)) == [name(2, 2)]
    assert list(surplus(waiting, 4, 1000)) == [name(2, 2), name(5, 3)]
    assert list(surplus(waiting, 2, 1000)) == [name(2, 2), name(5, 3), name(1, 1), name(3, 2, "finished")]
    assert list(surplus(waiting, 1000, 40)) == [name(2, 2), name(5, 3)]


@given(
    st.dictionaries(
        st.tuples(st.integers(0, 50), st.integers(1, 5), st.sampled_from(["started", "finished"])),
        st.integers(0, 100),
        max_size=30,
    ),
    st.integers(0, 20),
    st.integers(0, 500),
)
def test_what_stays_fits(found, max_events, max_bytes):
    waiting = {name(*key): size for key, size in sorted(found.items())}
    waiting["no name of an event.event"] = 5
    dropped = list(surplus(waiting, max_events, max_bytes))
    stays = {key: size for key, size in waiting.items() if key not in dropped}
    assert len(set(dropped)) == len(dropped)
    assert len(stays) <= max_events
    assert sum(stays.values()) <= max_bytes
    if dropped:  # none more than needed
        last = waiting[dropped[-1]]
        assert len(stays) == max_events or sum(stays.values()) + last > max_bytes


def test_pauses_grow_and_end():
    for failures in range(1, 2000, 7):
        assert SHORTEST_SECONDS <= pause(failures) <= min(2.0**failures if failures < 64 else 1e9, LONGEST_SECONDS)


@pytest.mark.parametrize(("wanted", "least", "most"), [(30.0, 30.0, 60.0), (1e9, 300.0, 375.0), (0.0, 1.0, 2.0)])
def test_the_service_may_say_how_long(wanted, least, most):
    assert all(least <= pause(1, wanted) <= most for _turn in range(100))


def job(number: int, final: bool = False) -> JobSample:
    return JobSample(job_id=number, node="n1", time=float(number), final=final)


@pytest.fixture
def counts():
    return Counts()


@pytest.fixture
def samples(counts, monkeypatch):
    monkeypatch.setattr(samples_module, "MAX_SAMPLES", 4)
    monkeypatch.setattr(samples_module, "MAX_BATCH", 3)
    return Samples(counts, threading.Event())


def test_the_newest_samples_stay(samples, counts):
    samples.put([job(number) for number in range(1, 7)], [NodeSample(node="n1", time=1.0)])
    assert (len(samples), counts.samples[DROPPED]) == (5, 2)
    assert [sample.job_id for sample in samples.take().jobs] == [3, 4, 5]
    assert [sample.job_id for sample in samples.take().jobs] == [6]
    assert not samples.take()


def test_the_last_samples_of_jobs_stay_longer(samples, counts):
    samples.put([job(1, final=True)], [])
    samples.put([job(number) for number in range(2, 9)], [])
    taken = samples.take()
    assert [sample.job_id for sample in taken.jobs] == [5, 6, 7, 1]
    samples.put_back(taken)
    again = samples.take()
    assert (again.jobs, counts.samples[DROPPED]) == (taken.jobs, 3)


def test_halves_hold_what_the_whole_holds(samples):
    samples.put([job(1), job(2), job(3)], [NodeSample(node="n1", time=1.0)])
    whole = samples.take()
    one, other = whole.halves()
    assert ([*one.jobs, *other.jobs], [*one.nodes, *other.nodes]) == (whole.jobs, whole.nodes)
    for part in (one, other):
        assert 0 < len(part) < len(whole)


@given(st.integers(0, 9), st.integers(0, 9))
def test_halving_ends(jobs, nodes):
    samples = Samples(Counts(), threading.Event())
    samples.put([job(number) for number in range(jobs)], [NodeSample(node="n1", time=1.0)] * nodes)
    batch = samples.take()
    if len(batch) > 1:
        assert all(0 < len(half) < len(batch) for half in batch.halves())
