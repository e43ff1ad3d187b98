"""The numbers of real control groups: processes that use a known amount, and what is read of it.

Needs root, and control groups that this machine's controllers can be used in; skipped where there are none.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from slurm_observability.agent.cgroups.find import find_hierarchy
from slurm_observability.agent.cgroups.group import Hierarchy, JobGroup
from slurm_observability.agent.cgroups.usage import Usage
from slurm_observability.agent.kernel_files import KernelFiles

CPU_SECONDS = 1.0
MEMORY = 128 << 20
TOLERANCE = 0.02
# Burns CPU by its own clock; when told, fills memory; waits to be killed.
PROGRAM = f"""
import time
while time.process_time() < {CPU_SECONDS}:
    pass
print(time.process_time(), flush=True)
input()
filled = bytearray(b"x") * {MEMORY}
print(flush=True)
input()
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


class BusyProcess:
    """Runs the program within groups. ``cpu_seconds`` is what it used."""

    def __init__(self, *groups: Path) -> None:
        # A shell that has used next to nothing joins them, and becomes the program.
        join = "".join(f"echo $$ > {group}/cgroup.procs; " for group in groups)
        command = ["/bin/sh", "-c", f'{join}exec "$0" -c "$1"', sys.executable, PROGRAM]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.cpu_seconds = float(self._process.stdout.readline())

    def __enter__(self) -> BusyProcess:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._process.kill()
        self._process.communicate()

    def fill_memory(self) -> None:
        """Fill memory, and return when it is filled."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        self._process.stdout.readline()


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


def grown(before: Usage, after: Usage) -> int:
    assert before.memory_anon_bytes is not None and after.memory_anon_bytes is not None
    return after.memory_anon_bytes - before.memory_anon_bytes


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
    with groups(*(path for level in levels for path in level), *steps), BusyProcess(*steps) as process:
        files = KernelFiles()
        cgroups = find_hierarchy(root, files)
        assert cgroups is not None
        job = the_job(cgroups)
        before = cgroups.usage(job)
        assert job.populated and job.uid == 0
        assert len(cgroups.processes(cgroups.steps(job)[0]).tasks) == 1
        assert before.cpu_seconds == pytest.approx(process.cpu_seconds, rel=TOLERANCE)
        process.fill_memory()
        after = cgroups.usage(job)
        assert grown(before, after) == pytest.approx(MEMORY, rel=TOLERANCE)
        assert after.memory_peak_bytes is not None and after.memory_peak_bytes >= MEMORY
        assert (after.memory_limit_bytes, after.oom_kills) == (None, 0)
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
        with BusyProcess(task) as process:
            files = KernelFiles()
            cgroups = find_hierarchy(root, files)
            assert cgroups is not None and cgroups.version == 2
            group = the_job(cgroups)
            before = cgroups.usage(group)
            assert group.populated
            assert len(cgroups.processes(cgroups.steps(group)[0]).tasks) == 1
            assert before.cpu_seconds == pytest.approx(process.cpu_seconds, rel=TOLERANCE)
            process.fill_memory()
            after = cgroups.usage(group)
            if "memory" in wanted:
                assert grown(before, after) == pytest.approx(MEMORY, rel=TOLERANCE)
                assert after.memory_peak_bytes is not None and after.memory_peak_bytes >= MEMORY
            assert not files.unreadable
        ended = cgroups.usage(group).cpu_seconds  # what is over is not forgotten
        assert ended is not None and after.cpu_seconds is not None and ended >= after.cpu_seconds
        assert [each.populated for each in cgroups.jobs() if each.job_id == JOB_ID] == [False]
