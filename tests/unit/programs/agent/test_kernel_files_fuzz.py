"""Whatever the kernel's files, or those of a user in its place, say: a look goes on, and makes nothing up."""

from __future__ import annotations

import tempfile
from dataclasses import astuple
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st
from slurm_observability.agent.cgroups.find import find_hierarchy
from slurm_observability.agent.kernel_files import KernelFiles

from tests.unit.programs.agent.node_tree import TreeV1, write
from tests.unit.programs.agent.observed_node import ObservedNode

WORDS = st.sampled_from(
    [
        *("usage_usec", "anon", "oom_kill", "populated", "some", "total=", "rbytes=", "wbytes=", "max", "btime", "cpu"),
        *("SLURM_JOB_ID=", "SLURM_JOB_GPUS=", "slurmstepd: [", ".batch]", "0", "7", "-1", "18446744073709551616", ","),
        *("\n", " ", "\0", "=", "S", ")", "\t", "1e309", "nan", "٣"),
    ]
)
CONTENTS = st.binary(max_size=64) | st.lists(WORDS, max_size=20).map(lambda words: "".join(words).encode())
FILES = (
    *("cpu.stat", "memory.current", "memory.peak", "memory.max", "memory.stat", "memory.events", "io.stat"),
    *("cpu.pressure", "memory.pressure", "io.pressure", "cgroup.events", "cpuset.cpus"),
    *("step_batch/slurm/cgroup.procs", "step_batch/user/task_0/cgroup.procs"),
)
PROC_FILES = ("stat", "meminfo", "700/cmdline", "700/stat", "501/environ", "501/stat")
FILES_V1 = (
    *("cpuacct/cpuacct.usage", "cpuacct/cpuacct.stat", "memory/memory.usage_in_bytes", "memory/memory.stat"),
    *("memory/memory.max_usage_in_bytes", "memory/memory.limit_in_bytes", "memory/memory.oom_control"),
    *("cpuset/cpuset.cpus", "freezer/cgroup.procs", "freezer/step_batch/cgroup.procs"),
)


@settings(max_examples=40)  # each is a node
@given(
    in_group=st.dictionaries(st.sampled_from(FILES), CONTENTS),
    in_proc=st.dictionaries(st.sampled_from(PROC_FILES), CONTENTS),
    name=st.sampled_from(["job_7", "sEKNKTV3WPV500"]),
)
@example(in_group={"cgroup.events": b"populated 2"}, in_proc={}, name="job_7")
@example(in_group={}, in_proc={"501/environ": b"SLURM_JOB_ID=7\0SLURM_JOB_GPUS=\xff,|\n\0"}, name="sEKNKTV3WPV500")
def test_version_2(in_group: dict[str, bytes], in_proc: dict[str, bytes], name: str) -> None:
    with tempfile.TemporaryDirectory() as directory:
        node = ObservedNode(Path(directory), step_metrics=True)
        path = node.tree.job(name, 7, pids=(501,))
        node.look()
        for file, content in in_group.items():
            write(path / file, content)
        for file, content in in_proc.items():
            write(node.proc.root / file, content)
        node.look(times=5)
        assert all(value >= 0 for value in node.shown().values())
        node.restart()
        node.look(times=5)
        assert node.shown()["job_agent_look_errors_total"] == 0


@given(contents=st.dictionaries(st.sampled_from(FILES_V1), CONTENTS))
def test_version_1(contents: dict[str, bytes]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        tree = TreeV1(Path(directory))
        group = tree.job(7)
        for file, content in contents.items():
            controller, _, name = file.partition("/")
            write(tree.root / controller / group / name, content)
        cgroups = find_hierarchy(tree.root, KernelFiles())
        assert cgroups is not None
        (job,) = cgroups.jobs()
        assert all(value is None or value >= 0 for value in astuple(cgroups.usage(job)))
        assert (cgroups.cpus(job) or 1) > 0
        for step in cgroups.steps(job):
            cgroups.processes(step)
