"""The forwarding put together: what the agent itself has to tell goes the way of the hooks' events."""

from __future__ import annotations

import pytest
from slurm_observability.agent.forward.forwarding import Forwarding
from slurm_observability.jobs.event import CGROUP, FINISHED
from slurm_observability.jobs.sample import JobSample, NodeSample
from slurm_observability.metrics.exposition import render

from tests.unit.programs.jobs.events import event


class Seen:
    """An observer that remembers."""

    def __init__(self):
        self.events = []

    def on_event(self, event):
        self.events.append(event)


@pytest.fixture
def forwarding(make_settings):
    found = Forwarding(make_settings())
    yield found
    found.stop()


def test_what_the_agent_puts_is_observed_and_delivered(forwarding, service, spool, eventually):
    seen = Seen()
    forwarding.tell([seen])
    forwarding.start()
    made = event(7, FINISHED, origin=CGROUP, event_id="n1-7-cgroup", restart=2, gpus=("0",))
    forwarding.outbox.put_event(made)
    forwarding.outbox.put_samples([JobSample(job_id=7, node="n1", time=1.0)], [NodeSample(node="n1", time=1.0)])
    eventually(lambda: service.order == ["n1-7-cgroup"])
    eventually(lambda: len(service.samples) == len(service.nodes) == 1)
    assert seen.events == [made]
    assert service.events["n1-7-cgroup"]["restart"] == 2
    eventually(lambda: not spool.look(1).events)
    assert forwarding.ready


def test_observers_hear_of_events_while_the_service_hangs(make_settings, make_service, spool, eventually):
    service = make_service()
    service.always = lambda handler: handler.service.closed.wait(60) and False
    forwarding = Forwarding(make_settings(url=service.url, timeout=0.5))
    seen = Seen()
    forwarding.tell([seen])
    forwarding.start()
    for job in (1, 2, 3):
        spool.put(event(job))
        eventually(lambda job=job: len(seen.events) == job)
    assert service.order == []
    forwarding.stop()


def test_a_spool_that_takes_nothing_is_counted_and_said(forwarding, spool, caplog):
    spool.directory.rmdir()
    forwarding.outbox.put_event(event(7))
    assert 'job_agent_events_total{outcome="unwritten"} 1\n' in render(forwarding.families()).decode()
    assert "takes no event of the agent's own: No such file or directory" in caplog.text
