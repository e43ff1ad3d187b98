"""kill -9 of the agent, again and again, while hooks write and the service fails: no event is lost."""

from __future__ import annotations

import random
import signal
import threading
import time

from slurm_observability.jobs.event import FINISHED, STARTED

from tests.unit.programs.agent.program import Program
from tests.unit.programs.agent.service import answers, breaks_off, closes, says_goodbye
from tests.unit.programs.jobs.events import event

KILLS = 6


def stores_and_closes(handler):
    handler.answer = lambda *answer: None
    handler.close_connection = True
    return True


def test_no_event_is_lost(spool, service, tmp_path, eventually):
    chance = random.Random(4)
    written = []
    ended = threading.Event()

    def fault(handler):
        faults = [closes, breaks_off, says_goodbye, stores_and_closes, answers(500), *[lambda handler: True] * 5]
        return chance.choice(faults)(handler)

    def write():
        job = 0
        while not ended.is_set():
            job += 1
            for kind in (STARTED, FINISHED):
                each = event(job, kind, time.time())
                spool.put(each)
                written.append(each.event_id)
            time.sleep(0.05)

    service.always = fault
    writer = threading.Thread(target=write)
    writer.start()
    arguments = ("--spool", str(spool.directory), "--url", service.url)
    try:
        for _turn in range(KILLS):
            before = len(service.requests)
            program = Program(*arguments, log=tmp_path / "log")
            eventually(lambda before=before: len(service.requests) > before, 60)
            time.sleep(chance.uniform(0, 0.3))
            assert program.end(signal.SIGKILL) == -signal.SIGKILL
    finally:
        ended.set()
        writer.join()
    service.always = None
    program = Program(*arguments, log=tmp_path / "log")
    try:
        eventually(lambda: not spool.look(1).events, 120)
    finally:
        program.close()
    assert set(service.order) == set(written)
    assert len(service.order) == len(written)
    place = {event_id: number for number, event_id in enumerate(service.order)}
    for started, finished in zip(written[::2], written[1::2], strict=True):
        assert place[started] < place[finished]
    assert not spool.refused_files()
