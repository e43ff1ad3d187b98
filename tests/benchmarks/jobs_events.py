"""Events for bin/bench jobs, as the hooks of nodes write them, and the threads that send them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from slurm_observability.jobs.event import EPILOG, FINISHED, PROLOG, STARTED, JobEvent

Deliver = Callable[[list[JobEvent]], None]


class Sent(NamedTuple):
    """How many events were acknowledged, in how many seconds, and how long each batch took."""

    events: int
    seconds: float
    latencies: list[float]


def send(senders: list[Deliver], size: int, seconds: float) -> Sent:
    """Let each sender, in a thread of its own, deliver batches of its own jobs, one after another, for a while.

    What a sender raises ends the measurement: a batch counts when it was acknowledged.
    """
    began = time.perf_counter()

    def work(number: int, deliver: Deliver) -> list[float]:
        latencies = []
        batches = batches_of(number, size)
        while time.perf_counter() - began < seconds:
            batch = next(batches)
            begin = time.perf_counter()
            deliver(batch)
            latencies.append(time.perf_counter() - begin)
        return latencies

    with ThreadPoolExecutor(len(senders)) as pool:
        latencies = [latency for each in pool.map(work, range(len(senders)), senders) for latency in each]
    return Sent(len(latencies) * size, time.perf_counter() - began, latencies)


def batches_of(sender: int, size: int) -> Iterator[list[JobEvent]]:
    """Make batches of events of one node's jobs: each begins, and ends some events later."""
    events = events_of(sender)
    while True:
        yield [next(events) for _ in range(size)]


def events_of(sender: int) -> Iterator[JobEvent]:
    """Make events like those that hooks write."""
    going: list[int] = []
    now, job_id = time.time(), sender * 10_000_000
    node = f"n{sender}"
    while True:
        job_id += 1
        now += 1.0
        going.append(job_id)
        common: dict[str, Any] = {"cluster": "lab", "node": node, "nodes": node, "node_count": 1, "restart": 0}
        common |= {"user": f"user{job_id % 499}", "uid": 1000 + job_id % 499, "account": f"account{job_id % 61}"}
        common |= {"partition": "gpu", "cpus_per_node": "16", "gpus": ("0", "1"), "work_dir": "/home/user/project"}
        yield JobEvent(
            event_id=f"{node}-{job_id}-job-started-{now:.6f}", kind=STARTED, origin=PROLOG, time=now,
            job_id=job_id, start_time=now, **common,
        )  # fmt: skip
        if len(going) > 32:
            ended = going.pop(0)
            yield JobEvent(
                event_id=f"{node}-{ended}-job-finished-{now:.6f}", kind=FINISHED, origin=EPILOG, time=now,
                job_id=ended, exit_code=0, exit_signal=0, **common,
            )  # fmt: skip
