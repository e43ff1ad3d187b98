"""The numbers of real control groups: processes that use a known amount, and what is read of it.

Needs root, and control groups that this machine's controllers can be used in; skipped where there are none.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from slurm_observability.agent.cgroups.find import find_hierarchy
from slurm_observability.agent.cgroups.group import Hierarchy, JobGroup
from slurm_observability.agent.kernel_files import KernelFiles

CPU_SECONDS = 1.0
MEMORY = 128 << 20
TOLERANCE = 0.02
# Burns CPU by its own clock, fills memory, says so, and waits to be killed.
PROGRAM = f"""
import sys, time
filled = bytearray(b"x") * {MEMORY}
while time.process_time() < {CPU_SECONDS}:
    pass
print("ready", time.process_time(), flush=True)
time.sleep(600)
"""
JOB_ID = 4_000_000_000 + os.getpid()


@contextlib.contextmanager
def groups(*paths: Path) -> Iterator[None]:
    """Make groups, and remove them."""
    made = []
    try:
        for path in paths:
            path.mkdir()
            made.append(path)
        yield
    finally:
        for path in reversed(made):
            path.rmdir()


@contextlib.contextmanager
def busy_process(*groups: Path) -> Iterator[float]:
    """Run the program within groups. Yield the CPU seconds that it used, when it has done its work."""

    def join() -> None:
        for group in groups:
            (group / "cgroup.procs").write_text(str(os.getpid()))

    process = subprocess.Popen([sys.executable, "-c", PROGRAM], preexec_fn=join, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield float(process.stdout.readline().split()[1])
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()  # type: ignore[union-attr]


def mounted(kind: str, controller: str = "") -> Path:
    """Return where control groups are mounted, or skip the test."""
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _what, where, of, options, *_rest = line.split()
        if of == kind and (not controller or controller in options.split(",")):
            if not os.access(Path(where) / "cgroup.procs", os.W_OK):
                break
            return Path(where)
    pytest.skip(f"no {kind} {controller} that can be written to")


def the_job(cgroups: Hierarchy) -> JobGroup:
    return next(job for job in cgroups.jobs() if job.job_id == JOB_ID)


def test_version_1() -> None:
    controllers = {name: mounted("cgroup", name) for name in ("memory", "cpuacct", "freezer")}
    root = controllers["memory"].parent
    assert all(path == root / name for name, path in controllers.items())
    if any((path / "slurm").exists() for path in controllers.values()):
        pytest.skip("Slurm runs here")
    levels = [
        [path / "slurm", path / "slurm/uid_0", path / f"slurm/uid_0/job_{JOB_ID}"] for path in controllers.values()
    ]
    steps = [level[-1] / "step_0" for level in levels]
    with groups(*(path for level in levels for path in level), *steps), busy_process(*steps) as used:
        files = KernelFiles()
        cgroups = find_hierarchy(root, files)
        assert cgroups is not None
        job = the_job(cgroups)
        usage = cgroups.usage(job)
        assert job.populated and job.uid == 0
        assert len(cgroups.processes(cgroups.steps(job)[0]).tasks) == 1
        assert usage.cpu_seconds == pytest.approx(used, rel=TOLERANCE)
        assert usage.memory_anon_bytes == pytest.approx(MEMORY, rel=0.1)  # and the interpreter's own
        assert usage.memory_bytes is not None and usage.memory_bytes >= MEMORY
        assert usage.memory_peak_bytes is not None and usage.memory_peak_bytes >= usage.memory_bytes
        assert (usage.memory_limit_bytes, usage.oom_kills) == (None, 0)
        assert not files.unreadable


def test_version_2() -> None:
    root = mounted("cgroup2")
    top = root / f"observability-{os.getpid()}.slice"
    job = top / f"slurmstepd.scope/job_{JOB_ID}"
    task = job / "step_0/user/task_0"
    wanted = {"cpu", "memory"}.intersection((root / "cgroup.subtree_control").read_text().split())
    with groups(top, top / "slurmstepd.scope", job, job / "step_0", job / "step_0/user", task):
        for level in (top, top / "slurmstepd.scope", job, job / "step_0", job / "step_0/user"):
            (level / "cgroup.subtree_control").write_text(" ".join(f"+{name}" for name in wanted))
        with busy_process(task) as used:
            files = KernelFiles()
            cgroups = find_hierarchy(root, files)
            assert cgroups is not None and cgroups.version == 2
            group = the_job(cgroups)
            usage = cgroups.usage(group)
            assert group.populated
            assert len(cgroups.processes(cgroups.steps(group)[0]).tasks) == 1
            assert usage.cpu_seconds == pytest.approx(used, rel=TOLERANCE)
            if "memory" in wanted:
                assert usage.memory_anon_bytes == pytest.approx(MEMORY, rel=0.1)  # and the interpreter's own
                assert usage.memory_peak_bytes is not None and usage.memory_peak_bytes >= MEMORY
            assert not files.unreadable
        assert cgroups.usage(group).cpu_seconds == pytest.approx(used, rel=TOLERANCE)
        assert [each.populated for each in cgroups.jobs() if each.job_id == JOB_ID] == [False]
