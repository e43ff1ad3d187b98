"""One source: its beat, its back-off, and what it leaves behind. The topics here are made for the test."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import replace
from pathlib import Path
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slurm_observability.exporter import sources
from slurm_observability.exporter.sources import LONGEST_PAUSE_SECONDS, Source, pauses
from slurm_observability.exporter.topic import Reading, Topic
from slurm_observability.slurm.command import SlurmError, SlurmRunner


def topic(read, interval=0.05, name="made"):
    return Topic(name, read, lambda answer, scene: (), interval)


class Script:
    """Answers in turn with what it is told: a value, or an error to raise. The last one is repeated."""

    def __init__(self, *answers) -> None:
        self.answers = list(answers)
        self.asked_at: list[float] = []

    def __call__(self) -> Reading[object]:
        self.asked_at.append(time.monotonic())
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return Reading(answer, 1)

    @property
    def gaps(self) -> list[float]:
        return [later - earlier for earlier, later in zip(self.asked_at, self.asked_at[1:], strict=False)]


@pytest.fixture
def running(eventually):
    """Run a source in a thread until a number of refreshes are done."""
    begun = []

    def begin(source: Source, attempts: int, published=lambda source: None) -> None:
        thread = threading.Thread(target=source.run, args=(published,))
        thread.start()
        begun.append((source, thread))
        eventually(lambda: source.health.attempts >= attempts)

    yield begin
    for source, thread in begun:
        source.stop()
        thread.join(10)
        assert not thread.is_alive()


def test_failures_are_counted_until_an_answer_comes():
    source = Source(topic(Script(SlurmError("a"), ValueError("b"), "answer", SlurmError("c")), interval=15))
    seen = []
    for _turn in range(4):
        source.refresh()
        seen.append((source.health.up, source.health.failures, source.health.errors, source.answer))
    assert seen == [(False, 1, 1, None), (False, 2, 2, None), (True, 0, 2, "answer"), (False, 1, 3, "answer")]
    assert source.health.rejected_lines == 1


def test_the_age_counts_from_the_last_answer_and_not_with_the_clock(monkeypatch):
    source = Source(topic(Script("answer")))
    assert source.health.age is None
    source.refresh()
    monkeypatch.setattr(time, "time", lambda: 0.0)  # somebody sets the clock back by decades
    assert 0 <= source.health.age < 5
    monkeypatch.setattr(sources, "_uptime", lambda: source.health.answered_at + 3600)  # the machine was suspended
    assert source.health.age == pytest.approx(3600)


def test_the_pause_doubles_from_one_interval_to_four():
    assert [pauses(15, failures) for failures in range(1, 5)] == [(15, 30), (15, 60), (15, 60), (15, 60)]


def test_a_source_that_is_asked_seldom_tries_again_soon():
    assert [pauses(300, failures)[1] for failures in range(1, 7)] == [30, 60, 120, 240, 300, 300]
    assert pauses(3600, 1)[0] == 15
    assert pauses(3600, 1000) == (15, LONGEST_PAUSE_SECONDS)


@given(st.floats(0.1, 86400), st.integers(1, 10**6))
def test_no_pause_is_longer_than_five_minutes_or_shorter_than_a_retry(interval, failures):
    shortest, longest = pauses(interval, failures)
    assert min(interval, 15) == shortest <= longest <= LONGEST_PAUSE_SECONDS
    assert longest >= min(2 * shortest, LONGEST_PAUSE_SECONDS)


def test_the_pause_is_shown_and_chosen_at_random_from_the_range():
    chosen = set()
    for _turn in range(20):
        source = Source(topic(Script(SlurmError("no")), interval=15))
        source.refresh()
        assert 15 <= source.health.pause <= 30
        chosen.add(source.health.pause)
    assert len(chosen) > 10
    source = Source(topic(Script(SlurmError("no"), "answer"), interval=15))
    source.refresh()
    source.refresh()
    assert source.health.pause == 0


@pytest.mark.parametrize(("wanted", "given_"), [(120, 120), (1e9, LONGEST_PAUSE_SECONDS)])
def test_slurm_is_left_alone_as_long_as_it_asks_for(wanted, given_):
    source = Source(topic(Script(SlurmError("too many requests", retry_after=wanted)), interval=15))
    source.refresh()
    assert (source.health.pause, source.health.rate_limited, source.health.errors) == (given_, 1, 1)


def test_a_short_wish_does_not_shorten_the_pause():
    source = Source(topic(Script(SlurmError("too many requests", retry_after=0)), interval=15))
    source.refresh()
    assert source.health.pause >= 15
    assert source.health.rate_limited == 1


def test_an_ordinary_failure_is_no_rate_limit():
    source = Source(topic(Script(SlurmError("no"))))
    source.refresh()
    assert source.health.rate_limited == 0


def test_a_steady_beat_does_not_drift(running):
    script = Script("answer")
    source = Source(topic(lambda: (time.sleep(0.03), script())[1], interval=0.1))
    running(source, 21)
    # The second comes after half an interval to a whole one. Each turn sleeps: with drift each takes 0.13 s.
    # A busy machine is late at some turns, and early at the next.
    assert 0.085 < median(script.gaps[1:]) < 0.12


def test_a_refresh_longer_than_the_interval_skips_the_turns_it_missed(running):
    script = Script("answer")
    source = Source(topic(lambda: (time.sleep(0.25), script())[1], interval=0.1))
    running(source, 5)
    assert all(gap >= 0.25 for gap in script.gaps)
    assert median(script.gaps) < 0.5


def test_sources_that_begin_together_do_not_stay_together(running):
    scripts = [Script("answer") for _number in range(10)]
    begun = [Source(topic(script, interval=0.4, name=str(number))) for number, script in enumerate(scripts)]
    for source in begun:
        running(source, 1)
    for source, script in zip(begun, scripts, strict=True):
        running_until = time.monotonic() + 10
        while len(script.asked_at) < 2 and time.monotonic() < running_until:
            time.sleep(0.01)
        assert 0.19 <= script.gaps[0] < 2, source.name
    assert max(script.gaps[0] for script in scripts) - min(script.gaps[0] for script in scripts) > 0.02


def test_a_source_that_fails_is_asked_less_often_and_recovers(running):
    script = Script(*[SlurmError("no")] * 4, "answer")
    source = Source(topic(script, interval=0.1))
    running(source, 5)
    assert all(gap >= 0.1 for gap in script.gaps[:4])
    assert median(script.gaps[:4]) < 0.4 + 0.2
    assert source.health.up and source.answer == "answer"


def test_a_source_at_rest_forgets_lets_go_and_goes_on_at_once(running, eventually):
    let_go = threading.Event()
    script = Script("answer")
    source = Source(Topic("made", script, lambda answer, scene: (), 3600, rest=let_go.set))
    running(source, 1)
    assert source.answer == "answer" and not source.resting
    source.rest()
    assert let_go.wait(5) and source.resting
    eventually(lambda: source.answer is None and source.health.attempts == 0)
    asked = len(script.asked_at)
    source.wake()
    eventually(lambda: source.answer == "answer")
    assert len(script.asked_at) == asked + 1 and not source.resting


def test_a_source_that_rests_from_the_start_asks_nothing_and_can_be_stopped():
    script = Script("answer")
    source = Source(topic(script))
    source.rest()
    thread = threading.Thread(target=source.run, args=(lambda source: None,))
    thread.start()
    time.sleep(0.1)
    source.stop()
    source.wake()  # too late: what is stopped stays stopped
    thread.join(5)
    assert not thread.is_alive() and script.asked_at == []


def test_those_that_share_a_turn_wait_for_each_other(running, eventually):
    turn = threading.BoundedSemaphore(1)
    inside = []
    most = []

    def slow() -> Reading[str]:
        inside.append(1)
        most.append(len(inside))
        time.sleep(0.05)
        inside.pop()
        return Reading("slow")

    for number in range(4):
        running(Source(topic(slow, name=f"slow{number}"), turn), 0)
    eventually(lambda: len(most) >= 8)
    assert max(most) == 1


def test_those_that_wait_hold_up_nobody_else(running):
    turn = threading.BoundedSemaphore(1)
    waiting = Source(topic(Script("late")), turn)
    with turn:
        running(waiting, 0)
        running(Source(topic(Script("quick"))), 10)
        assert waiting.health.attempts == 0


def test_a_hundred_failures_in_many_threads_leave_no_process_and_no_descriptor(fake_slurm, running):
    fake_slurm.answers("squeue", "x\n")
    scripts = ["echo x", "echo no >&2; exit 1", "exec sleep 600", "exec yes", "sleep 600 & exit 0", "kill -9 $$"]
    runner = SlurmRunner(0.1, max_output_bytes=100_000)
    for number, script in enumerate(scripts):
        name = f"stand-in-{number}"
        fake_slurm.does(name, script)

        def read(name: str = name) -> Reading[int]:
            return Reading(sum(len(chunk) for chunk in runner.lines([name])))

        source = Source(topic(read, interval=0.01, name=name))
        source.refresh()
        if number == 0:
            before = len(list(Path("/proc/self/fd").iterdir()))
        threads = [threading.Thread(target=lambda source=source: [source.refresh() for _turn in range(5)])] * 1
        threads += [threading.Thread(target=source.refresh) for _thread in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
    assert sum(runner.commands_started.values()) == len(scripts) * 18
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_what_cannot_be_taken_from_an_earlier_run_hurts_nobody():
    def kept():
        raise KeyError("damaged")

    source = Source(replace(topic(Script(SlurmError("away"), "answer")), kept=kept))
    source.refresh()
    assert (source.answer, source.health.errors) == (None, 1)
    source.refresh()
    assert source.answer == "answer"


def test_the_journal_says_whether_values_of_before_are_served(caplog):
    fails = topic(Script(SlurmError("away")))
    Source(fails).refresh()
    Source(replace(fails, kept=lambda: "kept")).refresh()
    after_an_answer = Source(topic(Script("good", SlurmError("away"))))
    after_an_answer.refresh()
    after_an_answer.refresh()
    assert [record.getMessage() for record in caplog.records] == [
        "made: away; it has no values yet",
        "made: away; the last good values stay",
        "made: away; the last good values stay",
    ]
