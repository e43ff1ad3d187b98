"""Jobs and what they used, out of control groups of version 2."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from slurm_observability.agent.cgroups.find import find_hierarchy
from slurm_observability.agent.cgroups.group import Hierarchy, StepGroup
from slurm_observability.agent.cgroups.usage import Usage
from slurm_observability.agent.cgroups.v2 import SCOPE_SECONDS, CgroupV2
from slurm_observability.agent.kernel_files import KernelFiles

from tests.unit.programs.agent.node_tree import Proc, TreeV2, remove, write

SLUID = "sEKNKTV3WPV500"


@pytest.fixture
def tree(tmp_path: Path) -> TreeV2:
    return TreeV2(tmp_path / "cgroup", Proc(tmp_path / "proc"))


def hierarchy(tree: TreeV2, files: KernelFiles | None = None) -> Hierarchy:
    found = find_hierarchy(tree.root, files or KernelFiles())
    assert found is not None and found.version == 2
    return found


@pytest.mark.parametrize(
    ("scope", "node"),
    [
        ("system.slice/slurmstepd.scope", ""),
        ("system.slice/node1_slurmstepd.scope", "node1"),
        ("system.slice/a_b_slurmstepd.scope", "a_b"),
        ("hpc.slice/hpc-jobs.slice/slurmstepd.scope", ""),
        ("system.slice/docker-4f2a.scope/system.slice/slurmstepd.scope", ""),
    ],
)
@pytest.mark.parametrize(("name", "job_id", "sluid"), [("job_7", 7, ""), (SLUID, None, SLUID)])
def test_every_place(tmp_path: Path, scope: str, node: str, name: str, job_id: int | None, sluid: str) -> None:
    tree = TreeV2(tmp_path / "cgroup", Proc(tmp_path / "proc"), scope)
    path = tree.job(name, 7)
    (job,) = hierarchy(tree).jobs()
    assert (job.job_id, job.sluid, job.node, job.path, job.populated) == (job_id, sluid, node, str(path), True)
    assert job.inode == path.stat().st_ino


@pytest.mark.parametrize(
    "name", ["job_", "job_0", "job_7x", "job_99999999999", "system", SLUID.lower(), "sEKNKTV3WPV50U"]
)
def test_what_is_no_job(tree: TreeV2, name: str) -> None:
    (tree.scope / name).mkdir(exist_ok=True)
    write(tree.scope / "job_8", "a file")
    (tree.scope / "job_9").symlink_to(tree.root)
    assert hierarchy(tree).jobs() == []


def test_a_scope_that_a_user_made_is_not_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree = TreeV2(tmp_path / "cgroup", Proc(tmp_path / "proc"), "user.slice/user-1000.slice/slurmstepd.scope")
    tree.job("job_7", 7)
    real = KernelFiles.owner
    monkeypatch.setattr(KernelFiles, "owner", lambda self, path: 1000 if "user-1000" in str(path) else real(self, path))
    assert hierarchy(tree).jobs() == []


def test_usage(tree: TreeV2) -> None:
    tree.job("job_7", 7)
    cgroups = hierarchy(tree)
    (job,) = cgroups.jobs()
    assert cgroups.usage(job) == Usage(
        cpu_seconds=2.0,
        cpu_user_seconds=1.5,
        cpu_system_seconds=0.5,
        memory_bytes=400_000,
        memory_working_set_bytes=360_000,
        memory_anon_bytes=200_000,
        memory_shmem_bytes=4096,
        memory_peak_bytes=500_000,
        memory_limit_bytes=1_048_576,
        oom_kills=0,
        io_read_bytes=4097,
        io_write_bytes=8194,
        cpu_pressure_seconds=1.5,
        memory_pressure_seconds=3.0,
        io_pressure_seconds=4.5,
    )
    assert cgroups.cpus(job) == 5


def test_what_the_kernel_lacks_is_absent(tree: TreeV2) -> None:
    """No PSI, no io controller, a memory controller that is off, no limit, a kernel before 5.19."""
    path = tree.job("job_7", 7)
    for name in ("cpu", "memory", "io"):
        (path / f"{name}.pressure").unlink()
    for name in ("io.stat", "memory.peak", "memory.stat", "memory.events", "cpuset.cpus"):
        (path / name).unlink()
    write(path / "memory.max", "max\n")
    files = KernelFiles()
    cgroups = hierarchy(tree, files)
    (job,) = cgroups.jobs()
    assert cgroups.usage(job) == Usage(
        cpu_seconds=2.0, cpu_user_seconds=1.5, cpu_system_seconds=0.5, memory_bytes=400_000
    )
    assert cgroups.cpus(job) is None
    assert not files.unreadable


def test_what_cannot_be_read_is_absent_and_counted(tree: TreeV2) -> None:
    path = tree.job("job_7", 7)
    write(path / "memory.current", "many\n")
    write(path / "cpu.pressure", "some avg10=0.00 total=\xff\n")
    write(path / "io.pressure", "full total=3\n")
    write(path / "cpu.stat", b"usage_usec\nuser_usec -5\nsystem_usec 99999999999999999999999\n\xff\0 7\n")
    write(path / "io.stat", "8:0 rbytes=x wbytes=\n")
    files = KernelFiles()
    cgroups = hierarchy(tree, files)
    (job,) = cgroups.jobs()
    usage = cgroups.usage(job)
    assert (usage.memory_bytes, usage.memory_working_set_bytes, usage.cpu_seconds) == (None, None, None)
    assert (usage.cpu_pressure_seconds, usage.io_pressure_seconds) == (None, None)
    assert (usage.io_read_bytes, usage.io_write_bytes) == (0, 0)
    assert files.unreadable == {"memory.current": 1, "cpu.pressure": 1}


def test_a_job_that_vanishes_while_it_is_read(tree: TreeV2) -> None:
    path = tree.job("job_7", 7)
    files = KernelFiles()
    cgroups = hierarchy(tree, files)
    (job,) = cgroups.jobs()
    remove(path)
    assert cgroups.usage(job) == Usage()
    assert cgroups.steps(job) == []
    assert not cgroups.processes(StepGroup("batch", f"{path}/step_batch")).tasks
    assert cgroups.jobs() == []
    assert not files.unreadable


def test_an_empty_group_is_not_populated(tree: TreeV2) -> None:
    tree.used(tree.job("job_7", 7), populated=False)
    assert [job.populated for job in hierarchy(tree).jobs()] == [False]


def test_processes_of_steps_and_tasks(tree: TreeV2) -> None:
    path = tree.job("job_7", 7, steps=("batch", "extern", "0"), pids=(1, 2))
    write(path / "step_0/user/task_1/deeper/cgroup.procs", "5\n\nx\n-6\n")
    cgroups = hierarchy(tree)
    (job,) = cgroups.jobs()
    processes = {step.name: cgroups.processes(step) for step in cgroups.steps(job)}
    assert {name: list(each.slurmstepd) for name, each in processes.items()} == {
        "batch": [700],
        "extern": [701],
        "0": [702],
    }
    assert {name: list(each.tasks) for name, each in processes.items()} == {"batch": [1, 2], "extern": [], "0": [5]}
    assert cgroups.usage(StepGroup("0", str(path / "step_0"))).cpu_seconds == 2.0


def test_scopes_are_looked_for_now_and_then(tree: TreeV2) -> None:
    now = [0.0]
    cgroups = CgroupV2(tree.root, KernelFiles(), lambda: now[0])
    tree.job("job_7", 7)
    assert len(cgroups.jobs()) == 1
    other = tree.root / "other.slice/slurmstepd.scope"
    other.mkdir(parents=True)
    tree.used(other / "job_8")
    assert len(cgroups.jobs()) == 1
    now[0] += SCOPE_SECONDS
    assert len(cgroups.jobs()) == 2


def test_a_scope_that_slurmd_makes_later_is_found_at_once(tree: TreeV2) -> None:
    remove(tree.scope)
    cgroups = hierarchy(tree)
    assert cgroups.jobs() == []
    tree.job("job_7", 7)
    assert len(cgroups.jobs()) == 1


def test_a_bottomless_tree_ends(tmp_path: Path) -> None:
    deep = "/".join(["a.slice"] * 12)
    tree = TreeV2(tmp_path / "cgroup", Proc(tmp_path / "proc"), f"{deep}/slurmstepd.scope")
    tree.job("job_7", 7)
    assert hierarchy(tree).jobs() == []


def test_groups_of_a_user_within_a_job_are_bounded(tree: TreeV2, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("slurm_observability.agent.cgroups.v2.MAX_GROUPS", 10)
    path = tree.job("job_7", 7)
    for number in range(30):
        write(path / f"step_batch/user/task_0/{number}/cgroup.procs", f"{1000 + number}\n")
    cgroups = hierarchy(tree)
    assert 0 < len(cgroups.processes(StepGroup("batch", f"{path}/step_batch")).tasks) < 10


def test_no_control_groups(tmp_path: Path) -> None:
    assert find_hierarchy(tmp_path, KernelFiles()) is None


def test_a_file_that_is_refused_is_counted(tmp_path: Path) -> None:
    files = KernelFiles()
    (tmp_path / "cpu.stat").mkdir()  # EISDIR: an error that is not an end
    assert files.numbers(tmp_path / "cpu.stat") == {}
    assert files.unreadable == {"cpu.stat": 1}


def test_a_long_file_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("slurm_observability.agent.kernel_files.MAX_BYTES", 10)
    write(tmp_path / "cgroup.procs", "1\n" * 100)
    assert KernelFiles().pids(tmp_path) == [1] * 5


def test_a_fifo_keeps_nobody_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "memory.current")
    assert KernelFiles().number(tmp_path / "memory.current") is None
