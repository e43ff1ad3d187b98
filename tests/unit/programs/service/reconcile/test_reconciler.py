"""What Slurm says gets into the database, and nothing that it did not say."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import pytest
from slurm_observability.jobs.event import FINISHED, STARTED
from slurm_observability.service.reconcile import missing
from slurm_observability.service.reconcile.reconciler import DAY, DEEP_EVERY, HOUR, MARK, MINUTE
from slurm_observability.service.store.errors import StoreError
from slurm_observability.slurm.command import SlurmError

from tests.unit.programs.service.reconcile.conftest import NOW
from tests.unit.programs.service.reconcile.simulated_slurm import Life


def test_runs_that_no_hook_reported_are_added_and_marked(scene, slurm):
    slurm.lives = [Life(1, 0, NOW - 100, NOW + 100), Life(2, 0, NOW - 3 * DAY, NOW - 2 * DAY, "failed", 3)]
    scene.turn()
    assert scene.states() == [(1, 0, "running"), (2, 0, "failed")]
    assert [(run.reported, run.reconciled, run.state_source) for run in scene.runs()] == [(False, True, "slurm")] * 2
    scene.turn(200)
    assert scene.states() == [(1, 0, "completed"), (2, 0, "failed")]


def test_the_first_reading_goes_back_so_far_and_no_further(scene, slurm):
    slurm.lives = [Life(1, 0, NOW - 9 * DAY, NOW - 8 * DAY), Life(2, 0, NOW - 9 * DAY, NOW - 7 * DAY + 1)]
    scene.turn()
    assert scene.states() == [(2, 0, "completed")]
    windows = [question.split()[1:] for question in slurm.asked if question.startswith("ended")]
    assert len(windows) == 8
    assert all(int(end) - int(start) <= DAY for start, end in windows)
    assert [end for _start, end in windows[:-1]] == [start for start, _end in windows[1:]]


def test_a_restart_goes_on_where_the_reading_stopped(scene, slurm):
    scene.turn()
    assert scene.store.get_mark(MARK) == str(NOW)
    slurm.lives = [Life(1, 0, NOW + 10, NOW + 20)]
    slurm.now += 3 * DAY
    scene.restart()
    slurm.asked.clear()
    scene.turn()
    assert slurm.asked[1] == f"ended {NOW - 15 * MINUTE} {NOW - 15 * MINUTE + DAY}"
    assert scene.states() == [(1, 0, "completed")]


def test_a_clock_that_was_set_back_leaves_nothing_out(scene, slurm):
    scene.turn()
    slurm.now -= HOUR
    slurm.lives = [Life(1, 0, slurm.now - 100, slurm.now - 50)]
    scene.turn()
    assert scene.states() == [(1, 0, "completed")]


def test_late_records_are_found(scene, slurm):
    slurm.lives = [Life(1, 0, NOW - 100, NOW + 100, recorded=NOW + 3 * HOUR)]
    slurm.now += 200
    scene.turn()
    slurm.now = NOW + 3 * HOUR
    scene.turn()
    assert scene.states() == [(1, 0, "completed")]


def test_a_piece_that_fails_is_read_again_and_the_others_stay_read(scene, slurm, monkeypatch):
    slurm.lives = [Life(1, 0, NOW - 6 * DAY, NOW - 6 * DAY + 5), Life(2, 0, NOW - DAY, NOW - DAY + 5)]
    answer = slurm.ended
    monkeypatch.setattr(
        slurm, "ended", lambda since, until: iter(()) if until > NOW - 3 * DAY and fail() else answer(since, until)
    )
    with pytest.raises(SlurmError):
        scene.reconciler.read_ended()
    assert scene.states() == [(1, 0, "completed")]
    monkeypatch.undo()
    slurm.now += HOUR
    scene.reconciler.read_ended()
    assert scene.states() == [(1, 0, "completed"), (2, 0, "completed")]


def fail():
    raise SlurmError("slurmdbd is down")


def test_what_was_stored_is_not_stored_again(scene, slurm, monkeypatch):
    slurm.lives = [Life(1, 0, NOW - 100, NOW - 50), Life(2, 0, NOW - 100, NOW + 1000)]
    scene.turn()
    stored = []
    monkeypatch.setattr(scene.store, "add_records", lambda records, now: stored.append(records))
    scene.turn(60)
    assert stored == []


def test_what_runs_is_repeated_now_and_then(scene, slurm):
    slurm.lives = [Life(1, 0, NOW - 100, NOW + DAY)]
    scene.turn()
    scene.turn(200)
    assert scene.metrics()["slurm_records_total", "same"] == 0
    scene.turn(200)
    assert scene.metrics()["slurm_records_total", "same"] == 1


def test_an_end_by_events_is_confirmed(scene, slurm):
    """The exit code alone cannot tell a failure from a time limit."""
    life = Life(1, 0, NOW - 100, NOW - 50, "timeout", 1, recorded=NOW + DAY)
    slurm.lives = [life]
    scene.events(*life.events())
    scene.turn()
    assert [(run.state, run.state_source) for run in scene.runs()] == [("failed", "events")]
    slurm.lives = [Life(1, 0, NOW - 100, NOW - 50, "timeout", 1)]
    scene.turn(180)
    assert [(run.state, run.state_source) for run in scene.runs()] == [("timeout", "slurm")]


@pytest.mark.parametrize("task", ["read_queue", "read_ended"])
def test_an_event_that_names_no_cluster_is_of_slurm_s(scene, slurm, task):
    """Whoever is asked first: accounting answers also where slurmctld is down."""
    slurm.lives = [Life(1, 0, NOW - 100, NOW + (100 if task == "read_queue" else -50), "timeout")]
    started, ended = (replace(event, cluster="") for event in slurm.lives[0].events())
    scene.events(started)
    getattr(scene.reconciler, task)()
    scene.events(ended)
    assert [(run.cluster, run.reported) for run in scene.runs()] == [("lab", True)]


@pytest.mark.parametrize("first", ["events", "slurm"])
def test_sacct_shows_some_exit_codes_less_128(scene, slurm, first):
    """Up to 25.05: what the hooks say is the true one, whoever says it first."""
    life = Life(1, 0, NOW - 100, NOW - 50, "failed", 137)
    slurm.lives = [replace(life, exit_code=9)]
    if first == "events":
        scene.events(*life.events())
    scene.turn()
    scene.events(*life.events())
    scene.turn(200)
    assert [(run.state, run.exit_code) for run in scene.runs()] == [("failed", 137)]


def test_a_dead_node_has_no_epilog(scene, slurm):
    life = Life(1, 0, NOW - 100, NOW + 30, "node_fail")
    slurm.lives = [life]
    scene.events(*life.events())
    scene.turn()
    assert scene.states() == [(1, 0, "running")]
    scene.turn(60)
    assert scene.states() == [(1, 0, "node_fail")]


def test_a_run_that_slurm_does_not_know_is_lost_after_the_grace(scene, slurm):
    scene.events(Life(99999, 0, NOW, NOW + 10).event("n1", STARTED))
    for _ in range(6):
        scene.turn(100)
        assert scene.states() == [(99999, 0, "running")]
    for _ in range(6):
        scene.turn(100)
    (run,) = scene.runs()
    assert (run.state, run.state_source, run.reason, run.ended_at) == ("unknown", "slurm", missing.NOT_KNOWN, None)
    assert scene.metrics()["runs_lost_total",] == 1


def test_a_lost_run_comes_back_with_a_late_epilog(scene, slurm):
    life = Life(99999, 0, NOW, NOW + 10)
    scene.events(life.event("n1", STARTED))
    for _ in range(12):
        scene.turn(100)
    scene.events(life.event("n1", FINISHED))
    assert scene.states() == [(99999, 0, "ended")]


def test_a_run_without_an_end_in_accounting_is_lost_too(scene, slurm):
    """Slurm calls it a runaway job."""
    life = Life(1, 0, NOW - 100, NOW, recorded=NOW + DAY)
    slurm.lives = [life]
    scene.events(life.event("n1", STARTED))
    for _ in range(12):
        scene.turn(100)
    assert [(run.state, run.reason) for run in scene.runs()] == [("unknown", missing.RUNAWAY)]
    slurm.now = NOW + DAY
    scene.turn()
    assert scene.states() == [(1, 0, "completed")]


def test_a_run_of_another_cluster_is_not_lost(scene, slurm):
    """Its own Slurm is not the one that is asked."""
    slurm.lives = []
    theirs = replace(Life(1, 0, NOW - 100, NOW + DAY).event("n1", STARTED), cluster="another")
    scene.events(theirs)
    for _ in range(12):
        scene.turn(100)
    assert scene.states() == [(1, 0, "running")]
    assert "known" not in slurm.asked


def test_a_requeued_run_is_known_by_the_one_after_it(scene, slurm):
    """Where accounting does not say it, or there is none."""
    first, second = Life(1, 0, NOW - 200, NOW - 100, recorded=NOW + DAY), Life(1, 1, NOW + 20, NOW + 5000)
    slurm.lives = [first, second]
    scene.events(first.event("n1", STARTED))
    scene.turn()
    scene.turn(150)
    assert scene.states() == [(1, 0, "requeued"), (1, 1, "running")]
    assert scene.runs()[0].ended_at == second.start - 10  # its submission


def test_requeued_runs_are_told_apart_where_accounting_tells_no_restarts(scene, slurm):
    """Before 24.11, by their times."""
    slurm.restarts = False
    lives = [
        Life(1, 0, NOW - 1000, NOW - 900, "requeued"),
        Life(1, 1, NOW - 700, NOW - 699, "requeued", nodes=("n1", "n2")),
        Life(1, 2, NOW - 500, NOW - 100, "failed", 3),
    ]
    slurm.lives = lives
    scene.events(*lives[2].events(), lives[1].event("n2", FINISHED), *lives[0].events())
    scene.turn()
    scene.turn(200)
    assert [
        (*state, run.started_at, run.ended_at) for state, run in zip(scene.states(), scene.runs(), strict=True)
    ] == [(life.job_id, life.restart, life.state, life.start, life.end) for life in lives]


@pytest.mark.parametrize("down", ["queue_down", "accounting_down"])
def test_no_answer_is_not_an_empty_answer(scene, slurm, down):
    life = Life(1, 0, NOW - 100, NOW + 30 * DAY)
    slurm.lives = [life]
    scene.events(life.event("n1", STARTED))
    scene.turn()
    setattr(slurm, down, True)
    if down == "accounting_down":
        slurm.lives = []  # out of the queue, and nobody can say why
    for _ in range(20):
        slurm.now += 100
        for task in (scene.reconciler.read_queue, scene.reconciler.read_ended, scene.reconciler.settle):
            with suppress(SlurmError):
                task()
    assert scene.states() == [(1, 0, "running")]
    assert scene.metrics()["runs_lost_total",] == 0


def test_slurm_is_left_alone_for_longer_and_longer(scene, slurm):
    slurm.queue_down = True
    for _ in range(600):
        slurm.now += 1
        with pytest.raises(SlurmError, match="did not answer"):
            scene.reconciler.read_queue()
    assert 4 <= len(slurm.asked) <= 30
    assert scene.metrics()["slurm_errors_total", "queue"] == len(slurm.asked)
    assert ("slurm_last_success_timestamp_seconds", "queue") not in scene.metrics()
    slurm.queue_down = False
    slurm.now += 301
    scene.reconciler.read_queue()
    slurm.now += 1
    scene.reconciler.read_queue()
    assert scene.metrics()["slurm_last_success_timestamp_seconds", "queue"] == slurm.now


def test_what_a_full_disk_kept_out_is_stored_later(scene, slurm, monkeypatch):
    slurm.lives = [Life(1, 0, NOW - 100, NOW + 1000), Life(2, 0, NOW - 100, NOW - 50)]

    def full(records, now):
        raise StoreError("the disk is full")

    monkeypatch.setattr(scene.store, "add_records", full)
    for task in (scene.reconciler.read_queue, scene.reconciler.read_ended):
        with pytest.raises(StoreError):
            task()
    monkeypatch.undo()
    scene.turn(15)
    assert scene.states() == [(1, 0, "running"), (2, 0, "completed")]


def test_a_job_that_is_cleaned_up_has_not_ended_for_us(scene, slurm, monkeypatch):
    """Its restart may be that of its next run already, and its state tells nothing."""
    life = Life(1, 0, NOW - 100, NOW)
    scene.events(life.event("n1", STARTED))
    slurm.lives = [Life(1, 1, NOW - 100, NOW + DAY)]
    answer = slurm.active
    monkeypatch.setattr(slurm, "active", lambda: [_completing(run) for run in answer()])
    monkeypatch.setattr(slurm, "known", lambda ids: [])
    for _ in range(20):
        scene.turn(100)
    assert scene.states() == [(1, 0, "running")]


def _completing(record):
    return replace(record, state="completing")


def test_many_runs_are_asked_for_in_turns(scene, slurm):
    lives = [Life(number, 0, NOW - 1000, NOW - 500, recorded=NOW + DAY) for number in range(1, 251)]
    scene.events(*(life.event("n1", STARTED) for life in lives))
    slurm.now += 200
    asked = []
    known = slurm.known
    slurm.known = lambda ids: asked.append(list(ids)) or known(ids)
    for _ in range(4):
        scene.turn(15)
    assert [len(ids) for ids in asked] == [100, 100, 50]
    assert sorted(number for ids in asked for number in ids) == list(range(1, 251))


def test_deep_readings_are_an_hour_apart(scene, slurm):
    scene.turn()
    starts = []
    for _ in range(3):
        slurm.asked.clear()
        scene.turn(DEEP_EVERY // 2)
        starts.append(int(slurm.asked[1].split()[1]))
    assert [slurm.now - start > DAY for start in starts] == [False, True, False]


def test_metrics(scene, slurm):
    slurm.lives = [Life(1, 0, NOW - 100, NOW - 50)]
    assert ("accounting_lag_seconds",) not in scene.metrics()
    scene.turn()
    slurm.now += 30
    assert scene.metrics() == {
        ("slurm_last_success_timestamp_seconds", "queue"): NOW,
        ("slurm_last_success_timestamp_seconds", "ended"): NOW,
        ("slurm_errors_total", "queue"): 0,
        ("slurm_errors_total", "ended"): 0,
        ("slurm_errors_total", "known"): 0,
        ("slurm_rejected_rows_total",): 0,
        ("accounting_lag_seconds",): 30,
        ("slurm_records_total", "new"): 1,
        ("slurm_records_total", "changed"): 0,
        ("slurm_records_total", "same"): 0,
        ("slurm_records_total", "refused"): 0,
        ("runs_lost_total",): 0,
        ("runs_missing",): 0,
    }
