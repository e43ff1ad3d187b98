"""Slurm's words."""

from __future__ import annotations

import pytest
from slurm_observability.service import states
from slurm_observability.service.scheduler.queue import shown_state
from slurm_observability.service.scheduler.words import (
    Exit,
    JobName,
    State,
    exit_of,
    job_name,
    number,
    reason_of,
    state_of,
    time_of,
)


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("COMPLETED", State("completed")),
        ("CANCELLED by 1000", State("cancelled", 1000)),
        ("CANCELLED+", State("cancelled")),
        ("REQUEUED", State("requeued")),
        ("RESIZING", State("resizing")),
        ("UNKNOWN", None),
        ("?", None),
        ("completed", None),
        ("ENDED", None),
        ("", None),
    ],
)
def test_states_of_accounting(text, state):
    assert state_of(text) == state


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("RUNNING", "running"),
        ("CONFIGURING", "running"),
        ("RESIZING", "running"),
        ("REQUEUED", "pending"),
        ("SPECIAL_EXIT", "pending"),
        ("STOPPED", "suspended"),
        ("STAGE_OUT", "completing"),
    ],
)
def test_flags_that_the_queue_shows(word, state):
    assert shown_state(word) == State(state)


def test_every_state_but_two_is_a_word_of_slurm():
    assert {state for state in states.STATES if state_of(state.upper()) is None} == {"ended", "unknown"}
    assert {state_of(state.upper()) for state in states.FINAL} == {State(state) for state in states.FINAL}


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("3:0", Exit(3, 0)),
        ("0:9", Exit(0, 9)),
        ("768", Exit(3, 0)),
        ("9", Exit(0, 9)),
        ("35072", Exit(137, 0)),
        ("", Exit()),
        ("N/A", Exit()),
    ],
)
def test_exits(text, status):
    assert exit_of(text) == status


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("7", JobName()),
        ("20_3", JobName(array_job_id=20, array_task_id=3)),
        ("20_[4-9%2]", JobName(array_job_id=20)),
        ("20_[4-9,11...", JobName(array_job_id=20)),
        ("21+1", JobName(het_job_id=21, het_job_offset=1)),
        ("7.batch", None),
        ("", None),
    ],
)
def test_names_of_jobs(text, name):
    assert job_name(text) == name


def test_numbers_and_times():
    assert [number(text) for text in ("0", "12", "Unknown", "-1", "", "9" * 13)] == [0, 12, None, None, None, None]
    assert [time_of(text) for text in ("0", "1795243831", "None")] == [None, 1795243831, None]


def test_reasons():
    assert reason_of("None", State("completed")) == ""
    assert reason_of("TimeLimit", State("timeout")) == "TimeLimit"
    assert reason_of("None", State("cancelled", 0)) == "cancelled by uid 0"
    assert reason_of("None", State("node_fail"), "node1") == "node1 failed"
    assert reason_of("None", State("failed"), "node1") == ""
