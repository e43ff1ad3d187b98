"""Slurm's word in the text that a job has as its reason."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slurm_observability.slurm.reasons import OTHER, REASONS, reason_word


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("Priority", "Priority"),
        ("None", "None"),
        ("QOSMaxGRESPerUser", "QOSMaxGRESPerUser"),
        ("ReqNodeNotAvail, UnavailableNodes:n[1-9],gpu|3", "ReqNodeNotAvail"),
        ("ReqNodeNotAvail, Reserved for maintenance", "ReqNodeNotAvail"),
        ("RaisedSignal:53(Real-time_signal_19)", "RaisedSignal"),
        (
            "Nodes required for job are DOWN, DRAINED or reserved for jobs in higher priority partitions",
            "Resources",
        ),
        ("Nodes required for job are DOWN, DRAINED, REBOOTING or reserved for jobs in higher priority", "Resources"),
        ("job requeued in held state", "JobHeldUser"),
        ("job requeued in special exit state", "JobHeldUser"),
        ("launch failed requeued held", "JobHeldUser"),
        ("launch failure limit exceeded requeued held", "JobHeldUser"),
        ("user env retrieval failed requeued held", "JobHeldUser"),
        ("Reservation maint was deleted", "ReservationDeleted"),
        ("Reservation maint is invalid", "ReservationInvalid"),
        ("burst_buffer/lua: Stage-in: no such Priority", OTHER),
        ("priority", OTHER),
        ("Priority2", OTHER),
        ("PriorityX", OTHER),
        ("APriority", OTHER),
        ("", OTHER),
        ("\n", OTHER),
        ("🙂", OTHER),
    ],
)
def test_the_word(text, word):
    assert reason_word(text) == word


@given(st.text(max_size=80) | st.sampled_from(sorted(REASONS)).flatmap(lambda word: st.text().map(word.__add__)))
def test_there_are_never_more_reasons_than_words(text):
    assert reason_word(text) in REASONS | {OTHER}
