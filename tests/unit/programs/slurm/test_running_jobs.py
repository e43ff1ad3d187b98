"""Reading running jobs one by one, whatever users call them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slurm_observability.slurm.command import SlurmError, SlurmRunner
from slurm_observability.slurm.running_jobs import RunningJob, RunningJobs, read_running_jobs

from tests.unit.programs.squeue import MARK, mark_in

# Slurm 26.05: two tasks of an array, and a job on two nodes.
LINES = (
    b"14|MARK|3|0|alice|hpc|node1|MARK|normal|MARK|research|MARK|wrap",
    b"3|MARK|3|1|alice|hpc|node1|MARK|normal|MARK|research|MARK|wrap",
    b"2|MARK|2|N/A|bob|htc|node[1-2]|MARK|normal|MARK|(null)|MARK|train",
)
TASK = RunningJob(14, "3", "0", "alice", "hpc", ("node1",), "normal", "research")
OTHER_TASK = RunningJob(3, "3", "1", "alice", "hpc", ("node1",), "normal", "research")
LONE = RunningJob(2, "", "", "bob", "htc", ("node1", "node2"), "normal", "")


class Squeue:
    """A runner whose squeue prints the lines with the mark that it is given, and names where it is asked for them."""

    def __init__(self, *lines: bytes) -> None:
        self.text = b"\n".join(lines)
        self.marks: list[bytes] = []

    def lines(self, argv):
        mark = mark_in(argv[-1])
        self.marks.append(mark)
        if self.text:
            text = self.text if ",Name:" in argv[-1] else re.sub(rb"(?m)\|MARK\|[^|\n]*$", b"", self.text)
            yield text.replace(MARK, mark).split(b"\n")


def read(*lines: bytes, with_names: bool = True) -> RunningJobs:
    return read_running_jobs(Squeue(*lines), with_names)


def test_every_fact_of_a_job():
    assert read(*LINES, with_names=False).jobs == (LONE, OTHER_TASK, TASK)
    assert read(LINES[2]).jobs == (LONE._replace(name="train"),)


def test_no_job_is_an_answer(fake_slurm):
    assert read() == RunningJobs(())
    assert read_running_jobs(SlurmRunner(10), False) == RunningJobs(())
    (call,) = fake_slurm.calls("squeue")
    assert "--states=RUNNING" in call and ",Name:" not in call


@pytest.mark.parametrize(
    ("name", "read_as"),
    [
        (b"a|b", "a|b"),
        (b"", ""),
        (b"\xff\xfe", 2 * "\N{REPLACEMENT CHARACTER}"),
        (b"a\n999||9|N/A|mallory|hpc|node1|normal|root|x", "a"),
        (b"a\n999|0123456789abcdef|9|N/A|mallory|hpc|node1|0123456789abcdef|normal|0123456789abcdef|root", "a"),
        (b"\n\n", ""),
    ],
)
def test_a_name_cannot_make_a_job(name, read_as):
    answer = read(LINES[2].replace(b"train", name), LINES[0])
    assert answer.jobs == (LONE._replace(name=read_as), TASK._replace(name="wrap"))
    assert answer.rejected_lines == name.count(b"\n")


def test_any_byte_can_be_in_a_partition():
    assert read(LINES[2].replace(b"htc", b"h\xff"), with_names=False).jobs == (LONE._replace(partition="h\ufffd"),)


def test_a_number_is_as_long_as_slurm_could_make_it():
    assert read(LINES[2].replace(b"2|MARK|2", b"9" * 18 + b"|MARK|2")).jobs[0].job_id == 10**18 - 1


def test_a_break_in_an_account_ends_the_texts_and_nothing_else():
    answer = read(LINES[0].replace(b"research", b"x\n2|MARK"), LINES[2])
    assert answer.jobs == (LONE._replace(name="train"), TASK._replace(account="x"))


def test_the_mark_is_new_each_time():
    squeue = Squeue(*LINES)
    read_running_jobs(squeue, True)
    read_running_jobs(squeue, True)
    first, second = squeue.marks
    assert first != second


@pytest.mark.parametrize(
    "line",
    [
        LINES[0][:20],
        LINES[0].replace(b"14", b"x"),
        LINES[0].replace(b"14", b"9" * 5000),
        LINES[0].replace(b"MARK", b"0123456789abcdef"),
        LINES[0].replace(b"hpc", b"h|pc"),
        b"",
        LINES[2],  # the same job again
    ],
)
def test_what_is_no_job_is_passed_over_and_counted(line):
    answer = read(LINES[2], line, with_names=False)
    assert answer == RunningJobs((LONE,), 1)


@pytest.mark.parametrize("with_names", [True, False])
def test_nothing_but_garbage_is_no_answer(fake_slurm, with_names):
    fake_slurm.answers("squeue", "Unable to contact slurm controller\n")
    with pytest.raises(SlurmError, match="1 lines, and none of them is a running job"):
        read_running_jobs(SlurmRunner(10), with_names)


@given(st.binary(max_size=60), st.booleans())
def test_any_bytes_are_no_job(line, with_names):
    assert read(LINES[0], line, with_names=with_names).jobs[-1].job_id == 14
