"""From spool to service: nothing is lost, nothing blocks, and nobody waits for ever."""

from __future__ import annotations

import logging
import random
import threading
import time

import pytest
from slurm_observability.agent.forward import backoff
from slurm_observability.agent.forward import event_sender as module
from slurm_observability.agent.forward.client import BUSY, LATE, OK, REJECTED, UNAUTHORISED, Client
from slurm_observability.agent.forward.counts import DROPPED, REFUSED, REPEATED, STORED, Counts
from slurm_observability.agent.forward.event_sender import EVENTS_PATH, EventSender
from slurm_observability.agent.forward.forwarder import Forwarder
from slurm_observability.agent.forward.link import Link
from slurm_observability.agent.forward.sample_sender import SAMPLES_PATH, SampleSender
from slurm_observability.agent.forward.samples import Samples
from slurm_observability.agent.forward.waiting import Waiting
from slurm_observability.jobs.event import FINISHED, STARTED
from slurm_observability.jobs.sample import JobSample, NodeSample

from tests.unit.programs.agent.service import answers, breaks_off, closes, hangs
from tests.unit.programs.jobs.events import event


class Bench:
    """A forwarder with its spool, and no threads."""

    def __init__(self, settings, spool):
        self.spool = spool
        self.counts = Counts()
        self.more = threading.Event()
        self.waiting = Waiting(self.more)
        self.samples = Samples(self.counts, self.more)
        self.skipped = 0.0
        client = Client(settings)
        links = [Link(client, path, self.counts, self.clock) for path in (EVENTS_PATH, SAMPLES_PATH)]
        events = EventSender(settings, spool, self.waiting, self.counts, links[0])
        self.forwarder = Forwarder((events, SampleSender(self.samples, self.counts, links[1])), self.more)

    def clock(self):
        return time.monotonic() + self.skipped

    def put(self, *events):
        for each in events:
            self.spool.put(each)
        for name in self.spool.look(100_000).events:
            if name not in self.waiting:
                self.waiting.add(name, 4096)

    def send(self):
        """Send, after whatever pauses there are."""
        self.skipped += self.counts.pause
        self.forwarder.send()

    @property
    def left(self):
        return len(self.spool.look(100_000).events)


@pytest.fixture
def make_bench(make_settings, spool):
    return lambda **more: Bench(make_settings(**more), spool)


@pytest.fixture
def bench(make_bench):
    return make_bench()


def runs(count, first=1):
    """Return the beginning and the end of each of some jobs."""
    for job in range(first, first + count):
        yield event(job, STARTED, 1795280000.0 + job)
        yield event(job, FINISHED, 1795280000.5 + job, exit_code=0, exit_signal=0)


def test_events_come_in_their_order_and_leave_the_spool(bench, service):
    bench.put(*runs(30))
    bench.send()
    assert service.order == [each.event_id for each in runs(30)]
    assert (bench.left, len(bench.waiting), len(service.requests)) == (0, 0, 1)
    assert (bench.counts.events[STORED], bench.counts.requests[OK]) == (60, 1)
    assert bench.counts.service_up
    assert bench.counts.last_success is not None


def test_what_is_sent_is_the_event(bench, service):
    bench.put(event(7, FINISHED, user="alice", name='a"b|\n', gpus=("0", "1"), exit_code=3, exit_signal=0))
    bench.send()
    (document,) = service.events.values()
    assert document["name"] == 'a"b|\n'
    assert document["gpus"] == ["0", "1"]
    assert (document["exit_code"], document["exit_signal"]) == (3, 0)
    assert "account" not in document


def test_many_events_go_in_several_requests(bench, service, monkeypatch):
    monkeypatch.setattr(module, "MAX_BATCH_EVENTS", 7)
    bench.put(*runs(10))
    bench.send()
    assert [len(document["events"]) for _path, _headers, document in service.requests] == [7, 7, 6]
    assert service.order == [each.event_id for each in runs(10)]


def test_long_events_go_in_several_requests(bench, service, monkeypatch):
    monkeypatch.setattr(module, "MAX_BATCH_BYTES", 1500)
    bench.put(*(event(job, name="x" * 1000) for job in range(1, 4)))
    bench.send()
    assert [len(document["events"]) for _path, _headers, document in service.requests] == [1, 1, 1]


def test_nothing_to_send_asks_nobody(bench, service):
    bench.send()
    assert service.requests == []
    assert bench.counts.pause == 0


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        (answers(503, Retry_After="20"), BUSY),
        (answers(429), BUSY),
        (answers(500), "failed"),
        (answers(404), "failed"),
        (answers(401), UNAUTHORISED),
        (closes, "unreachable"),
        (breaks_off, "unreachable"),
        (answers(200, b"{}"), "failed"),
        (answers(200, b'{"stored": 1, "repeated": 0, "refused": []}'), "failed"),
        (answers(200, b'{"stored": 4, "repeated": -2, "refused": []}'), "failed"),
        (answers(200, b'{"stored": 1, "repeated": 0, "refused": [{"index": 9}]}'), "failed"),
        (answers(200, b'{"stored": 1, "repeated": 0, "refused": ["x"]}'), "failed"),
        (answers(200, b'{"stored": "2", "repeated": 0, "refused": []}'), "failed"),
    ],
)
def test_a_failure_keeps_everything(bench, service, fault, outcome):
    service.faults = [fault]
    bench.put(*runs(1))
    bench.send()
    assert (bench.left, len(bench.waiting), service.order) == (2, 2, [])
    assert bench.counts.pause >= 1
    assert not bench.counts.service_up
    if outcome != "failed":
        assert bench.counts.requests[outcome] == 1
    bench.send()
    assert (bench.left, bench.counts.pause, bench.counts.service_up) == (0, 0, True)
    assert len(service.order) == 2


def test_the_service_is_left_alone_as_long_as_it_wants(bench, service):
    service.faults = [answers(503, Retry_After="120")]
    bench.put(*runs(1))
    bench.send()
    assert bench.counts.pause >= 120


def test_a_service_that_hangs_is_given_up(make_bench, service):
    bench = make_bench(timeout=0.3)
    service.faults = [hangs]
    bench.put(*runs(1))
    bench.send()
    assert (bench.left, bench.counts.requests[LATE]) == (2, 1)


def test_events_whose_answer_was_lost_are_repeated(bench, service):
    def stores_and_closes(handler):
        handler.answer = lambda *answer: None
        handler.close_connection = True
        return True

    service.faults = [stores_and_closes]
    bench.put(*runs(2))
    bench.send()
    assert (len(service.order), bench.left) == (4, 4)
    bench.send()
    assert (len(service.order), bench.left) == (4, 0)
    assert bench.counts.events == {STORED: 0, REPEATED: 4}


def test_a_refused_event_goes_aside_and_blocks_nobody(bench, service, caplog):
    service.refuses = lambda document: "no such\ncluster" if document["job_id"] == 2 else ""
    bench.put(*runs(3))
    bench.send()
    assert (len(service.order), bench.left) == (4, 0)
    assert len(bench.spool.refused_files()) == 2
    assert bench.counts.events == {STORED: 4, REPEATED: 0, REFUSED: 2}
    assert "no such cluster" in caplog.text
    assert len(caplog.records) == 1  # and not one line for each


@pytest.mark.parametrize("number", [1, 2, 17, 40])
def test_a_request_that_is_rejected_is_halved_until_the_bad_event_is_found(bench, service, number):
    service.rejects = lambda document: any(each["job_id"] == number for each in document["events"])
    bench.put(*(event(job, time=1795280000.0 + job) for job in range(1, 41)))
    bench.send()
    assert len(service.order) == (0 if number == 1 else 39)
    if number == 1:  # nothing was accepted yet: the service is left alone before the next
        assert bench.counts.pause
        bench.send()
    assert len(service.order) == 39
    assert (bench.left, len(bench.spool.refused_files())) == (0, 1)
    assert len(service.requests) < 20
    order = [int(each.split("-")[1]) for each in service.order]
    assert order == sorted(order)


def test_a_service_that_rejects_everything_gets_one_event_and_is_left_alone(bench, service):
    service.rejects = lambda document: True
    bench.put(*runs(50))
    for turn in range(1, 4):
        bench.send()
        assert bench.left == 100 - turn
        assert bench.counts.pause
    service.rejects = lambda document: False
    bench.send()
    assert len(service.order) == 97
    assert len(bench.spool.refused_files()) == 3


def test_a_request_that_is_too_large_is_halved(bench, service):
    service.max_bytes = 2000
    bench.put(*(event(job, time=1795280000.0 + job) for job in range(1, 41)))
    bench.send()
    assert (len(service.order), bench.left) == (40, 0)


def test_a_file_that_has_gone_or_changed_is_passed_over(bench, service):
    bench.put(*runs(2))
    gone, changed, *_others = bench.waiting.oldest(4)
    bench.spool.remove(gone)
    (bench.spool.directory / changed).write_bytes(b"x")
    bench.send()
    assert len(service.order) == 2
    assert len(bench.waiting) == 0
    assert bench.left == 1  # the watcher's business


def test_a_file_that_cannot_be_removed_is_sent_once(bench, service, monkeypatch, caplog):
    def fails(name):
        raise OSError(30, "Read-only file system")

    bench.put(*runs(1))
    monkeypatch.setattr(bench.spool, "remove", fails)
    bench.send()
    bench.send()
    assert (len(service.order), service.repeated, len(service.requests)) == (2, 0, 1)
    assert len(bench.waiting.done) == 2
    assert "Read-only file system" in caplog.text


def test_a_refused_file_that_cannot_be_moved_is_sent_once(bench, service, monkeypatch):
    def fails(name):
        raise OSError(28, "No space left on device")

    service.refuses = lambda document: "no"
    bench.put(*runs(1))
    monkeypatch.setattr(bench.spool, "refuse", fails)
    bench.send()
    bench.send()
    assert (len(service.requests), len(bench.waiting.done)) == (1, 2)


def test_a_wrong_token_is_said_once_a_minute(bench, service, caplog):
    service.always = answers(401, b"unknown token")
    bench.put(*runs(1))
    for _turn in range(5):
        bench.send()
    assert [record.message for record in caplog.records if record.levelno >= logging.WARNING] == [
        f"{service.url} answers 401: unknown token; everything is kept"
    ]


def test_an_outage_is_said_once_and_its_end(bench, service, caplog):
    caplog.set_level(logging.INFO)
    service.always = answers(500, b"oh")
    bench.put(*runs(1))
    for _turn in range(3):
        bench.send()
    service.always = None
    bench.send()
    assert [record.message for record in caplog.records] == [
        f"{service.url} answers 500: oh; everything is kept",
        "the service answers /v1/events again",
    ]


def test_a_fault_of_the_program_ends_nothing(bench, service, monkeypatch, caplog):
    bench.put(*runs(1))
    with monkeypatch.context() as patch:
        patch.setattr(module, "event_of", lambda *arguments: 1 / 0)
        bench.send()
    assert "this is a fault of the program" in caplog.text
    assert bench.counts.pause
    bench.send()
    assert len(service.order) == 2


def sample(job, final=False):
    return JobSample(job_id=job, node="n1", time=float(job), cpu_seconds=1.5, final=final)


def test_samples_come_after_the_events(bench, service):
    bench.samples.put([sample(1), sample(2, final=True)], [NodeSample(node="n1", time=1.0, cpus=4)])
    bench.put(*runs(1))
    bench.send()
    assert [path for path, _headers, _document in service.requests] == ["/v1/events", "/v1/samples"]
    assert service.samples == [
        {"job_id": 1, "node": "n1", "time": 1.0, "final": False, "cpu_seconds": 1.5},
        {"job_id": 2, "node": "n1", "time": 2.0, "final": True, "cpu_seconds": 1.5},
    ]
    assert service.nodes == [{"node": "n1", "time": 1.0, "cpus": 4}]
    assert bench.counts.samples == {STORED: 3}


def test_samples_that_cannot_be_sent_wait(bench, service):
    service.faults = [answers(503)]
    bench.samples.put([sample(1), sample(2, final=True)], [NodeSample(node="n1", time=1.0)])
    bench.send()
    assert (len(bench.samples), service.samples) == (3, [])
    bench.send()
    assert [each["job_id"] for each in service.samples] == [1, 2]


def test_a_sample_that_is_rejected_is_dropped_alone(bench, service):
    service.rejects = lambda document: any(each["job_id"] == 3 for each in document.get("samples", ()))
    bench.samples.put([sample(job) for job in range(1, 9)], [])
    bench.send()
    assert sorted(each["job_id"] for each in service.samples) == [1, 2, 4, 5, 6, 7, 8]
    assert bench.counts.samples == {STORED: 7, REFUSED: 1}
    assert bench.counts.requests[REJECTED] > 0
    assert bench.counts.samples[DROPPED] == 0


def test_a_failure_among_halves_keeps_the_rest(bench, service):
    service.faults = [answers(422), lambda handler: True, answers(503)]
    bench.samples.put([sample(job) for job in range(1, 5)], [])
    bench.send()
    assert [each["job_id"] for each in service.samples] == [1, 2]
    bench.send()
    assert [each["job_id"] for each in service.samples] == [1, 2, 3, 4]


def fails_at(path, fault=None):
    """Return a fault of one path of the service."""
    fault = fault or answers(500, b"oh")
    return lambda handler: True if handler.path != path else fault(handler)


def test_events_that_come_through_shorten_no_pause_of_the_samples(bench, service, caplog, monkeypatch):
    monkeypatch.setattr(backoff, "_chance", random.Random(7))
    service.always = fails_at(SAMPLES_PATH)
    pauses = []
    for turn in range(1, 21):
        bench.put(*runs(1, first=turn))
        bench.samples.put([sample(turn)], [])
        bench.send()
        pauses.append(bench.counts.pause)
        assert bench.left == 0
        assert not bench.counts.service_up
    assert max(pauses[10:]) > 16  # no fewer than five failures in a row
    assert [record.message for record in caplog.records] == [f"{service.url} answers 500: oh; everything is kept"]
    service.always = None
    bench.send()
    assert (len(service.samples), bench.counts.pause, bench.counts.service_up) == (20, 0, True)


def test_samples_that_have_to_wait_hold_up_no_event(bench, service):
    service.always = fails_at(SAMPLES_PATH, answers(503, Retry_After="300"))
    bench.samples.put([sample(1)], [])
    bench.send()
    bench.put(*runs(1))
    bench.forwarder.send()  # at once
    assert len(service.order) == 2
    assert [path for path, _headers, _document in service.requests].count(EVENTS_PATH) == 1


def test_while_events_have_to_wait_no_sample_is_sent(bench, service):
    service.always = fails_at(EVENTS_PATH)
    bench.put(*runs(1))
    bench.samples.put([sample(1)], [])
    for _turn in range(3):
        bench.send()
    assert (service.samples, len(bench.samples)) == ([], 1)


def test_it_sends_until_it_is_stopped(bench, service, eventually):
    thread = threading.Thread(target=bench.forwarder.run)
    thread.start()
    bench.put(*runs(1))
    eventually(lambda: len(service.order) == 2)
    service.faults = [answers(500)]
    bench.put(*runs(1, first=2))
    eventually(lambda: len(service.order) == 4)
    bench.forwarder.stop()
    thread.join(15)
    assert not thread.is_alive()
    bench.put(*runs(1, first=3))
    assert len(service.order) == 4
