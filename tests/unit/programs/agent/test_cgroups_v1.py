"""Jobs and what they used, out of control groups of version 1."""

from __future__ import annotations

from pathlib import Path

import pytest
from slurm_observability.agent.cgroups.find import find_hierarchy
from slurm_observability.agent.cgroups.group import Hierarchy, StepGroup
from slurm_observability.agent.cgroups.usage import Usage
from slurm_observability.agent.kernel_files import KernelFiles

from tests.unit.programs.agent.node_tree import TreeV1, remove, write


@pytest.fixture
def tree(tmp_path: Path) -> TreeV1:
    return TreeV1(tmp_path / "cgroup")


def hierarchy(tree: TreeV1, files: KernelFiles | None = None) -> Hierarchy:
    found = find_hierarchy(tree.root, files or KernelFiles())
    assert found is not None and found.version == 1
    return found


@pytest.mark.parametrize(("top", "node"), [("slurm", ""), ("slurm_node1", "node1")])
def test_every_place(tmp_path: Path, top: str, node: str) -> None:
    tree = TreeV1(tmp_path / "cgroup", top)
    path = tree.job(7, uid=1000)
    tree.job(8, uid=0)
    jobs = {job.job_id: job for job in hierarchy(tree).jobs()}
    assert sorted(jobs) == [7, 8]
    assert (jobs[7].uid, jobs[7].node, jobs[7].path, jobs[7].populated) == (1000, node, path, True)
    assert jobs[8].uid == 0


def test_what_is_no_job(tree: TreeV1) -> None:
    for path in ("slurmx/uid_1/job_1", "slurm/uid_x/job_1", "slurm/uid_1/job_x", "slurm/uid_1/step_1"):
        (tree.root / "freezer" / path).mkdir(parents=True)
    assert hierarchy(tree).jobs() == []


def test_usage(tree: TreeV1) -> None:
    tree.job(7)
    cgroups = hierarchy(tree)
    (job,) = cgroups.jobs()
    assert cgroups.usage(job) == Usage(
        cpu_seconds=2.5,
        cpu_user_seconds=2.0,
        cpu_system_seconds=0.5,
        memory_bytes=400_000,
        memory_working_set_bytes=360_000,
        memory_anon_bytes=200_000,
        memory_shmem_bytes=4096,
        memory_peak_bytes=500_000,
        memory_limit_bytes=1_048_576,
        oom_kills=2,
    )
    assert cgroups.cpus(job) == 4


def test_controllers_that_slurm_does_not_use(tree: TreeV1) -> None:
    """proctrack/cgroup alone: the processes are known, and nothing of what they use."""
    path = tree.job(7)
    for controller in ("cpuset", "memory", "cpuacct", "devices"):
        remove(tree.root / controller / path)
    files = KernelFiles()
    cgroups = hierarchy(tree, files)
    (job,) = cgroups.jobs()
    assert cgroups.usage(job) == Usage()
    assert cgroups.cpus(job) is None
    assert list(cgroups.processes(cgroups.steps(job)[0]).tasks) == [71, 72]
    assert not files.unreadable


def test_no_limit(tree: TreeV1) -> None:
    path = tree.job(7)
    write(tree.root / "memory" / path / "memory.limit_in_bytes", "9223372036854771712\n")
    cgroups = hierarchy(tree)
    assert cgroups.usage(cgroups.jobs()[0]).memory_limit_bytes is None


@pytest.mark.parametrize("freezer", [True, False])
def test_processes(tree: TreeV1, freezer: bool) -> None:
    path = tree.job(7)
    if not freezer:
        remove(tree.root / "freezer")
    cgroups = hierarchy(tree)
    (job,) = cgroups.jobs()
    (step,) = cgroups.steps(job)
    assert step == StepGroup("batch", f"{path}/step_batch")
    processes = cgroups.processes(step)
    assert list(processes.tasks) == [71, 72]
    assert list(processes.slurmstepd) == ([] if freezer else [70])  # in the tree of the freezer it is in the job's
    assert cgroups.usage(step).cpu_seconds == 2.5


def test_an_empty_group_is_not_populated(tree: TreeV1) -> None:
    path = tree.job(7)
    for file in tree.root.glob(f"*/{path}/**/cgroup.procs"):
        file.write_text("")
    cgroups = hierarchy(tree)
    (job,) = cgroups.jobs()
    assert not job.populated
    assert not cgroups.processes(cgroups.steps(job)[0]).tasks
