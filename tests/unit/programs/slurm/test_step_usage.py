"""Reading what running jobs use from what sstat prints, after Slurm's source (25.05 and 26.05)."""

from __future__ import annotations

import os

import pytest
from slurm_observability.slurm import step_usage
from slurm_observability.slurm.command import SlurmError, SlurmRunner
from slurm_observability.slurm.step_usage import StepUsage, may_ask, parse_usage, read_usage

from tests.unit.programs.conftest import FakeSlurm

LINES = b"""\
2.extern|cpu=00:00:00,energy=0,fs/disk=5232,mem=0,pages=0,vmem=223K
2.batch|cpu=00:00:06,energy=0,fs/disk=37576,mem=12677120,pages=0,vmem=226553856
2.0|cpu=1-00:00:10,energy=0,fs/disk=56810,gres/gpuutil=80,mem=435200000,pages=2,vmem=447602688
3+1.batch|cpu=00:00:02,mem=5
4.interactive|
5.7|energy=0
"""


def parse(text: bytes) -> dict[int, StepUsage]:
    return parse_usage(text.splitlines())


def test_the_steps_of_a_job_add_up():
    assert parse(LINES) == {
        2: StepUsage(86416.0, 435200000),
        3: StepUsage(2.0, 5),
        4: StepUsage(None, None),
        5: StepUsage(None, None),
    }


@pytest.mark.parametrize("line", [b"x", b"2|cpu=00:00:01", b"2.0|cpu=1|more", b"2.0", b"99999999999.0|", b"2.0 |a"])
def test_what_is_no_step_is_passed_over(line: bytes):
    assert parse(line + b"\n" + LINES) == parse(LINES)
    with pytest.raises(SlurmError, match="none of them is a step"):
        parse(line)


@pytest.mark.parametrize("usage", [b"cpu=NONE,mem=NONE", b"cpu=,mem=", b"cpu=-1,mem=-5", b"xcpu=00:00:01", b"mem=4K"])
def test_a_number_that_cannot_be_read_is_not_known(usage: bytes):
    assert parse(b"2.0|" + usage) == {2: StepUsage(None, None)}


def test_one_command_asks_for_many_jobs(fake_slurm: FakeSlurm):
    fake_slurm.answers("sstat", LINES)
    assert set(read_usage(SlurmRunner(30), [2, 3, 4, 5])) == {2, 3, 4, 5}
    assert [call.rpartition("=")[2] for call in fake_slurm.calls("sstat")] == ["2,3,4,5"]
    assert read_usage(SlurmRunner(30), []) == {}
    assert len(fake_slurm.calls("sstat")) == 1


@pytest.mark.parametrize(
    ("uid", "user", "may"),
    [(0, "slurm(64030)", True), (64030, "slurm(64030)", True), (1000, "slurm(64030)", False), (1000, "", False)],
)
def test_slurm_answers_root_and_its_own_user(monkeypatch: pytest.MonkeyPatch, uid: int, user: str, may: bool):
    monkeypatch.setattr(step_usage.os, "geteuid", lambda: uid)
    assert may_ask({"SlurmUser": user} if user else {}) is may
    assert os.geteuid() == uid
