"""What /proc says of a job's processes."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

import pytest
from slurm_observability.agent.cgroups.cpu_list import count_cpus
from slurm_observability.agent.kernel_files import KernelFiles
from slurm_observability.agent.processes import ProcessFiles, user_name

from tests.unit.programs.agent.node_tree import BOOT_ID, BOOTED, Proc, write


@pytest.fixture
def proc(tmp_path: Path) -> Proc:
    return Proc(tmp_path / "proc")


@pytest.fixture
def files() -> KernelFiles:
    return KernelFiles()


@pytest.fixture
def processes(proc: Proc, files: KernelFiles) -> ProcessFiles:
    return ProcessFiles(files, proc.root)


@pytest.mark.parametrize(
    ("title", "job_id"),
    [
        ("slurmstepd: [7.batch]", 7),
        ("slurmstepd: [7.extern]", 7),
        ("slurmstepd: [4294967295.0+1]", 4294967295),
        ("slurmstepd: [7.0 stepmgr]", 7),
        ("slurmstepd: [7]", 7),
        ("/usr/sbin/slurmstepd infinity", None),
        ("slurmstepd: [x.batch]", None),
        ("not slurmstepd: [7.batch]", None),
        ("", None),
    ],
)
def test_the_title_of_slurmstepd(proc: Proc, processes: ProcessFiles, title: str, job_id: int | None) -> None:
    proc.process(12, title)
    assert processes.job_id([11, 12]) == job_id


def test_when_the_first_began(proc: Proc, processes: ProcessFiles) -> None:
    proc.process(12, began=500.5)
    proc.process(13, began=20.25)
    assert processes.began([11, 12, 13]) == BOOTED + 20.25
    assert processes.began([11]) is None
    assert processes.began([]) is None


def test_a_stat_that_is_none(proc: Proc, processes: ProcessFiles, files: KernelFiles) -> None:
    write(proc.root / "12/stat", "12 (a) S 1 2 3")
    write(proc.root / "13/stat", f"13 (a) S {' '.join(['x'] * 40)}")
    assert processes.began([12, 13]) is None
    assert files.unreadable == {"stat": 1}


def test_a_kernel_that_does_not_tell_when_it_booted(proc: Proc, processes: ProcessFiles) -> None:
    proc.process(12)
    write(proc.root / "stat", "cpu 1 2\n")
    assert processes.began([12]) is None


def test_the_user(proc: Proc, processes: ProcessFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    proc.process(12)
    assert processes.uid([11, 12]) == os.getuid()
    assert processes.uid([11]) is None
    owners = {"20": 0, "21": 1000}
    monkeypatch.setattr(KernelFiles, "owner", lambda self, path: owners[Path(path).name])
    assert processes.uid([20, 21]) == 1000
    assert processes.uid([20]) == 0


def test_the_environment_is_that_of_the_first_process_of_the_job(proc: Proc, processes: ProcessFiles) -> None:
    proc.process(12, OTHER="1")
    proc.process(13, SLURM_JOB_ID="7", SLURM_JOB_GPUS="0,1", ODD="a=b\nc")
    write(proc.root / "14/environ", b"NO\0\xff=1\0SLURM_JOB_ID=8")
    assert processes.environment([11, 12, 13, 14], "SLURM_JOB_ID")["SLURM_JOB_GPUS"] == "0,1"
    assert processes.environment([13], "SLURM_JOB_ID")["ODD"] == "a=b\nc"
    assert processes.environment([14], "SLURM_JOB_ID")["SLURM_JOB_ID"] == "8"
    assert processes.environment([12], "SLURM_JOB_ID") == {}


def test_the_boot(proc: Proc, processes: ProcessFiles) -> None:
    assert processes.boot_id() == BOOT_ID
    (proc.root / "sys/kernel/random/boot_id").unlink()
    assert processes.boot_id() == ""


def test_names_of_users() -> None:
    root = pwd.getpwuid(0)
    assert user_name(root.pw_uid) == root.pw_name
    assert user_name(3_999_999_999) == "3999999999"
    assert user_name(1 << 70) == str(1 << 70)


@pytest.mark.parametrize(
    ("text", "count"),
    [("0-3,8\n", 5), ("7", 1), ("0,2,4", 3), ("", None), ("\n", None), ("0-", None), ("3-1", None), ("a", None)],
)
def test_lists_of_cpus(text: str, count: int | None) -> None:
    assert count_cpus(text) == count
