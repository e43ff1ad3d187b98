"""Reading runs of jobs from what sacct prints."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slurm_observability.slurm.accounting import ENDED_STATES, Run, RunReader, parse_run
from slurm_observability.slurm.command import SlurmError, SlurmRunner

# Recorded from Slurm 24.11.5: held and cancelled, cancelled before it could begin, in two partitions, resized, running.
RECORDED = """\
6|Unknown|1795256015|CANCELLED by 0|hpc
62|1795259617|1795256022|CANCELLED by 0|hpc
63|Unknown|1795256022|CANCELLED by 1000|hpc,htc
65|1795256017|1795256022|RESIZING|hpc
58|1795256017|Unknown|RUNNING|hpc
"""


def test_recorded_runs(fake_slurm):
    fake_slurm.answers("sacct", RECORDED)
    assert list(RunReader(SlurmRunner(10)).ended(0, 1)) == [
        Run(6, None, 1795256015, "CANCELLED", "hpc"),
        Run(62, 1795259617, 1795256022, "CANCELLED", "hpc"),
        Run(63, None, 1795256022, "CANCELLED", "hpc,htc"),
        Run(65, 1795256017, 1795256022, "RESIZING", "hpc"),
        Run(58, 1795256017, None, "RUNNING", "hpc"),
    ]


def test_sacct_is_asked_for_a_window_and_for_nothing_that_a_user_can_type(fake_slurm):
    reader = RunReader(SlurmRunner(10))
    list(reader.ended(100, 200))
    list(reader.active(100, 200))
    ended, active = fake_slurm.calls("sacct")
    assert ended == f"{active} --state={','.join(ENDED_STATES)}"
    assert "--starttime=uts100 --endtime=uts200" in active
    assert "--format=JobIDRaw,Eligible,End,State,Partition" in active


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"6",
        b"6|1|2|RUNNING",
        b"6.batch|1|2|RUNNING|hpc",
        b"-6|1|2|RUNNING|hpc",
        b"6|1|2|by 0|hpc",
        b"99999999999|1|2|RUNNING|hpc",
        b"6|2026-01-01T00:00:00|2|RUNNING|hpc",
        b"\xff\xfe|1|2|RUNNING|hpc",
    ],
)
def test_what_is_no_run(line):
    assert parse_run(line) is None


@pytest.mark.parametrize("state", [*ENDED_STATES, "?"])
def test_every_state_is_read(state):
    assert parse_run(f"1|2|3|{state}|p".encode()) == Run(1, 2, 3, state, "p")


def test_no_character_in_a_partition_shifts_a_field():
    assert parse_run(b"1|2|3|COMPLETED|a|b c\xff") == Run(1, 2, 3, "COMPLETED", "a|b c\N{REPLACEMENT CHARACTER}")


def test_a_time_of_zero_is_none():
    assert parse_run(b"1|0|0|PENDING|p") == Run(1, None, None, "PENDING", "p")


def test_garbage_is_counted_and_passed_over(fake_slurm):
    fake_slurm.answers("sacct", "oops\n1|2|3|FAILED|p\n\n")
    reader = RunReader(SlurmRunner(10))
    assert [run.job_id for run in reader.ended(0, 1)] == [1]
    assert reader.rejected_lines == 2


def test_nothing_but_garbage_is_no_answer(fake_slurm):
    fake_slurm.answers("sacct", "Slurm accounting storage is disabled\n")
    with pytest.raises(SlurmError, match="none of them is a job"):
        list(RunReader(SlurmRunner(10)).ended(0, 1))


@given(st.binary(max_size=80))
def test_any_bytes_are_a_run_or_none(line):
    parse_run(line)
    parse_run(b"1|2|3|" + line)
