"""Reading runs of jobs from what sacct prints."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slurm_observability.slurm.accounting import ENDED_STATES, Run, RunKind, RunReader, run_parser
from slurm_observability.slurm.command import SlurmError, SlurmRunner
from slurm_observability.slurm.tres import Tres

# Recorded from Slurm 24.11.5: requeued twice, resized, an array task with a GPU, two nodes, suspended and cancelled,
# held and cancelled, running.
RECORDED = """\
3|1795266129|1795266129|1795266129|1795266135|6|REQUEUED|billing=2,cpu=2,node=1|hpc
3|1795266135|1795266135|1795266137|1795266148|11|REQUEUED|billing=2,cpu=2,node=1|hpc
4|1795266138|1795266138|1795266140|1795266142|2|RESIZING|billing=2,cpu=2,node=2|hpc
8|1795266143|1795266144|1795266147|1795266148|1|COMPLETED|billing=1,cpu=1,gres/gpu=1,node=1|hpc
12|1795266403|1795266403|1795266403|1795266404|1|COMPLETED|billing=5,cpu=5,node=2|hpc
14|1795266403|1795266403|1795266403|1795266412|6|CANCELLED by 0|billing=1,cpu=1,node=1|hpc
63|1795256001|Unknown|Unknown|1795256022|0|CANCELLED by 1000||hpc,htc
2|1795266129|1795266129|1795266129|Unknown|24|RUNNING|billing=1,cpu=1,node=1|hpc
""".replace("|", "\x1f")
LINE = b"1|2|3|4|9|5|FAILED|cpu=1,node=1|p".replace(b"|", b"\x1f")

parse_run = run_parser(b"\x1f")


def test_recorded_runs(fake_slurm):
    fake_slurm.answers("sacct", RECORDED)
    runs = list(RunReader(SlurmRunner(10)).ended(0, 1))
    assert [(run.job_id, run.kind.state) for run in runs] == [
        (3, "REQUEUED"),
        (3, "REQUEUED"),
        (4, "RESIZING"),
        (8, "COMPLETED"),
        (12, "COMPLETED"),
        (14, "CANCELLED"),
        (63, "CANCELLED"),
        (2, "RUNNING"),
    ]
    assert runs[3] == Run(
        8, 1795266143, 1795266144, 1795266147, 1795266148, 1, RunKind("COMPLETED", "hpc", Tres(cpus=1, nodes=1, gpus=1))
    )
    assert runs[6] == Run(63, 1795256001, None, None, 1795256022, 0, RunKind("CANCELLED", "hpc,htc"))
    assert runs[7].end is None
    assert len({(run.job_id, run.submit) for run in runs}) == len(runs)


def test_sacct_is_asked_for_a_window_and_for_nothing_that_a_user_can_type(fake_slurm):
    reader = RunReader(SlurmRunner(10))
    list(reader.ended(100, 200))
    list(reader.active(100, 200))
    ended, active = fake_slurm.calls("sacct")
    assert ended == f"{active} --state={','.join(ENDED_STATES)}"
    assert "--starttime=uts100 --endtime=uts200" in active
    assert "--format=JobIDRaw,Submit,Eligible,Start,End,ElapsedRaw,State,AllocTRES,Partition " in active
    assert "--delimiter=\x1f " in active


def test_users_and_accounts_are_asked_for_by_option(fake_slurm):
    answer = (
        'case "$*" in *Partition,User,Account*) ;; *) exit 1;; esac; '
        "for word; do case $word in --delimiter=*) d=${word#--delimiter=};; esac; done; "
        'printf "1${d}2${d}3${d}4${d}9${d}5${d}FAILED${d}cpu=2${d}hpc${d}alice${d}research\\n"'
    )
    fake_slurm.does("sacct", answer)
    (run,) = RunReader(SlurmRunner(10), ("account", "user")).ended(0, 1)
    assert run.kind == RunKind("FAILED", "hpc", Tres(cpus=2), "alice", "research")


def test_an_account_that_somebody_typed_forges_no_line(fake_slurm):
    # Without AccountingStorageEnforce it may hold anything. The delimiter of the lines is another one each time.
    forged = LINE.decode()
    answer = (
        "for word; do case $word in --delimiter=*) d=${word#--delimiter=};; esac; done; "
        'printf "1${d}2${d}3${d}4${d}9${d}5${d}FAILED${d}cpu=2${d}hpc${d}a\\n' + forged + '\\nb|\\037c\\n"'
    )
    fake_slurm.does("sacct", answer)
    reader = RunReader(SlurmRunner(10), ("account",))
    (run,) = reader.ended(0, 1)
    assert (run.kind.account, reader.rejected_lines) == ("a", 2)


def test_the_delimiter_of_accounts_cannot_be_known_before():
    assert RunReader(SlurmRunner(1), ("account",))._command != RunReader(SlurmRunner(1), ("account",))._command
    assert RunReader(SlurmRunner(1), ("user",))._command == RunReader(SlurmRunner(1), ("user",))._command


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (LINE, b""),
        (LINE, b"6"),
        (b"1\x1f", b"1.batch\x1f"),
        (b"1\x1f", b"-1\x1f"),
        (b"1\x1f", b"99999999999\x1f"),
        (b"2\x1f", b"Unknown\x1f"),
        (b"3\x1f", b"2026-01-01T00:00:00\x1f"),
        (b"5\x1f", b"00:00:05\x1f"),
        (b"FAILED", b"by 0"),
        (b"FAILED", b"FAILED\x1fmore"),
        (b"\x1fp", b""),
        (b"1\x1f", b"\xff\xfe\x1f"),
        (b"p", b"p\x1fmore"),
    ],
)
def test_what_is_no_run(old, new):
    assert old in LINE and parse_run(LINE) is not None
    assert parse_run(LINE.replace(old, new, 1)) is None


@pytest.mark.parametrize("state", [*ENDED_STATES, "?"])
def test_every_state_is_read(state):
    assert parse_run(LINE.replace(b"FAILED", state.encode())).kind.state == state


def test_a_time_of_zero_is_none():
    run = parse_run(b"1|2|0|None|Unknown|0|PENDING||p".replace(b"|", b"\x1f"))
    assert (run.eligible, run.start, run.end) == (None, None, None)


def test_garbage_is_counted_and_passed_over(fake_slurm):
    fake_slurm.answers("sacct", b"oops\n" + LINE + b"\n\n")
    reader = RunReader(SlurmRunner(10))
    for rejected in (2, 4):
        assert [run.job_id for run in reader.ended(0, 1)] == [1]
        assert reader.rejected_lines == rejected


def test_nothing_but_garbage_is_no_answer(fake_slurm):
    fake_slurm.answers("sacct", "Slurm accounting storage is disabled\n")
    with pytest.raises(SlurmError, match="none of them is a job"):
        list(RunReader(SlurmRunner(10)).ended(0, 1))


@given(st.binary(max_size=80), st.sampled_from([(), ("user",), ("account",), ("account", "user")]))
def test_any_bytes_are_a_run_or_none(text, labels):
    parse = run_parser(b"\x1f", labels)
    parse(text)
    run = parse(LINE[:-1] + text)
    assert run is None or run.job_id == 1
