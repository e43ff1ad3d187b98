"""Reading what ended jobs used from what sacct prints, with steps."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slurm_observability.slurm.command import SlurmError, SlurmRunner
from slurm_observability.slurm.efficiency import EndedJob, EndedJobReader, seconds

# As Slurm 22.05.8, 24.11.5 and 26.05.5 print it: a job with two steps, of which the second has two tasks; a job that
# never started; a job whose steps were too short to be sampled; a job that still completes; a job without steps.
LINES = """\
2|1795266114|1795266161|47|2|00:14.343|billing=2,cpu=2,gres/gpu=2,node=1|billing=2,cpu=2,gres/gpu=2,mem=1000M,node=1||hpc
2.batch|1795266114|1795266161|47|2|00:07.872|cpu=2,gres/gpu=2,mem=0,node=1||\
cpu=00:00:06,energy=0,fs/disk=37576,mem=12677120,pages=0,vmem=226553856|
2.0|1795266140|1795266161|21|2|00:06.471|cpu=2,gres/gpu=2,mem=0,node=1||\
cpu=00:00:06,energy=0,fs/disk=56810,mem=435200000,pages=2,vmem=447602688|
5|None|1795266222|0|0|00:00:00||billing=20,cpu=20,mem=1000M,node=1||hpc
1|1795265992|1795265993|1|1|00:00.002|billing=1,cpu=1,mem=2G,node=1|billing=1,cpu=1,mem=8000M,node=1||htc
1.0|1795265992|1795265993|1|1|00:00.002|cpu=1,mem=0,node=1||energy=0|
4|1795266161|Unknown|45|1|00:00:00|billing=1,cpu=1,node=1|billing=1,cpu=1,mem=8000M,node=1||hpc
4.batch|1795266161|Unknown|45|1|00:00:00|cpu=1,mem=0,node=1|||
9|1795266161|1795266171|10|1|00:00:00|billing=1,cpu=1,node=1|billing=1,cpu=1,node=1||hpc
"""


def reader() -> EndedJobReader:
    return EndedJobReader(SlurmRunner(10))


def parse(text: str) -> list[EndedJob]:
    return list(reader().parse(text.encode().splitlines()))


def test_jobs_with_their_steps():
    assert parse(LINES) == [
        EndedJob(2, 1795266114, 1795266161, "hpc", 47, 2, 14.343, 435200000, 1000 * 2**20),
        EndedJob(1, 1795265992, 1795265993, "htc", 1, 1, 0.002, None, 2 * 2**30),
        EndedJob(9, 1795266161, 1795266171, "hpc", 10, 1, None, None, None),
    ]


def test_a_step_that_was_lost_with_its_node_leaves_the_time_unknown_and_not_zero():
    lost = LINES.replace("cpu=00:00:06,energy=0,fs/disk=56810,mem=435200000,pages=2,vmem=447602688", "")
    job = parse(lost)[0]
    assert (job.cpu_seconds, job.memory_bytes) == (None, 12677120)


def test_each_run_of_a_requeued_job_has_its_own_steps():
    first = "".join(line + "\n" for line in LINES.splitlines()[:3])
    second = first.replace("1795266114", "1795266200").replace("mem=435200000", "mem=5")
    assert [(job.start, job.memory_bytes) for job in parse(first + second)] == [
        (1795266114, 435200000),
        (1795266200, 12677120),
    ]


def test_a_step_without_its_job_is_passed_over():
    assert parse("".join(line + "\n" for line in LINES.splitlines()[1:4])) == []
    assert parse("1.0|1|2|1|1|00:00.002|||energy=0|\n") == []


@pytest.mark.parametrize(
    "text, value",
    [
        ("00:00:00", 0.0),
        ("00:14.343", 14.343),
        ("01:02:03", 3723.0),
        ("2-01:02:03", 2 * 86400 + 3723.0),
        ("", None),
        ("14.343", None),
        ("x", None),
    ],
)
def test_durations(text, value):
    assert seconds(text.encode()) == value


def test_lines_that_cannot_be_read_are_counted():
    good = reader()
    for turn in (1, 2):
        assert len(list(good.parse([b"garbage", *LINES.encode().splitlines(), b"garbage"]))) == 3
        assert good.rejected_lines == 2 * turn
    with pytest.raises(SlurmError, match="2 lines, and none of them is a job"):
        list(reader().parse([b"garbage", b"garbage"]))


def test_a_partition_may_be_named_anything():
    lines = [line.replace(b"|hpc", b"|h|\xff") for line in LINES.encode().splitlines()]
    job = next(reader().parse(lines))
    assert job.partition == "h|\ufffd"


def test_sacct_is_asked_for_a_window(fake_slurm):
    fake_slurm.answers("sacct", LINES)
    assert len(list(reader().ended(100, 200))) == 3
    (call,) = fake_slurm.calls("sacct")
    assert call.endswith("--starttime=uts100 --endtime=uts200")
    assert "--allocations" not in call


@given(st.lists(st.binary(max_size=80)))
def test_no_bytes_stop_it(lines):
    assert len(list(reader().parse([*LINES.encode().splitlines(), *lines]))) >= 3
